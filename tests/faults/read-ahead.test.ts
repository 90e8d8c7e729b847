import { setTimeout as sleep } from "node:timers/promises";
import { CouchDB, type Database, IncompleteResponseError } from "couchfetch";
import { expect, test } from "vitest";

const encoder = new TextEncoder();
const mostAhead = 262_144;

/** A row of documents and of changes. */
const row = (id: string, text = "") => {
  const doc = { _id: id, _rev: "1-a", text };
  return `${JSON.stringify({ seq: id, changes: [{ rev: "1-a" }], id, key: id, ...doc, doc })},\n`;
};

/** A body that the test sends, and that counts what is taken. */
class Body {
  taken = 0;
  isClosed = false;
  readonly stream: ReadableStream<Uint8Array>;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  readonly #more: (() => string) | undefined;

  /** @param more - the next chunk of a body without an end; without it, the test calls `send` */
  constructor(more?: () => string) {
    this.#more = more;
    this.stream = new ReadableStream(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => {
          if (this.#more) this.send(this.#more());
        },
        cancel: () => {
          this.isClosed = true;
        },
      },
      { highWaterMark: 0 },
    );
  }

  send(text: string): void {
    const chunk = encoder.encode(text);
    this.taken += chunk.length;
    this.#controller.enqueue(chunk);
  }

  break(error: unknown): void {
    this.#controller.error(error);
  }
}

function databaseOf(body: Body, timeout?: number): Database {
  const fetch = async () =>
    new Response(body.stream, { headers: { "content-type": "application/json" } });
  return new CouchDB("http://localhost:5984", { fetch, timeout }).database("animals");
}

/** Waits until what is under way without a network has happened. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
}

function endless(head: string): Body {
  const rows = row("a", "x".repeat(400)).repeat(60);
  let isBegun = false;
  return new Body(() => {
    const text = isBegun ? rows : head + rows;
    isBegun = true;
    return text;
  });
}

const docs = '{"rows":[\n';
const changes = '{"results":[\n';

type Read = (db: Database, signal?: AbortSignal) => AsyncIterable<unknown>;

// None of these resumes after a lost connection.
const readers: Record<string, [head: string, open: Read]> = {
  documents: [docs, (db, signal) => db.docs({ ids: ["a"], signal })],
  "documents in batches": [docs, (db, signal) => db.docs({ ids: ["a"], signal }).batches()],
  "rows of a view": [docs, (db, signal) => db.allDocs.rows({ keys: ["a"], signal })],
  changes: [changes, (db, signal) => db.changes({ include_docs: true, descending: true, signal })],
};

/** The id of a row, or of the only one of a batch. */
const idOf = ({ value }: IteratorResult<unknown>) =>
  ([value].flat()[0] as { id: string } | undefined)?.id;

for (const [name, [head, open]] of Object.entries(readers)) {
  test(`at most 256 KiB of ${name} are read ahead, and none after a break`, async () => {
    const body = endless(head);
    const rows = open(databaseOf(body))[Symbol.asyncIterator]();
    await rows.next();
    await turns();
    const { taken } = body;
    // More than the chunk that has the first row.
    expect(taken).toBeGreaterThan(mostAhead / 2);
    expect(taken).toBeLessThanOrEqual(mostAhead);
    await turns();
    expect(body.taken).toBe(taken);
    await rows.return?.();
    expect(body.isClosed).toBe(true);
    await turns();
    expect(body.taken).toBe(taken);
  });

  test(`an abort ends ${name} that were read ahead`, async () => {
    const body = endless(head);
    const aborting = new AbortController();
    const rows = open(databaseOf(body), aborting.signal)[Symbol.asyncIterator]();
    await rows.next();
    await turns();
    aborting.abort(new Error("enough"));
    expect(body.isClosed).toBe(true);
    await expect(rows.next()).rejects.toThrow("enough");
  });

  test(`each of ${name} is delivered when it arrives`, async () => {
    const body = new Body();
    const rows = open(databaseOf(body))[Symbol.asyncIterator]();
    const begun = rows.next();
    await turns();
    body.send(head + row("a"));
    expect(idOf(await begun)).toBe("a");
    for (const id of ["b", "c"]) {
      const next = rows.next();
      await turns();
      body.send(row(id));
      expect(idOf(await next)).toBe(id);
    }
    await rows.return?.();
  });

  test(`an error comes after ${name} that arrived before it`, async () => {
    const body = new Body();
    const cause = new TypeError("terminated");
    const rows = open(databaseOf(body))[Symbol.asyncIterator]();
    const begun = rows.next();
    await turns();
    body.send(head + row("a"));
    expect(idOf(await begun)).toBe("a");
    body.send(row("b"));
    await turns();
    body.break(cause);
    await turns();
    expect(idOf(await rows.next())).toBe("b");
    const failed = rows.next();
    await expect(failed).rejects.toThrow(IncompleteResponseError);
    await expect(failed).rejects.toMatchObject({ cause });
  });

  test(`a consumer of ${name} may be slower than the timeout`, async () => {
    const body = new Body();
    const rows = open(databaseOf(body, 50))[Symbol.asyncIterator]();
    const begun = rows.next();
    await turns();
    body.send(head + row("a"));
    expect(idOf(await begun)).toBe("a");
    body.send(row("b"));
    // The silence is what the test is about.
    await sleep(200);
    expect(idOf(await rows.next())).toBe("b");
    await sleep(200);
    body.send(row("c"));
    expect(idOf(await rows.next())).toBe("c");
    await rows.return?.();
  });
}

test("what has arrived for a slow consumer is one batch", async () => {
  const body = new Body();
  const batches = databaseOf(body).docs().batches();
  const begun = batches.next();
  await turns();
  body.send(docs + row("a"));
  expect((await begun).value).toHaveLength(1);
  for (let n = 0; n < 20; n += 1) body.send(row(`b${n}`, "ä"));
  await turns();
  expect((await batches.next()).value).toHaveLength(20);
  await batches.return?.();
});

// Read chunk by chunk, a body is copied as a whole for each of them, in Node 20.
test("more is read when all that was read ahead is taken", async () => {
  const body = endless(docs);
  const batches = databaseOf(body)
    .docs({ ids: ["a"] })
    .batches();
  await batches.next();
  await turns();
  const { taken } = body;
  let counted = 1;
  while (body.taken === taken) {
    await batches.next();
    await turns();
    counted += 1;
  }
  expect(counted).toBeGreaterThan(4);
  expect(body.taken - taken).toBeGreaterThan(mostAhead / 2);
  await batches.return?.();
});

test("progress counts the bytes that were delivered, not those read ahead", async () => {
  const body = endless("");
  let read = 0;
  const onProgress = (bytes: number) => {
    read = bytes;
  };
  const attachment = databaseOf(body).document("cat").attachment("a");
  const { body: stream } = await attachment.fetch({ onProgress });
  expect(body.taken).toBe(0);
  const reader = (stream as ReadableStream<Uint8Array>).getReader();
  const { value } = await reader.read();
  await turns();
  expect(read).toBe(value?.length);
  expect(body.taken).toBeGreaterThan(read);
  expect(body.taken).toBeLessThanOrEqual(mostAhead);
  await reader.cancel();
  expect(body.isClosed).toBe(true);
});
