import { hex, utf8 } from "../shared/bytes.js";
import { encodesHeaders } from "../shared/runtime.js";
import type { Auth } from "./auth.js";
import { credentialCache } from "./credential-cache.js";

/**
 * Options of proxy authentication.
 *
 * @see https://docs.couchdb.org/en/stable/api/server/authn.html#proxy-authentication
 */
export interface ProxyOptions {
  /** The user's roles. Default: none. */
  roles?: readonly string[] | undefined;
  /** CouchDB's `[chttpd_auth] secret`, if it requires a token (`proxy_use_secret`). */
  secret?: string | undefined;
}

/**
 * Name the user of each request, as an authenticating proxy in front of CouchDB does. For services in that
 * place: anyone with the secret can act as any user.
 *
 * ```ts
 * const couch = new CouchDB(url, { auth: proxy("jan", { roles: ["keeper"], secret }) });
 * ```
 *
 * The token is an HMAC with SHA-256, which CouchDB 3.4 and newer accept. Browsers create it in secure
 * contexts only.
 *
 * @throws TypeError if an argument is not a string, or a role has a comma, which CouchDB would read as
 * several roles
 * @see https://docs.couchdb.org/en/stable/api/server/authn.html#proxy-authentication
 */
export function proxy(user: string, { roles = [], secret }: ProxyOptions = {}): Auth {
  // CouchDB trims names, which would change them.
  const isName = (name: unknown) => typeof name === "string" && name !== "" && name === name.trim();
  if (!isName(user)) throw new TypeError("`user` must be a string without surrounding white space");
  if (!Array.isArray(roles) || !roles.every((role) => isName(role) && !role.includes(","))) {
    throw new TypeError(
      "`roles` must be an array of strings without commas or surrounding white space",
    );
  }
  if (secret !== undefined && (typeof secret !== "string" || secret === ""))
    throw new TypeError("`secret` must be a non-empty string");
  const get = async () => {
    const headers: Record<string, string> = {
      "x-auth-couchdb-username": inHeader(user),
      "x-auth-couchdb-roles": inHeader(roles.join(",")),
    };
    if (secret !== undefined) headers["x-auth-couchdb-token"] = await proof(user, secret);
    return { headers, until: Infinity };
  };
  return { headers: credentialCache(get).headers };
}

const inHeader = (text: string) => (encodesHeaders ? text : utf8(text));

const encode = (text: string) => new TextEncoder().encode(text);

async function proof(user: string, secret: string): Promise<string> {
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encode(secret), hmac, false, ["sign"]);
  return hex(new Uint8Array(await crypto.subtle.sign(hmac, key, encode(user))));
}
