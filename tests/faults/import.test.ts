import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { basic, CouchDB, type JsonObject } from "couchfetch";
import { type ImportTotals, importDocs } from "couchfetch/transfer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ServerUnderTest, serverUnderTest } from "../server-under-test.js";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

// DOCUMENTS=200000 takes half a minute.
const documents = Number(process.env.DOCUMENTS ?? 50_000);

let server: ServerUnderTest;

beforeAll(async () => {
  server = await serverUnderTest();
});

afterAll(() => server.close());

function* numbered(): Generator<JsonObject> {
  for (let n = 0; n < documents; n += 1) yield { _id: `doc-${n}`, n, text: "x".repeat(100) };
}

test(`an import of ${documents} documents outlives a server that is restarted twice`, async ({
  skip,
}) => {
  const { url, user, password, restart } = server;
  const reason = restart ? undefined : "COUCHDB_RESTART does not tell how to restart the server";
  if (reason) console.log(`skipped: the import over restarts: ${reason}`);
  skip(reason !== undefined, reason);
  const couch = new CouchDB(url, { auth: basic(user, password) });
  const db = await couch.create(`import_${crypto.randomUUID()}`);
  const begin = performance.now();
  const restarts: Promise<void>[] = [];
  const heap: number[] = [];
  const onProgress = ({ written }: ImportTotals) => {
    const part = written / documents;
    if (part > 0.3 * (restarts.length + 1) && restarts.length < 2) {
      restarts.push((restart as () => Promise<void>)());
    }
    if (part > 0.1 * (heap.length + 1)) {
      collect();
      heap.push(Math.round(process.memoryUsage().heapUsed / 1e6));
    }
  };
  const totals = await importDocs(db, numbered(), { batchSize: 1_000, onProgress });
  await Promise.all(restarts);
  const seconds = Math.round((performance.now() - begin) / 1_000);
  // The embedded server keeps its documents in this very heap.
  console.log(`imported in ${seconds} s, MB in use from tenth to tenth: ${heap.join(" ")}`);
  expect(restarts).toHaveLength(2);
  const nothingElse = { conflicts: 0, failed: 0, failures: [] };
  expect(totals).toEqual({ read: documents, written: documents, ...nothingElse });
  let found = 0;
  for await (const rows of db.allDocs.rows().batches()) {
    for (const { value } of rows) {
      found += 1;
      if (!/^1-/.test((value as { rev: string }).rev))
        throw new Error("a document was written twice");
    }
  }
  expect(found).toBe(documents);
  await db.delete();
}, 600_000);
