import type { Need } from "./conformance/case.js";
import { startServer } from "./server/server.js";

/** A server, the account of its administrator, and how to leave it. */
export interface ServerUnderTest {
  /** Without credentials. */
  url: string;
  user: string;
  password: string;
  /** What it cannot do, and why. */
  lacks: { [need in Need]?: string };
  close(): Promise<void>;
}

/** The server that `COUCHDB_URL` names, or else an embedded one, started for this. */
export async function serverUnderTest(): Promise<ServerUnderTest> {
  const given = process.env.COUCHDB_URL;
  if (!given) {
    const { url, close } = await startServer();
    const lacks = { "exact numbers": "the embedded server keeps numbers as doubles" };
    return { url, user: "admin", password: "secret", lacks, close };
  }
  const { origin, pathname, username, password } = new URL(given);
  return {
    url: origin + pathname,
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    lacks: {},
    close: async () => {},
  };
}
