import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { CouchDB, type Database } from "couchfetch";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Answering, database, startAnswering } from "./answering.js";

const gigabyte = 2 ** 30;
// What the sockets and fetch may hold: with what Linux gives a connection, some 4 to 6 MB.
const mostHeld = 2 ** 24;

const text = "x".repeat(1000);
const ids = Array.from({ length: 64 }, (_, n) => `animal-${n}`);
const rows = ids.map((id) => ({ id, key: id, value: { rev: "1-a" }, doc: { _id: id, text } }));
const changes = ids.map((id) => ({ seq: id, id, changes: [{ rev: "1-a" }] }));
const asRows = Buffer.from(rows.map((row) => `${JSON.stringify(row)},\r\n`).join(""));
const asLines = Buffer.from(changes.map((row) => `${JSON.stringify({ ...row, text })}\n`).join(""));

let server: Answering;
let db: Database;
/** How many bytes the server could hand over. */
let sent: number;

beforeEach(async () => {
  sent = 0;
  server = await startAnswering((response, _, { url }) => {
    response.writeHead(200, { "content-type": "application/json" });
    void (url?.includes("_changes")
      ? send(response, asLines)
      : send(response, asRows, '{"total_rows":1000000,"offset":0,"rows":[\r\n'));
  }, database);
  db = new CouchDB(server.url).database("animals");
});

afterEach(() => server.close());

/** Sends as much as the connection takes, of a gigabyte. */
async function send(response: ServerResponse, piece: Buffer, head = ""): Promise<void> {
  function* pieces() {
    yield head;
    for (; sent < gigabyte; sent += piece.length) yield piece;
  }
  // That the client leaves is what the test waits for.
  await pipeline(Readable.from(pieces()), response).catch(() => {});
}

/** How much the server could hand over when it can no more. */
async function heldBack(): Promise<number> {
  let before = -1;
  let turns = 0;
  await vi.waitFor(
    () => {
      turns = sent === before ? turns + 1 : 0;
      before = sent;
      if (turns < 5) throw new Error(`the server goes on: ${sent} bytes`);
    },
    { timeout: 10_000, interval: 20 },
  );
  return sent;
}

/** Takes a few, then none while the server can go on, then until it does. True when that is enough. */
function consumer(): () => Promise<boolean> {
  let taken = 0;
  let held = gigabyte;
  return async () => {
    taken += 1;
    if (taken === 3) {
      held = await heldBack();
      expect(held).toBeLessThan(mostHeld);
    }
    return sent > held;
  };
}

const iterables: Record<string, (db: Database) => AsyncIterable<unknown>> = {
  "documents, one by one": (db) => db.docs(),
  "documents in batches": (db) => db.docs().batches(),
  "a stream of documents": (db) => db.docs().toReadableStream(),
  "a continuous feed": (db) => db.changes({ feed: "continuous" }),
};

for (const [what, read] of Object.entries(iterables)) {
  test(`a server is held back by who reads slowly: ${what}`, async () => {
    const hasEnough = consumer();
    for await (const _item of read(db)) if (await hasEnough()) break;
    await server.left;
    expect(sent).toBeLessThan(gigabyte);
  });
}

test("a server is held back by who writes slowly what a stream brings", async () => {
  const hasEnough = consumer();
  const slow = new WritableStream({
    async write() {
      if (await hasEnough()) throw new Error("enough");
    },
  });
  await expect(db.docs().toReadableStream().pipeTo(slow)).rejects.toThrow("enough");
  await server.left;
  expect(sent).toBeLessThan(gigabyte);
});
