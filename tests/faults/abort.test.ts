import { CouchDB, type Database } from "couchfetch";
import { afterEach, describe, expect, test } from "vitest";
import { type Answering, json, startAnswering } from "./answering.js";

let server: Answering;

afterEach(() => server.close());

const reason = new Error("enough");
const rowsHead =
  '{"total_rows":9,"offset":0,"rows":[\r\n{"id":"a","key":"a","value":{"rev":"1-a"}},\r\n';
const change = '{"seq":"1-a","id":"a","changes":[{"rev":"1-a"}]}';

/** A server that begins an answer and never ends it, and the database behind it. */
async function unending(begin?: string): Promise<{ db: Database; begun: Promise<void> }> {
  let tell = () => {};
  const begun = new Promise<void>((resolve) => {
    tell = resolve;
  });
  server = await startAnswering((response) => {
    if (begin !== undefined) {
      response.writeHead(200, { "content-type": "application/json" });
      response.write(begin);
    }
    tell();
  });
  return { db: new CouchDB(server.url).database("animals"), begun };
}

const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error) => error,
  );

describe("an abort closes the connection, and rejects with the signal's reason", () => {
  type Work = (db: Database, signal: AbortSignal) => Promise<unknown>;
  const works: [string, string | undefined, Work][] = [
    ["before the headers", undefined, (db, signal) => db.get("cat", { signal })],
    ["in a body that is read whole", '{"_id":', (db, signal) => db.get("cat", { signal })],
    ["of rows, before the headers", undefined, (db, signal) => db.docs({ signal }).toArray()],
    ["in rows", rowsHead, (db, signal) => db.keys({ signal }).toArray()],
    ["in the summary of rows", rowsHead, (db, signal) => db.keys({ signal }).summary],
    [
      "in a query",
      '{"docs":[\r\n{"_id":"a"},\r\n',
      (db, signal) => db.query({}, { signal }).toArray(),
    ],
    ["in a normal feed", '{"results":[\n', (db, signal) => last(db.changes({ signal }))],
    [
      "in a long poll",
      '{"results":[\n',
      (db, signal) => last(db.changes({ feed: "longpoll", signal })),
    ],
    ["in a live feed", "\n", (db, signal) => last(db.changes({ feed: "continuous", signal }))],
    [
      "in a live feed, after an event",
      `${change}\n`,
      (db, signal) => last(db.changes({ feed: "continuous", signal })),
    ],
    [
      "in a stream of rows",
      rowsHead,
      (db, signal) => drain(db.keys({ signal }).toReadableStream()),
    ],
  ];

  async function last(events: AsyncIterable<unknown>) {
    for await (const _event of events);
  }
  async function drain(stream: ReadableStream) {
    const reader = stream.getReader();
    for (;;) if ((await reader.read()).done) return;
  }

  for (const [where, begin, work] of works) {
    test(where, async () => {
      const { db, begun } = await unending(begin);
      const controller = new AbortController();
      const failed = failure(work(db, controller.signal));
      await begun;
      // Not before the client has seen the beginning, if there is one.
      if (begin !== undefined) await new Promise(setImmediate);
      controller.abort(reason);
      expect(await failed).toBe(reason);
      await server.left;
    });
  }

  test("during the wait before a repetition", async () => {
    let asked = () => {};
    const first = new Promise<void>((resolve) => {
      asked = resolve;
    });
    server = await startAnswering((response) => {
      response.writeHead(503, { "retry-after": "30" });
      response.end(asked);
    });
    const controller = new AbortController();
    const couch = new CouchDB(server.url, { retry: { limit: 5 } });
    const failed = failure(couch.info({ signal: controller.signal }));
    await first;
    controller.abort(reason);
    expect(await failed).toBe(reason);
    expect(server.requests.length).toBe(1);
  });

  test("between the connections of a live feed that ends at once", async () => {
    let ends = 0;
    let often = () => {};
    const repeated = new Promise<void>((resolve) => {
      often = resolve;
    });
    server = await startAnswering((response) => {
      ends += 1;
      if (ends === 3) often();
      response.writeHead(200, { "content-type": "application/json" });
      response.end('{"last_seq":"1-a","pending":0}\n');
    });
    const controller = new AbortController();
    const db = new CouchDB(server.url).database("animals");
    const failed = failure(last(db.changes({ feed: "continuous", signal: controller.signal })));
    await repeated;
    controller.abort(reason);
    expect(await failed).toBe(reason);
  });
});

