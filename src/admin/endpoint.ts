import type { Auth } from "../auth/auth.js";
import type { HttpClient } from "../http/client.js";
import { databasePath, parseBaseUrl } from "../http/paths.js";

/**
 * A database that is replicated: by name, one of this server; by URL, any, with the Auth that its server knows
 * this one by. The URL is as the replicating server sees it, which need not be as you do.
 */
export type Endpoint = string | URL | { url: string | URL; auth?: Auth | undefined };

/** The same as CouchDB takes it. */
export interface EndpointData {
  url: string;
  headers: Record<string, string>;
}

/** A session with another server, which sends nothing by itself. */
export type Connect = (url: string, auth: Auth | undefined) => HttpClient;

/**
 * What CouchDB is told of an endpoint: credentials go into headers, which it shows to administrators only, and
 * never into the URL, which stands in its log.
 */
export async function endpointData(
  here: HttpClient,
  connect: Connect,
  given: Endpoint,
): Promise<EndpointData> {
  if (typeof given === "string" && !given.includes("://")) {
    // Not quoted: it may be a URL with a password in it.
    if (/[@:]/.test(given)) {
      throw new TypeError(
        "An endpoint is a database's name, or a URL that begins with http:// or https://",
      );
    }
    return { url: `${here.base}/${databasePath(given)}`, headers: await credentialsOf(here) };
  }
  const isPlain = typeof given === "string" || given instanceof URL;
  const { url, auth } = isPlain ? { url: given, auth: undefined } : given;
  const { base } = parseBaseUrl(url);
  // Whoever logs in does so at the server, and not at the database.
  const server = new URL(url);
  server.pathname = server.pathname.replace(/\/*[^/]*\/*$/, "");
  return { url: base, headers: await credentialsOf(connect(server.href, auth)) };
}

async function credentialsOf(client: HttpClient): Promise<Record<string, string>> {
  const { auth, server } = client.session;
  const headers = await client.during(undefined, () => auth?.headers(server) ?? {});
  if (headers.cookie === "")
    throw new TypeError("A browser does not pass its cookie on: give the endpoint another Auth");
  return headers;
}
