import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Lacks } from "./conformance/case.js";
import { startServer } from "./server/server.js";

/** A server, the account of its administrator, and how to leave it. */
export interface ServerUnderTest {
  /** Without credentials. */
  url: string;
  user: string;
  password: string;
  /** What it signs with, where that is known. */
  secret?: string | undefined;
  /** What it cannot do, and why. */
  lacks: Lacks;
  /** Kills it and starts it again; undefined where that is not known. */
  restart: (() => Promise<void>) | undefined;
  /** The two by themselves; the embedded one's only. */
  stop?: () => Promise<void>;
  start?: () => Promise<void>;
  close(): Promise<void>;
}

/**
 * The server that `COUCHDB_URL` names, or else an embedded one, started for this. A command in
 * `COUCHDB_RESTART` kills that server and starts it again: nobody else can use it meanwhile.
 * `COUCHDB_SECRET` tells what it signs with, for a server that takes tokens and what proxies say.
 */
export async function serverUnderTest(): Promise<ServerUnderTest> {
  const given = process.env.COUCHDB_URL;
  if (!given) {
    const secret = "the embedded server's secret";
    const cors = { origins: ["*"], credentials: true };
    const { url, stop, start, close } = await startServer({ secret, cors });
    const lacks = {
      "exact numbers": "the embedded server keeps numbers as doubles",
      partitions: "the embedded server has no partitions",
      "query plans": "the embedded server does not explain its queries",
      "update functions": "the embedded server has no update functions",
      replication: "the embedded server does not replicate",
      nodes: "of a node, the embedded server has only the configuration",
    };
    const restart = async () => {
      await stop();
      await start();
    };
    return { url, user: "admin", password: "secret", secret, lacks, restart, stop, start, close };
  }
  const command = process.env.COUCHDB_RESTART;
  const secret = process.env.COUCHDB_SECRET;
  const { origin, pathname, username, password } = new URL(given);
  return {
    url: origin + pathname,
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    secret,
    lacks: secret ? {} : { "the server's secret": "COUCHDB_SECRET does not tell it" },
    restart: command === undefined ? undefined : () => run(command),
    close: async () => {},
  };
}

async function run(command: string): Promise<void> {
  const [code] = await once(spawn(command, { shell: true, stdio: "ignore" }), "exit");
  if (code !== 0) throw new Error(`${command}: exit ${code}`);
}
