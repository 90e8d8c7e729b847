import { argumentError } from "../shared/arguments.js";
import type { Auth } from "./auth.js";
import { credentialCache } from "./credential-cache.js";

/**
 * Send a token, such as a JSON Web Token, with each request.
 *
 * ```ts
 * const couch = new CouchDB(url, { auth: bearer(async () => (await fetch("/token")).text()) });
 * ```
 *
 * @param token - the token, or a function that returns or resolves with one: it is called for the first
 * request, and again if the server rejects the last token
 * @throws TypeError if `token` is neither; a request throws it if the token cannot be sent
 * @see https://docs.couchdb.org/en/stable/api/server/authn.html#jwt-authentication
 */
export function bearer(token: string | (() => string | Promise<string>)): Auth {
  if (typeof token !== "string" && typeof token !== "function") {
    throw argumentError("token", "a string or a function", token);
  }
  const get = async () => {
    const given = typeof token === "function" ? await token() : token;
    // Some runtimes' Headers accept more characters.
    if (typeof given !== "string" || !/^[!-~]+$/.test(given))
      throw new TypeError("`token` must be a string of visible ASCII characters");
    return { headers: { authorization: `Bearer ${given}` }, until: Infinity };
  };
  const { headers, onResponse } = credentialCache(get);
  // A constant token cannot be renewed.
  return typeof token === "string" ? { headers } : { headers, onResponse };
}
