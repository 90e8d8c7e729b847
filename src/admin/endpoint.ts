import type { Auth } from "../auth/auth.js";
import type { HttpClient } from "../http/client.js";
import { databasePath, parseBaseUrl } from "../http/paths.js";
import { credentialsFor } from "../http/send.js";

/**
 * A database to replicate: the name of one on this server, or the URL of any, with its authentication. The
 * replicating server uses this URL, which may differ from yours.
 */
export type Endpoint = string | URL | { url: string | URL; auth?: Auth | undefined };

/** An endpoint, as CouchDB accepts it. */
export interface EndpointData {
  url: string;
  headers: Record<string, string>;
}

/** Create a session with another server, which sends no request itself. */
export type Connect = (url: string, auth: Auth | undefined) => HttpClient;

/**
 * Convert an endpoint to CouchDB's format. Credentials are sent as headers, which CouchDB shows to
 * administrators only, and not in the URL, which it logs.
 */
export async function endpointData(
  here: HttpClient,
  connect: Connect,
  given: Endpoint,
): Promise<EndpointData> {
  if (typeof given === "string" && !given.includes("://")) {
    // Not quoted, as it may be a URL with a password.
    if (/[@:]/.test(given)) {
      throw new TypeError("an endpoint must be a database's name or an http(s) URL");
    }
    return { url: `${here.base}/${databasePath(given)}`, headers: await credentialsOf(here) };
  }
  const isPlain = typeof given === "string" || given instanceof URL;
  const { url, auth } = isPlain ? { url: given, auth: undefined } : given;
  const { base } = parseBaseUrl(url);
  // A login needs the server's URL, not the database's.
  const server = new URL(url);
  server.pathname = server.pathname.replace(/\/*[^/]*\/*$/, "");
  return { url: base, headers: await credentialsOf(connect(server.href, auth)) };
}

async function credentialsOf(client: HttpClient): Promise<Record<string, string>> {
  const headers = await client.during(undefined, (operation) =>
    credentialsFor(client.session, { method: "GET", url: client.base }, operation),
  );
  if (headers?.cookie === "")
    throw new TypeError(
      "an endpoint cannot use a browser's cookie: pass `{ url, auth }` with another `auth`",
    );
  return headers ?? {};
}
