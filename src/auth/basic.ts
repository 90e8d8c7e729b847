import { checkType } from "../shared/arguments.js";
import { utf8 } from "../shared/bytes.js";
import type { Auth } from "./auth.js";

/**
 * Name and password with each request, in UTF-8.
 *
 * @see https://docs.couchdb.org/en/stable/api/server/authn.html#basic-authentication
 * @throws TypeError for a name with a colon, which the scheme cannot carry, and for what is no string
 */
export function basic(user: string, password: string): Auth {
  checkType("user", "string", user);
  checkType("password", "string", password);
  if (user.includes(":")) throw new TypeError("`user` must not contain a colon");
  const authorization = `Basic ${btoa(utf8(`${user}:${password}`))}`;
  // In a closure, so that no inspection of a session shows it.
  return { headers: () => ({ authorization }) };
}
