import { checkType } from "../shared/arguments.js";

/** Paths of databases, documents and attachments: the only place that checks and encodes names. */

const notADatabase = /^(?!(_users|_replicator|_global_changes|[a-z][a-z0-9_$()+/-]*)$)|.{239}/;

/**
 * The path of a database.
 *
 * @throws TypeError for a name that CouchDB refuses, or that is an endpoint's
 */
export function databasePath(name: string): string {
  refuse(name, notADatabase, "database name: a-z, 0-9, _$()+/-, a letter first");
  return encodeURIComponent(name);
}

/**
 * The path of a document within its database. A `/` is escaped, except the one after `_design` and `_local`.
 *
 * @throws TypeError for an id that would address something else: the database itself (`""`, and `.` and `..`,
 * which URL parsers remove) or one of its endpoints
 */
export function documentPath(id: string): string {
  checkType("id", "string", id);
  refuse(id, /^(_(design|local)\/)?\.{0,2}$|^_(?!(design|local)\/)/, "document id");
  return encodeSegment(id).replace(/^(_design|_local)%2F/, "$1/");
}

/** The path of a document, including its database. */
export function pathIn({ path }: { path: string }, id: string): string {
  return `${path}/${documentPath(id)}`;
}

/**
 * The path of an attachment within its document. A `/` is kept, unless URL parsers would then remove a
 * segment.
 *
 * @throws TypeError for a name that would address the document itself or one of its endpoints: CouchDB has no
 * names that begin with an underscore
 */
export function attachmentPath(name: string): string {
  refuse(name, /^_/, "attachment name");
  const path = encodeSegment(name);
  return /(^|%2F)\.{0,2}(%2F|$)/.test(path) ? path : path.replaceAll("%2F", "/");
}

/** Encode one segment of a path, such as the name of a design document or view. */
export function encodeSegment(name: string): string {
  // A lone surrogate cannot be encoded.
  refuse(name, /^\.{0,2}$|\p{Cs}/u, "name");
  return encodeURIComponent(name);
}

/**
 * The encoded path below the server's URL.
 *
 * @throws TypeError for a path that leaves it, or that is not valid in a URL
 */
export function serverPath(path: string): string {
  // URL parsers read some characters as a slash, and remove others: spaces only at the end.
  const strange = /[#\\]|\p{Cc}| $|^[^?]*(?<=^|\/)(\.|%2e){1,2}(\/|\?|$)/iu;
  refuse(path, strange, "path");
  return path.replace(/^\//, "");
}

/** @throws TypeError unless a value is a string that the pattern does not match */
function refuse(value: unknown, invalid: RegExp, kind: string): void {
  if (typeof value !== "string" || invalid.test(value))
    throw new TypeError(`${JSON.stringify(value)} is not a valid ${kind}`);
}

/**
 * Split a URL into the session's base URL, without a trailing slash, and its credentials. fetch refuses
 * credentials in a URL, and errors must not show them. Therefore a TypeError does not quote the URL.
 */
export function parseBaseUrl(input: string | URL): {
  base: string;
  user: string;
  password: string;
} {
  try {
    const url = new URL(input);
    const user = decodeURIComponent(url.username);
    const password = decodeURIComponent(url.password);
    url.username = url.password = "";
    const base = url.href.replace(/\/+$/, "");
    // URL parsers end the host at a `/`, `\`, `?` or `#` in a password, and remove line breaks from it.
    const isCut = /[\t\r\n].*@/s.test(String(input));
    if (/^https?:[^@?#]+$/.test(base) && !isCut) return { base, user, password };
  } catch {}
  throw new TypeError("`url` must be an http(s) URL, percent-encoded, without query or hash");
}
