import { checkType } from "../shared/arguments.js";
import { utf8 } from "../shared/bytes.js";
import type { Auth } from "./auth.js";

/**
 * Send a name and password, in UTF-8, with each request.
 *
 * ```ts
 * const couch = new CouchDB("http://localhost:5984", { auth: basic("admin", "secret") });
 * ```
 *
 * @throws TypeError if an argument is not a string, or if the name has a colon, which the scheme does not
 * allow
 * @see https://docs.couchdb.org/en/stable/api/server/authn.html#basic-authentication
 */
export function basic(user: string, password: string): Auth {
  checkType("user", "string", user);
  checkType("password", "string", password);
  if (user.includes(":")) throw new TypeError("`user` must have no colon");
  const authorization = `Basic ${btoa(utf8(`${user}:${password}`))}`;
  // In a closure, so that inspecting a session does not show it.
  return { headers: () => ({ authorization }) };
}
