import { spawn } from "node:child_process";
import { once } from "node:events";
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
  /** Kills it and starts it again; undefined where that is not known. */
  restart: (() => Promise<void>) | undefined;
  close(): Promise<void>;
}

/**
 * The server that `COUCHDB_URL` names, or else an embedded one, started for this. A command in
 * `COUCHDB_RESTART` kills that server and starts it again: nobody else can use it meanwhile.
 */
export async function serverUnderTest(): Promise<ServerUnderTest> {
  const given = process.env.COUCHDB_URL;
  if (!given) {
    const { url, stop, start, close } = await startServer();
    const lacks = { "exact numbers": "the embedded server keeps numbers as doubles" };
    const restart = async () => {
      await stop();
      await start();
    };
    return { url, user: "admin", password: "secret", lacks, restart, close };
  }
  const command = process.env.COUCHDB_RESTART;
  const { origin, pathname, username, password } = new URL(given);
  return {
    url: origin + pathname,
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    lacks: {},
    restart: command === undefined ? undefined : () => run(command),
    close: async () => {},
  };
}

async function run(command: string): Promise<void> {
  const [code] = await once(spawn(command, { shell: true, stdio: "ignore" }), "exit");
  if (code !== 0) throw new Error(`${command}: exit ${code}`);
}
