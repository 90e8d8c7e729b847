import type { PageConfig } from "./page-server.js";

/** A CouchDB to show things on. */
export interface Server {
  /** Where it is and who we are there; nothing of this is printed but `url`. */
  access: Omit<PageConfig, "database">;
  isEmbedded: boolean;
  close(): Promise<void>;
}

/** Something that the user can put right. Its message is all that there is to say. */
export class DemoError extends Error {}

/** The server of `COUCHDB_URL`, or else one of our own, in memory. */
export async function openServer(given: string | undefined): Promise<Server> {
  if (given) return { access: parse(given), isEmbedded: false, close: async () => {} };
  const { startServer } = await import("../../tests/server/server.js");
  const { url, close } = await startServer({ port: 0 });
  const access = { url: url.replace(/\/$/, ""), user: "admin", password: "secret" };
  return { access, isEmbedded: true, close };
}

function parse(given: string): Server["access"] {
  try {
    const { protocol, origin, pathname, username, password } = new URL(given);
    if (!/^https?:$/.test(protocol)) throw new TypeError();
    const url = origin + pathname.replace(/\/+$/, "");
    if (!username) return { url };
    return { url, user: decodeURIComponent(username), password: decodeURIComponent(password) };
  } catch {
    // Not quoted: it may hold a password.
    throw new DemoError(
      "COUCHDB_URL is not a server's address: it should look like http://user:password@host:5984",
    );
  }
}
