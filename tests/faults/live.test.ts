import { getActiveResourcesInfo } from "node:process";
import { createCollection } from "@tanstack/db";
import { CouchDB, type CouchDBOptions, type Fetch, TimeoutError } from "couchfetch";
import { live } from "couchfetch/live";
import { type StandardSchema, standardSchema } from "couchfetch/schema";
import { couchCollectionOptions } from "couchfetch/tanstack-db";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

const cat = (rev: string) => ({ _id: "cat", _rev: rev, legs: Number.parseInt(rev, 10) });
const change = (seq: number, doc: { _id: string; _rev: string }) => ({
  seq,
  id: doc._id,
  changes: [{ rev: doc._rev }],
  doc,
});

/** A database with a cat of a given revision, whose feed brings what is sent. */
function scripted(
  rev: string,
  options: CouchDBOptions = {},
  write?: (send: (...changes: ReturnType<typeof change>[]) => void) => Promise<Response>,
) {
  const requests: string[] = [];
  const feeds: ReadableStreamDefaultController<Uint8Array>[] = [];
  const sent: ReturnType<typeof change>[] = [];
  const fetch: Fetch = async ({ url }) => {
    const { pathname, searchParams } = new URL(url);
    requests.push(pathname);
    if (pathname === "/_session") return Response.json({ userCtx: { name: "jan", roles: [] } });
    if (pathname === "/animals")
      return Response.json({ db_name: "animals", instance_start_time: "0" });
    if (pathname === "/animals/_all_docs") {
      const row = { id: "cat", key: "cat", value: { rev }, doc: cat(rev) };
      return Response.json({ total_rows: 1, offset: 0, rows: [row] });
    }
    if (write && pathname === "/animals/_bulk_docs") return write(send);
    // A scan of the whole database takes longer.
    if (pathname === "/animals/_find") return new Promise(() => {});
    if (searchParams.get("feed") !== "continuous") {
      // Not a number for "now".
      const since = Number(searchParams.get("since"));
      const results = sent.filter(({ seq }) => seq > since);
      return Response.json({ results, last_seq: sent.at(-1)?.seq ?? 1, pending: 0 });
    }
    const body = new ReadableStream<Uint8Array>({
      start: (feed) => void feeds.push(feed),
      cancel: () => void requests.push("closed"),
    });
    return new Response(body, { headers: { "content-type": "application/json" } });
  };
  const couch = new CouchDB("http://localhost:1", { fetch, ...options });
  const send = (...changes: typeof sent) => {
    sent.push(...changes);
    const lines = changes.map((line) => `${JSON.stringify(line)}\n`).join("");
    feeds.at(-1)?.enqueue(new TextEncoder().encode(lines));
  };
  return { couch, requests, send };
}

test("older changes that the feed repeats do not stay", async () => {
  const { couch, send } = scripted("3-c");
  const query = live(couch.database("animals"));
  const stop = query.subscribe(() => {});
  await query.ready;
  send(change(2, cat("2-b")), change(3, cat("3-c")), change(4, { _id: "dog", _rev: "1-a" }));
  await vi.waitUntil(() => query.current.docs.length === 2);
  expect(query.current.docs[0]).toMatchObject({ rev: "3-c", data: { legs: 3 } });
  stop();
  await couch.close();
});

test("a change that a schema validates when the query stops is not missed later", async () => {
  const { couch, requests, send } = scripted("1-a");
  let isSlow = false;
  let goOn = () => {};
  const schema: StandardSchema<object> = {
    "~standard": {
      version: 1,
      vendor: "test",
      async validate(value) {
        if (isSlow)
          await new Promise<void>((resolve) => {
            goOn = resolve;
          });
        return { value: value as object };
      },
    },
  };
  const query = live(couch.database("animals", { schema: standardSchema(schema) }));
  const stop = query.subscribe(() => {});
  await query.ready;
  isSlow = true;
  send(change(2, cat("2-b")));
  stop();
  // It stops a second later.
  await vi.waitUntil(() => requests.includes("closed"), { timeout: 5_000 });
  isSlow = false;
  goOn();
  // The validation ends, and what follows it.
  await new Promise((resolve) => setTimeout(resolve));
  query.subscribe(() => {});
  // Asked for once more, for it was not shown. A read would bring the older revision here.
  await vi.waitUntil(() => query.current.docs[0]?.rev === "2-b");
  await couch.close();
});

