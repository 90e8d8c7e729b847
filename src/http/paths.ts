/** Ids to URLs: the one place that decides what a name may be and how it is written in a path. */

const databaseName = /^(_users|_replicator|_global_changes|[a-z][a-z0-9_$()+/-]*)$/;

/** The path of a database. Throws a TypeError for a name that CouchDB refuses, or an endpoint's. */
export function databasePath(name: string): string {
  if (typeof name !== "string" || !databaseName.test(name) || name.length > 238) {
    throw new TypeError(
      `${show(name)} cannot be a database's name: at most 238 of a-z, 0-9 and _$()+/-, beginning with a letter`,
    );
  }
  return encodeURIComponent(name);
}

/**
 * The path of a document within its database. A `/` is escaped, save the one after `_design` and
 * `_local`. Throws a TypeError for an id that would reach something other than a document: the
 * database itself (`""`, and `.` and `..`, which URL parsers fold away) or one of its endpoints.
 */
export function documentPath(id: string): string {
  if (typeof id !== "string") throw new TypeError(`A document's id is a string, not ${show(id)}`);
  const special = /^(_design|_local)\//.exec(id)?.[0] ?? "";
  const rest = id.slice(special.length);
  if (rest === "" || rest === "." || rest === "..") {
    throw new TypeError(`${show(id)} cannot be a document's id: it would reach another resource`);
  }
  if (special === "" && id.startsWith("_")) {
    throw new TypeError(
      `${show(id)} cannot be a document's id: only _design/… and _local/… begin with an underscore`,
    );
  }
  return special + encodeSegment(rest);
}

/** The path of a document within a database's. */
export function pathIn({ path }: { path: string }, id: string): string {
  return `${path}/${documentPath(id)}`;
}

/**
 * The path of an attachment within its document. A `/` stays, unless the parts between are such as
 * URL parsers fold away. Throws a TypeError for a name that would reach the document itself, or one of
 * its endpoints: CouchDB has no names that begin with an underscore.
 */
export function attachmentPath(name: string): string {
  if (typeof name !== "string" || name.startsWith("_")) {
    throw new TypeError(`${show(name)} cannot be an attachment's name`);
  }
  const path = encodeSegment(name);
  return /(^|%2F)\.{0,2}(%2F|$)/.test(path) ? path : path.replaceAll("%2F", "/");
}

/** One segment of a path: the name of a design document, of a view. */
export function encodeSegment(name: string): string {
  if (typeof name !== "string" || name === "" || name === "." || name === "..") {
    throw new TypeError(`${show(name)} cannot be a name in a path`);
  }
  try {
    return encodeURIComponent(name);
  } catch {
    throw new TypeError(`${show(name)} holds half a surrogate pair, which no URL can carry`);
  }
}

/**
 * A path below the server's URL that the user has encoded. Throws a TypeError for one that would lead out of
 * it, or that a URL cannot carry as it is.
 */
export function serverPath(path: string): string {
  // What a URL parser takes for a slash, or takes out, has no place here either.
  const strange = /[#\\\t\r\n]|^[^?]*(?<=^|\/)(\.|%2e){1,2}(\/|\?|$)/i;
  if (typeof path !== "string" || strange.test(path)) {
    throw new TypeError(`${show(path)} is no path below the server's URL`);
  }
  return path.replace(/^\//, "");
}

function show(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/**
 * The session's base URL without a trailing slash, and the credentials that it carried, taken out:
 * fetch refuses them in a URL, and no error may show them. For the same reason a TypeError does
 * not quote the URL.
 */
export function parseBaseUrl(input: string | URL): {
  base: string;
  credentials?: { user: string; password: string };
} {
  let url: URL;
  try {
    url = new URL(input);
  } catch {
    throw new TypeError("The server's URL cannot be parsed: it should look like http://host:5984");
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new TypeError(`The server's URL must be http: or https:, not ${url.protocol}`);
  }
  if (url.search || url.hash) throw new TypeError("The server's URL cannot have a query or a hash");
  const base = `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
  if (!url.username && !url.password) return { base };
  try {
    const user = decodeURIComponent(url.username);
    return { base, credentials: { user, password: decodeURIComponent(url.password) } };
  } catch {
    throw new TypeError("The credentials in the server's URL are not percent-encoded");
  }
}
