import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { CouchDB, type Database } from "couchfetch";
import { expect, test } from "vitest";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const chunks = 500;
const chunkSize = 65_536;
const encoder = new TextEncoder();

/** A body in large pieces: the rows, in lines with this end. */
function answering(
  toRow: (n: number) => object,
  ends: { head: string; line: string; tail: string },
) {
  const fetch = async (request: Request) => {
    if (request.url.endsWith("/animals")) return Response.json({ db_name: "animals" });
    if (request.url.includes("since=now")) return Response.json({ results: [], last_seq: 0 });
    let n = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        let text = n === 0 ? ends.head : "";
        if (n >= chunks * 80) {
          controller.enqueue(encoder.encode(ends.tail));
          return controller.close();
        }
        while (text.length < chunkSize) {
          text += JSON.stringify(toRow(n)) + ends.line;
          n += 1;
        }
        controller.enqueue(encoder.encode(text));
      },
    });
    return new Response(body, { headers: { "content-type": "application/json" } });
  };
  return new CouchDB("http://localhost:1", { fetch }).database("animals");
}

const words = "the quick brown fox jumps over the lazy dog ".repeat(14);
const documentOf = (n: number) => ({
  _id: `d${n}`,
  _rev: "1-a",
  n,
  words,
  name: n % 3 ? "Ann" : "😀",
});
const rows = { head: '{"rows":[\r\n', line: ",\r\n", tail: '{"id":"z"}\r\n]}\n' };
const allDocs = () => answering((n) => ({ id: `d${n}`, key: `d${n}`, doc: documentOf(n) }), rows);
const oneLine = () =>
  answering((n) => ({ id: `d${n}`, key: `d${n}`, doc: documentOf(n) }), {
    head: '{"rows":[',
    line: ",",
    tail: '{"id":"z"}]}',
  });
const changes = (ends: { head: string; line: string; tail: string }) =>
  answering((n) => ({ seq: `${n}-a`, id: `d${n}`, changes: [], doc: documentOf(n) }), ends);

/** Megabytes that are in use because of what `read` returns. */
async function heldBy(read: () => Promise<unknown>): Promise<number> {
  collect();
  const before = process.memoryUsage().heapUsed;
  const held = await read();
  collect();
  const after = process.memoryUsage().heapUsed;
  expect(held).toBeDefined();
  return (after - before) / 1e6;
}

async function oneOfEach<R>(all: AsyncIterable<R>, keep: (row: R) => unknown): Promise<unknown[]> {
  const kept: unknown[] = [];
  let n = 0;
  for await (const row of all) {
    if (n % 80 === 0) kept.push(keep(row));
    n += 1;
  }
  return kept;
}

const inDocs = { head: '{"docs":[\n', line: ",\n", tail: '{"_id":"z"}]}\n' };
const inResults = { head: '{"results":[\n', line: ",\n", tail: '{"id":"z"}]}\n' };
const inLines = { head: "", line: "\n", tail: '{"last_seq":"z"}\n' };

const live = { include_docs: true, feed: "continuous", limit: chunks * 80 } as const;

const sources: Record<string, () => AsyncIterable<object>> = {
  "of documents": () => allDocs().docs(),
  "of documents in one line": () => oneLine().docs(),
  "of a query": () => answering(documentOf, inDocs).find({}),
  "of a normal feed": () => changes(inResults).changes({ include_docs: true }),
  "of a feed that catches up": () => changes(inResults).changes(live),
  "of a continuous feed": () => changes(inLines).changes({ ...live, since: "now" }),
};

for (const [name, open] of Object.entries(sources)) {
  test(`one row kept of each chunk ${name} does not keep the chunks`, async () => {
    const copies = await heldBy(() => oneOfEach(open(), (row) => JSON.parse(JSON.stringify(row))));
    const kept = await heldBy(() => oneOfEach(open(), (row) => row));
    console.log(`${name}: ${kept.toFixed(2)} MB, copies of their JSON ${copies.toFixed(2)} MB`);
    // Each has its text, besides its data; a chunk is a hundred times as much.
    expect(kept / copies).toBeLessThan(8);
  });
}

test("a response in memory takes no more than its rows", async () => {
  const read = (how: (db: Database) => Promise<unknown>) => heldBy(() => how(allDocs()));
  const alone = await read((db) => db.allDocs.rows({ include_docs: true }).toArray());
  const response = await read((db) => db.allDocs.get({ include_docs: true }));
  console.log(`rows: ${alone.toFixed(1)} MB, with the response: ${response.toFixed(1)} MB`);
  expect(response / alone).toBeLessThan(1.2);
});