test("a query that begins again does not call its old documents live", async () => {
  const { couch, requests } = scripted("1-a");
  const query = live(couch.database("animals"));
  const stop = query.subscribe(() => {});
  await query.ready;
  stop();
  await vi.waitUntil(() => requests.includes("closed"), { timeout: 5_000 });
  const seen: string[] = [];
  query.subscribe(({ status }) => void seen.push(status));
  await vi.waitUntil(() => seen.at(-1) === "live");
  expect(seen[0]).toBe("loading");
  await couch.close();
});

describe("collections of TanStack DB", () => {
  const saved = (id: string, rev: string) =>
    Response.json([{ ok: true, id, rev }], { status: 201 });

  test("are ready when they show the documents, though a transaction is under way", async () => {
    let respond = () => {};
    const { couch, send } = scripted(
      "1-a",
      {},
      () =>
        new Promise((resolve) => {
          respond = () => resolve(saved("dog", "1-b"));
        }),
    );
    const options = couchCollectionOptions<object>({ db: couch.database("animals") });
    const collection = createCollection(options);
    let isReady = false;
    const preloading = collection.preload().then(() => {
      isReady = true;
    });
    const { isPersisted } = collection.insert({ _id: "dog" });
    await vi.waitUntil(() => options.utils.query.current.status === "live");
    expect(isReady).toBe(false);
    send(change(2, { _id: "dog", _rev: "1-b" }));
    respond();
    await Promise.all([isPersisted.promise, preloading]);
    expect([...collection.keys()].sort()).toEqual(["cat", "dog"]);
    await collection.cleanup();
    await couch.close();
  });

  test("do not take other changes for what they have written", async () => {
    const { couch, send } = scripted("1-a", {}, async () => saved("cat", "2-b"));
    const collection = createCollection(couchCollectionOptions({ db: couch.database("animals") }));
    await collection.preload();
    const { isPersisted } = collection.update("cat", (draft) => {
      draft.legs = 2;
    });
    let isDone = false;
    const done = isPersisted.promise.then(() => {
      isDone = true;
    });
    // A revision that was replaced meanwhile has no document.
    send({ ...change(2, cat("1-a")), id: "dog", doc: null as never });
    send(change(3, { _id: "emu", _rev: "1-a" }));
    await vi.waitUntil(() => collection.utils.query.current.docs.length === 2);
    expect(isDone).toBe(false);
    send(change(4, cat("2-b")));
    await done;
    expect(collection.get("cat")).toMatchObject({ _rev: "2-b", legs: 2 });
    await collection.cleanup();
    await couch.close();
  });

  test("read again if the feed does not bring what they have written", async () => {
    const { couch, requests } = scripted("1-a", {}, async () => saved("dog", "1-b"));
    const collection = createCollection(
      couchCollectionOptions<object>({ db: couch.database("animals") }),
    );
    const { isPersisted } = collection.insert({ _id: "dog" });
    await collection.preload();
    // It was deleted at once, before the feed began.
    await isPersisted.promise;
    expect([...collection.keys()]).toEqual(["cat"]);
    expect(requests.filter((path) => path.endsWith("_all_docs"))).toHaveLength(2);
    await collection.cleanup();
    await couch.close();
  });
});

test("a selector that the server cannot answer in time is not sent again", async () => {
  const { couch, requests } = scripted("1-a", { silenceTimeout: 50 });
  const query = live(couch.database("animals"), { selector: { legs: 4 } });
  await expect(query.ready).rejects.toThrow(TimeoutError);
  expect(query.current).toMatchObject({ status: "closed", error: expect.any(TimeoutError) });
  expect(requests.filter((path) => path.endsWith("_find"))).toHaveLength(1);
  await couch.close();
});

test("a listener that throws keeps no other from its snapshots", async () => {
  const { couch, send } = scripted("1-a");
  const query = live(couch.database("animals"));
  const uncaught = vi.fn();
  const before = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", uncaught);
  const seen: number[] = [];
  const stop = query.subscribe(() => {
    throw new Error("a listener's");
  });
  query.subscribe(({ docs }) => void seen.push(docs.length));
  await query.ready;
  send(change(2, { _id: "dog", _rev: "1-a" }));
  await vi.waitUntil(() => seen.at(-1) === 2);
  expect(uncaught).toHaveBeenCalled();
  stop();
  process.removeAllListeners("uncaughtException");
  for (const listener of before) process.on("uncaughtException", listener);
  await couch.close();
});