describe("the connection closes, too, when the consumer has had enough", () => {
  const iterations: [string, string, (db: Database) => Promise<void>][] = [
    [
      "break out of rows",
      rowsHead,
      async (db) => {
        for await (const _key of db.keys()) break;
      },
    ],
    [
      "break out of a live feed",
      `${change}\n`,
      async (db) => {
        for await (const _event of db.changes({ feed: "continuous" })) break;
      },
    ],
    [
      "break out of a long poll",
      `{"results":[\n${change}`,
      async (db) => {
        for await (const _event of db.changes({ feed: "longpoll" })) break;
      },
    ],
    [
      "an error thrown among rows",
      rowsHead,
      async (db) => {
        const read = async () => {
          for await (const _key of db.keys()) throw reason;
        };
        expect(await failure(read())).toBe(reason);
      },
    ],
    [
      "a stream of rows that is cancelled while it waits",
      rowsHead,
      async (db) => {
        const reader = db.keys().toReadableStream().getReader();
        await reader.read();
        const waiting = reader.read();
        await reader.cancel();
        expect(await waiting).toEqual({ done: true, value: undefined });
      },
    ],
    [
      "close of a live feed that waits",
      `${change}\n`,
      async (db) => {
        const feed = db.changes({ feed: "continuous" });
        const events = feed[Symbol.asyncIterator]();
        await events.next();
        const waiting = events.next();
        feed.close();
        expect(await waiting).toEqual({ done: true, value: undefined });
      },
    ],
    [
      "disposal of rows that are read",
      rowsHead,
      async (db) => {
        const rows = db.keys();
        await rows[Symbol.asyncIterator]().next();
        await rows[Symbol.asyncDispose]();
      },
    ],
  ];
  for (const [how, begin, iterate] of iterations) {
    test(how, async () => {
      const { db } = await unending(begin);
      await iterate(db);
      await server.left;
    });
  }

  test("the end of the session", async () => {
    server = await startAnswering((response, before) => {
      if (before === 0) response.writeHead(200, { "content-type": "application/json" }).write("\n");
    });
    const couch = new CouchDB(server.url);
    const waiting = couch
      .database("animals")
      .changes({ feed: "continuous" })
      [Symbol.asyncIterator]()
      .next();
    const request = failure(couch.info());
    while (server.requests.length < 2) await new Promise(setImmediate);
    await couch.close();
    expect((await request).name).toBe("AbortError");
    expect(await waiting).toEqual({ done: true, value: undefined });
    await server.left;
  });
});

test("one signal serves many requests at once, and nothing of them stays on it", async () => {
  server = await startAnswering((response) => json(response, 200, { couchdb: "Welcome" }));
  const warnings: unknown[] = [];
  const warned = (warning: unknown) => warnings.push(warning);
  process.on("warning", warned);
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...parameters: unknown[]) => {
    listeners += 1;
    Reflect.apply(addEventListener, signal, parameters);
  };
  signal.removeEventListener = (...parameters: unknown[]) => {
    listeners -= 1;
    Reflect.apply(removeEventListener, signal, parameters);
  };
  const couch = new CouchDB(server.url);
  await Promise.all(Array.from({ length: 50 }, () => couch.info({ signal })));
  await new Promise(setImmediate);
  process.off("warning", warned);
  expect(listeners).toBe(0);
  expect(warnings).toEqual([]);
});
