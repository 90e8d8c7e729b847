/** The server that these tests are for, started once a file, and what they all need. */

import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, test } from "vitest";
import { Client } from "./client.js";
import { type EmbeddedServer, startServer } from "./server.js";

// With COUCHDB_URL, that server has to pass the tests: it is the judge of what they claim.
export const foreign = process.env.COUCHDB_URL;
export const hooks = test.skipIf(foreign !== undefined);
if (foreign !== undefined) {
  console.log("server: tests of the embedded server's own hooks are skipped: another was named");
}

export let server: EmbeddedServer;
export let client: Client;

beforeAll(async () => {
  if (foreign === undefined) server = await startServer();
  client = new Client(foreign ?? server.url.replace("//", "//admin:secret@"));
});

afterAll(async () => {
  await server?.close();
});

/** Runs a test in a database of its own; one shard makes the order of changes that of the writes. */
export async function withDatabase(run: (path: string) => Promise<void>): Promise<void> {
  const path = `/embedded-${randomUUID()}`;
  await client.json("PUT", `${path}?q=1`);
  try {
    await run(path);
  } finally {
    await client.send("DELETE", path);
  }
}

export const inDatabase = (run: (path: string) => Promise<void>) => () => withDatabase(run);

export async function fill(
  path: string,
  count: number,
  member: (i: number) => object = () => ({}),
) {
  const docs = Array.from({ length: count }, (_, i) => ({
    _id: `doc-${String(i).padStart(5, "0")}`,
    ...member(i),
  }));
  await client.json("POST", `${path}/_bulk_docs`, { docs });
  return docs.map((doc) => doc._id);
}

// biome-ignore lint/suspicious/noExplicitAny: rows of the wire
export const idsOf = (rows: any[]) => rows.map((row) => row.id ?? row._id);

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
