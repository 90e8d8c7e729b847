import { hex, utf8 } from "../shared/bytes.js";
import { encodesHeaders } from "../shared/runtime.js";
import type { Auth } from "./auth.js";
import { credentialCache } from "./credential-cache.js";

/**
 * What a proxy says of a user.
 *
 * @see https://docs.couchdb.org/en/stable/api/server/authn.html#proxy-authentication
 */
export interface ProxyOptions {
  /** Default: none. */
  roles?: readonly string[] | undefined;
  /** CouchDB's `[chttpd_auth] secret`, where it wants proof (`proxy_use_secret`). */
  secret?: string | undefined;
}

/**
 * Says who the user is, as a proxy before CouchDB does that has made sure of it. For services that stand
 * where such a proxy would: who knows the secret can be anybody.
 *
 * The proof is made with SHA-256, which CouchDB 3.4 and newer take; in browsers it needs a secure page.
 *
 * @throws TypeError for what are no strings, and for a role that CouchDB would take for several
 * @see https://docs.couchdb.org/en/stable/api/server/authn.html#proxy-authentication
 */
export function proxy(user: string, { roles = [], secret }: ProxyOptions = {}): Auth {
  // CouchDB would read them without blanks around: as somebody else's.
  const isName = (name: unknown) => typeof name === "string" && name !== "" && name === name.trim();
  if (!isName(user)) throw new TypeError("`user` must be a string without surrounding white space");
  if (!Array.isArray(roles) || !roles.every((role) => isName(role) && !role.includes(","))) {
    throw new TypeError(
      "`roles` must be an array of strings without commas or surrounding white space",
    );
  }
  if (secret !== undefined && (typeof secret !== "string" || secret === ""))
    throw new TypeError("`secret` must be a string that is not empty");
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