describe("frames", () => {
  const page = globalThis as { document?: { visibilityState: string } };
  const requested = new Map<number, FrameRequestCallback>();
  let last = 0;

  beforeEach(() => {
    requested.clear();
    page.document = { visibilityState: "visible" };
    globalThis.requestAnimationFrame = (call) => {
      last += 1;
      requested.set(last, call);
      return last;
    };
    globalThis.cancelAnimationFrame = (request) => void requested.delete(request);
  });

  afterEach(() => {
    delete page.document;
    Reflect.deleteProperty(globalThis, "requestAnimationFrame");
    // `cancelAnimationFrame` stays, for a frame may still be due.
  });

  test("a visible page gets one snapshot a frame", async () => {
    const { couch, send } = scripted("1-a");
    const query = live(couch.database("animals"));
    const seen: number[] = [];
    const stop = query.subscribe(({ docs }) => void seen.push(docs.length));
    const draw = () => {
      for (const call of requested.values()) call(0);
      return query.current.status === "live";
    };
    await vi.waitUntil(draw);
    const before = seen.length;
    for (let n = 2; n < 9; n += 1) send(change(n, { _id: `dog-${n}`, _rev: "1-a" }));
    await vi.waitUntil(() => requested.size > 0);
    draw();
    expect(seen.slice(before)).toEqual([8]);
    stop();
    await couch.close();
  });

  test("a page that is hidden before it draws gets its snapshot, too", async () => {
    const { couch, send } = scripted("1-a");
    const query = live(couch.database("animals"));
    const stop = query.subscribe(() => {});
    await query.ready;
    send(change(2, { _id: "dog", _rev: "1-a" }));
    await vi.waitUntil(() => query.current.docs.length === 2);
    expect([last > 0, requested.size]).toEqual([true, 0]);
    stop();
    await couch.close();
  });
  test("a collection shows what was written, even if the feed is faster than the response", async () => {
    const { couch } = scripted("1-a", {}, async (send) => {
      requested.clear();
      send(change(2, cat("2-b")));
      // It is received, and the next frame would show it.
      await vi.waitUntil(() => requested.size > 0);
      return Response.json([{ ok: true, id: "cat", rev: "2-b" }], { status: 201 });
    });
    const options = couchCollectionOptions({ db: couch.database("animals") });
    const collection = createCollection(options);
    await collection.preload();
    const { isPersisted } = collection.update("cat", (draft) => {
      draft.legs = 2;
    });
    await isPersisted.promise;
    expect(collection.get("cat")).toMatchObject({ _rev: "2-b", legs: 2 });
    await collection.cleanup();
    await couch.close();
  });
});

describe("tabs", () => {
  const { navigator } = globalThis;
  const own = new Set<BroadcastChannel>();
  const Channel = BroadcastChannel;

  class CountedChannel extends Channel {
    constructor(name: string) {
      super(name);
      own.add(this as unknown as BroadcastChannel);
    }

    override close() {
      own.delete(this as unknown as BroadcastChannel);
      super.close();
    }
  }

  function useLocks(request: (hold: () => Promise<void>) => Promise<unknown>) {
    const locks = {
      request: (_name: string, _options: object, hold: () => Promise<void>) => request(hold),
    };
    Object.defineProperty(globalThis, "navigator", { configurable: true, value: { locks } });
    globalThis.BroadcastChannel = CountedChannel as unknown as typeof BroadcastChannel;
  }

  afterEach(() => {
    Object.defineProperty(globalThis, "navigator", { configurable: true, value: navigator });
    globalThis.BroadcastChannel = Channel;
  });

  const timers = () => getActiveResourcesInfo().filter((name) => name === "Timeout").length;

  test("nothing is left after the last subscription: no timer, lock, channel or connection", async () => {
    let held = 0;
    useLocks(async (hold) => {
      held += 1;
      await hold();
      held -= 1;
    });
    const { couch, requests } = scripted("1-a");
    const before = timers();
    const queries = [{}, { ids: ["cat"] }].map((query) =>
      live(couch.database("animals"), { tabs: true, ...query }),
    );
    const stops = queries.map((query) => query.subscribe(() => {}));
    await Promise.all(queries.map(({ ready }) => ready));
    expect([held, own.size]).toEqual([1, 1]);
    for (const stop of stops) stop();
    await vi.waitUntil(() => requests.includes("closed"), { timeout: 5_000 });
    await vi.waitUntil(() => timers() <= before, { timeout: 5_000 });
    expect([held, own.size]).toEqual([0, 0]);
    await couch.close();
  });

  test("a page without locks, such as one without an origin, has a connection of its own", async () => {
    useLocks(() => Promise.reject(new DOMException("the page has no origin", "SecurityError")));
    const { couch } = scripted("1-a");
    const query = live(couch.database("animals"), { tabs: true });
    expect((await query.ready).docs).toHaveLength(1);
    await couch.close();
  });
});
