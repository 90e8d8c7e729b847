import { argumentError } from "../shared/arguments.js";
import type { Auth } from "./auth.js";
import { credentialCache } from "./credential-cache.js";

/**
 * A token with each request: a JSON Web Token, for example.
 *
 * @param token - the token, or a function that gives one, now or in a while: called when the first is
 * needed, and again when the server refuses the last
 * @throws TypeError for what is neither; a request, for a token that cannot be sent
 * @see https://docs.couchdb.org/en/stable/api/server/authn.html#jwt-authentication
 */
export function bearer(token: string | (() => string | Promise<string>)): Auth {
  if (typeof token !== "string" && typeof token !== "function") {
    throw argumentError("token", "a string or a function", token);
  }
  const get = async () => {
    const given = typeof token === "function" ? await token() : token;
    // Not left to Headers, which take more in some runtimes.
    if (typeof given !== "string" || !/^[!-~]+$/.test(given))
      throw new TypeError("`token` must be a string of visible ASCII characters");
    return { headers: { authorization: `Bearer ${given}` }, until: Infinity };
  };
  const { headers, onResponse } = credentialCache(get);
  // To ask for a constant again brings nothing.
  return typeof token === "string" ? { headers } : { headers, onResponse };
}
