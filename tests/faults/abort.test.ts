import { CouchDB, type Database } from "couchfetch";
import { afterEach, describe, expect, test } from "vitest";
import { type Answering, database, json, startAnswering } from "./answering.js";

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
  }, database);
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
      // Mostly, the client has seen the beginning by then; what is promised holds either way.
      if (begin !== undefined) await new Promise(setImmediate);
      controller.abort(reason);
      expect(await failed).toBe(reason);
      await server.left;
    });
  }

  test("an authentication, or a fetch, that is deaf to it does not hold it up", async () => {
    server = await startAnswering(() => {});
    const never = () => new Promise<never>(() => {});
    for (const options of [{ auth: { headers: never } }, { fetch: never }]) {
      const couch = new CouchDB(server.url, options);
      const controller = new AbortController();
      const failed = failure(couch.info({ signal: controller.signal }));
      const rows = failure(couch.database("animals").keys().toArray());
      controller.abort(reason);
      expect(await failed).toBe(reason);
      await couch.close();
      expect((await rows).name).toBe("AbortError");
    }
  });

  test("a fetch of the user's that takes the request alone hears of it", async () => {
    const { db, begun } = await unending();
    const fetched = (request: Request) => fetch(request);
    const couch = new CouchDB(server.url, { fetch: fetched });
    const controller = new AbortController();
    const failed = failure(couch.database(db.id).get("cat", { signal: controller.signal }));
    await begun;
    controller.abort(reason);
    expect(await failed).toBe(reason);
    await server.left;
  });

  test("a fetch that is deaf to it, and answers later, is hung up on", async () => {
    server = await startAnswering(() => {});
    let answer = (_: Response) => {};
    const fetched = () =>
      new Promise<Response>((resolve) => {
        answer = resolve;
      });
    const couch = new CouchDB(server.url, { fetch: fetched });
    const controller = new AbortController();
    const failed = failure(couch.info({ signal: controller.signal }));
    // The fetch is called in a later turn.
    await new Promise(setImmediate);
    controller.abort(reason);
    expect(await failed).toBe(reason);
    const hungUp = new Promise<void>((resolve) => {
      answer(new Response(new ReadableStream({ cancel: () => resolve() })));
    });
    await hungUp;
  });

  test("a body that is deaf to it does not hold it up", async () => {
    server = await startAnswering(() => {});
    for (const status of [200, 404]) {
      let begin = () => {};
      const fetch = async () => {
        setImmediate(begin);
        const headers = { "content-type": "application/json" };
        return new Response(new ReadableStream(), { status, headers });
      };
      const works: ((db: Database, signal: AbortSignal) => Promise<unknown>)[] = [
        (db, signal) => db.get("cat", { signal }),
        (db, signal) => db.keys({ signal }).toArray(),
        (db, signal) => last(db.changes({ feed: "continuous", signal })),
      ];
      for (const work of works) {
        const begun = new Promise<void>((resolve) => {
          begin = resolve;
        });
        const controller = new AbortController();
        const db = new CouchDB(server.url, { fetch }).database("animals");
        const failed = failure(work(db, controller.signal));
        await begun;
        controller.abort(reason);
        expect(await failed).toBe(reason);
      }
    }
  });

  test("although rows, or events, are at hand", async () => {
    const rows = Array.from({ length: 100 }, (_, n) => ({ id: `${n}`, key: `${n}`, value: {} }));
    const events = rows.map(({ id }, n) => ({ seq: `${n}-a`, id, changes: [{ rev: "1-a" }] }));
    server = await startAnswering((response, _before, { url }) => {
      response.writeHead(200, { "content-type": "application/json" });
      if (url?.includes("continuous")) {
        response.write(events.map((event) => `${JSON.stringify(event)}\n`).join(""));
      } else {
        response.end(JSON.stringify({ rows, results: events }));
      }
    }, database);
    const reads: ((db: Database, signal: AbortSignal) => AsyncIterable<unknown>)[] = [
      (db, signal) => db.keys({ signal }),
      (db, signal) => db.changes({ signal }),
      (db, signal) => db.changes({ signal, feed: "continuous" }),
    ];
    for (const read of reads) {
      for (const how of ["signal", "session"]) {
        const couch = new CouchDB(server.url);
        const controller = new AbortController();
        let count = 0;
        const failed = failure(
          (async () => {
            for await (const _item of read(couch.database("animals"), controller.signal)) {
              count += 1;
              if (how === "signal") controller.abort(reason);
              else await couch.close();
            }
          })(),
        );
        const error = await failed;
        if (how === "signal") expect(error).toBe(reason);
        else expect(error.name).toBe("AbortError");
        expect(count).toBe(1);
      }
    }
    const feed = new CouchDB(server.url).database("animals").changes({ feed: "continuous" });
    let count = 0;
    for await (const _event of feed) {
      count += 1;
      feed.close();
    }
    expect(count).toBe(1);
  });

  test("return ends a feed that waits", async () => {
    const { db, begun } = await unending("\n");
    const events = db.changes({ feed: "continuous" })[Symbol.asyncIterator]();
    const waiting = events.next();
    await begun;
    expect(await events.return?.()).toEqual({ done: true, value: undefined });
    expect(await waiting).toEqual({ done: true, value: undefined });
    await server.left;
  });

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

  test.each(["signal", "session", "close"])(
    "between the connections of a live feed: %s",
    async (how) => {
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
      }, database);
      const controller = new AbortController();
      const couch = new CouchDB(server.url);
      const { signal } = controller;
      const feed = couch.database("animals").changes({ feed: "continuous", signal });
      const failed = failure(last(feed));
      await repeated;
      if (how === "signal") controller.abort(reason);
      else if (how === "session") await couch.close();
      else feed.close();
      const error = await failed;
      if (how === "signal") expect(error).toBe(reason);
      else if (how === "session") expect(error.name).toBe("AbortError");
      else expect(error).toBeUndefined();
    },
  );
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
    }, database);
    const couch = new CouchDB(server.url);
    const feed = couch.database("animals").changes({ feed: "continuous" });
    const waiting = failure(feed[Symbol.asyncIterator]().next());
    const request = failure(couch.info());
    while (server.requests.length < 2) await new Promise(setImmediate);
    await couch.close();
    expect((await request).name).toBe("AbortError");
    expect((await waiting).name).toBe("AbortError");
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
