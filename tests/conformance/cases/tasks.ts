import { assert } from "chai";
import { CouchDB, type Database, type Fetch } from "couchfetch";
import { exportDocs, importDocs } from "couchfetch/transfer";
import type { Case } from "../case.js";

const chunkSize = 65_536;
const chunks = 250;

const encoder = new TextEncoder();

/** Rows that fill a chunk. */
function rowsOf(row: (id: string) => object, end: string): { chunk: Uint8Array; rows: number } {
  let text = "";
  let rows = 0;
  while (text.length < chunkSize) {
    text += `${JSON.stringify(row(`doc-${rows}`))}${end}`;
    rows += 1;
  }
  return { chunk: encoder.encode(text), rows };
}

const text = "the quick brown fox jumps over the lazy dog";
const documentOf = (_id: string) => ({ _id, _rev: "1-967a00dff5e02add41819138abb3284d", text });
const allDocs = rowsOf((id) => ({ id, key: id, value: {}, doc: documentOf(id) }), ",\r\n");
const change = (id: string) => ({ seq: "1-a", id, changes: [], doc: documentOf(id) });
const changes = rowsOf(change, "\n");
const oldChanges = rowsOf(change, ",\n");
const found = rowsOf(documentOf, ",\n");
const designs = rowsOf((id) => ({ id, key: id, doc: documentOf(`_design/${id}`) }), ",\r\n");

/** A body that is at hand: nothing in it has to be waited for. */
function inMemory(head: string, chunk: Uint8Array, tail: string): Response {
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 1;
      if (sent === 1) controller.enqueue(encoder.encode(head));
      else if (sent < chunks + 2) controller.enqueue(chunk.slice());
      else {
        controller.enqueue(encoder.encode(tail));
        controller.close();
      }
    },
  });
  return new Response(body, { headers: { "content-type": "application/json" } });
}

/** A server without a network. */
const fetch: Fetch = async (request) => {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname.endsWith("/_changes")) {
    const isLive = searchParams.has("feed");
    if (isLive) return inMemory("", changes.chunk, '{"last_seq":"1-a"}\n');
    const isFromNow = searchParams.get("since") === "now";
    if (isFromNow) return Response.json({ results: [], last_seq: "1-a", pending: 0 });
    return inMemory('{"results":[\n', oldChanges.chunk, '{"seq":"2-a"}],"last_seq":"2-a"}\n');
  }
  if (pathname.endsWith("/_find")) return inMemory('{"docs":[\n', found.chunk, '{"_id":"z"}]}\n');
  if (pathname.endsWith("/_bulk_docs")) {
    const { docs } = (await request.json()) as { docs: { _id: string }[] };
    return Response.json(docs.map(({ _id }) => ({ ok: true, id: _id, rev: "1-a" })));
  }
  if (!pathname.endsWith("/_all_docs")) return Response.json({ db_name: "animals" });
  const { chunk } = pathname.startsWith("/designs") ? designs : allDocs;
  return inMemory('{"total_rows":1,"offset":0,"rows":[\r\n', chunk, '{"id":"z"}\r\n]}\n');
};

const open = (name = "animals") => new CouchDB("http://localhost:1", { fetch }).database(name);

async function count(rows: AsyncIterable<unknown>): Promise<void> {
  for await (const _row of rows);
}

const documents = Array.from({ length: 100_000 }, (_, n) => ({ _id: `doc-${n}`, n }));
const lines = () =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(encoder.encode(documents.map((doc) => JSON.stringify(doc)).join("\n")));
      controller.close();
    },
  });

async function drain(stream: ReadableStream<unknown>): Promise<void> {
  const reader = stream.getReader();
  while (!(await reader.read()).done);
}

/** Work that takes some hundred milliseconds, all of it in memory. */
const works: Record<string, (db: Database) => Promise<unknown>> = {
  "a scan of documents": (db) => count(db.docs()),
  "a scan in batches": (db) => count(db.docs().batches()),
  "a scan of keys": (db) => count(db.allDocs.keys()),
  "a scan that gives nothing": () => count(open("designs").docs()),
  "a summary": (db) => db.allDocs.rows().summary,
  "all rows": (db) => db.allDocs.get(),
  "a query": (db) => count(db.find({})),
  "a continuous feed": (db) =>
    count(db.changes({ feed: "continuous", since: "now", limit: chunks * changes.rows })),
  "a continuous feed that catches up": (db) =>
    count(db.changes({ feed: "continuous", limit: chunks * oldChanges.rows })),
  // Without an order, it would end where its two scans meet: here, at once.
  "an export": (db) => drain(exportDocs(db, { descending: false })),
  // One request: what it takes is to read the documents.
  "an import of objects": (db) => importDocs(db, documents, { batchSize: 1_000_000 }),
  "an import of one chunk": (db) => importDocs(db, lines(), { batchSize: 1_000_000 }),
};

/** How often a timer fires while work is done. */
async function ticksDuring(work: () => Promise<unknown>): Promise<number> {
  let ticks = 0;
  let timer: ReturnType<typeof setTimeout>;
  const tick = () => {
    ticks += 1;
    timer = setTimeout(tick);
  };
  timer = setTimeout(tick);
  await work();
  clearTimeout(timer);
  return ticks;
}

const fewest = 3;

export const tasks: Case[] = [
  ...Object.entries(works).map(
    ([name, work]): Case => ({
      name: `timers fire during ${name}, although all of it is in memory`,
      async run() {
        const ticks = await ticksDuring(() => work(open()));
        assert.isAtLeast(ticks, fewest);
      },
    }),
  ),
  {
    name: "timers fire while a consumer is busy with the rows of one chunk",
    async run() {
      const db = open();
      let sum = 0;
      const ticks = await ticksDuring(async () => {
        let rows = 0;
        for await (const { id = "" } of db.allDocs.rows()) {
          for (let n = 0; n < 500_000; n += 1) sum += n % (id.length + 1);
          rows += 1;
          if (rows === allDocs.rows) break;
        }
      });
      assert.isAbove(sum, 0);
      assert.isAtLeast(ticks, fewest);
    },
  },
  {
    name: "timers fire during twenty scans at once",
    async run() {
      const db = open();
      const some = async () => {
        let batches = 0;
        for await (const _batch of db.docs().batches()) if (++batches === chunks / 10) break;
      };
      const ticks = await ticksDuring(() => Promise.all(Array.from({ length: 20 }, some)));
      assert.isAtLeast(ticks, fewest);
    },
  },
];
