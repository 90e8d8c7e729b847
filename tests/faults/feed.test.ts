import {
  type Auth,
  BadRequestError,
  type FeedState,
  ForbiddenError,
  InvalidResponseError,
  NetworkError,
  NotFoundError,
  ServerError,
  UnauthorizedError,
} from "couchfetch";
import { describe, expect, test, vi } from "vitest";
import { failure, following, hurry, take, write } from "./following.js";
import type { Break, Fault } from "./proxy.js";

const followed = following();
const kinds = ["continuous", "longpoll"] as const;
const type = { "content-type": "application/json" };
const html = { "content-type": "text/html" };
/** What a feed has to catch up with, if it is to be live at once. */
const nothing = '{"results":[],"last_seq":0,"pending":0}';
const page = "<html><body>Please log in to the network</body></html>";

describe.each(kinds)("%s: goes on from its last event", (feed) => {
  const breaks: Break[] = ["cut", "reset", "end"];
  const stages = breaks.flatMap((how) => [
    { how, stage: "catching up", first: 0 },
    { how, stage: "live", first: 1 },
  ]);
  test.each(stages)("however an answer breaks off: $how, $stage", async ({ how, first }) => {
    hurry();
    const { db, faults, asked } = followed;
    const ids = await write(db, 4);
    const through = followed.followed();
    // At many places, among them the middles of characters.
    for (let after = 0; after < 1_200; after += 13) {
      faults((before) => {
        if (before < first) return { answer: { status: 200, headers: type, body: nothing } };
        return before === first ? { after, how } : undefined;
      });
      const sequences: unknown[] = [null, "0"];
      const given: string[] = [];
      for await (const { id, sequence } of through.changes({ feed, include_docs: true })) {
        // Nothing comes twice, for the server knows where the feed was.
        if (given.push(id) === 4) break;
        sequences.push(sequence);
      }
      expect(given.toSorted(), `after ${after} bytes`).toEqual(ids);
      expect(sequences).toContain(asked().at(-1)?.since ?? null);
    }
  });

  const passing: [string, Fault][] = [
    ["408", { answer: { status: 408 } }],
    ["429", { answer: { status: 429 } }],
    ["500", { answer: { status: 500, body: '{"error":"badmatch","reason":"oops"}' } }],
    ["502, a page", { answer: { status: 502, headers: html, body: page } }],
    ["503", { answer: { status: 503 } }],
    ["a page", { answer: { status: 200, headers: html, body: page } }],
    ["a proxy's own 404", { answer: { status: 404, headers: html, body: page } }],
    ["a redirect", { answer: { status: 302, headers: { location: "/login" } } }],
    ["hung up on", { how: "cut" }],
    ["reset", { how: "reset" }],
  ];
  test.each(passing)("after %s", async (_, fault) => {
    hurry();
    const { db, faults, asked } = followed;
    await write(db, 1);
    const states: FeedState[] = [];
    const changes = followed.followed().changes({ feed, onState: (state) => states.push(state) });
    const events = changes[Symbol.asyncIterator]();
    expect((await events.next()).value?.id).toBe("doc-0");
    faults((before) => (before < 3 ? fault : undefined));
    for (const passing of followed.proxy.underWay) passing.breakOff("cut");
    const next = events.next();
    await write(db, 1, 1);
    expect((await next).value?.id).toBe("doc-1");
    await events.return?.();
    // Some with the connection that was cut; a long poll may have been between two.
    expect(states.filter(({ state }) => state === "waiting").length).toBeGreaterThanOrEqual(3);
    expect(states.at(-1)).toEqual({ state: "closed" });
    const sinces = asked().map(({ since }) => since);
    expect(sinces[0]).toBeUndefined();
    expect(new Set(sinces.slice(-2)).size).toBe(1);
  });

  test("waits as long as the server asks", async () => {
    const { db, faults } = followed;
    await write(db, 1);
    faults((before) =>
      before === 0 ? { answer: { status: 429, headers: { "retry-after": "1" } } } : undefined,
    );
    const delays: number[] = [];
    const onState = (state: FeedState) => {
      if (state.state === "waiting") delays.push(state.delay);
    };
    expect(await take(followed.followed().changes({ feed, onState }), 1)).toEqual(["doc-0"]);
    expect(delays).toEqual([1000]);
  });

  const final: [number, object, new (...parameters: never[]) => Error][] = [
    [400, { error: "bad_request", reason: "no" }, BadRequestError],
    [401, { error: "unauthorized", reason: "no" }, UnauthorizedError],
    [403, { error: "forbidden", reason: "no" }, ForbiddenError],
    [404, { error: "not_found", reason: "no" }, NotFoundError],
  ];
  test.each(final)("but not after %i", async (status, body, Class) => {
    hurry();
    const { db, faults, asked } = followed;
    await write(db, 1);
    const answer = { status, headers: { "content-type": "application/json" } };
    faults((before) =>
      before === 0 ? undefined : { answer: { ...answer, body: JSON.stringify(body) } },
    );
    const states: FeedState[] = [];
    const changes = followed.followed().changes({ feed, onState: (state) => states.push(state) });
    const events = changes[Symbol.asyncIterator]();
    await events.next();
    const failed = failure(events.next());
    for (const passing of followed.proxy.underWay) passing.breakOff("cut");
    const error = await failed;
    expect(error).toBeInstanceOf(Class);
    expect(states.at(-1)).toEqual({ state: "closed", reason: error });
    // Credentials may have been renewed: once.
    const tries = asked().length;
    expect(tries).toBe(status === 401 ? 3 : 2);
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });

  test("with credentials that are new", async () => {
    hurry();
    const { db, server, faults } = followed;
    await write(db, 1);
    let token = "old";
    const auth: Auth = {
      headers: () => ({
        authorization: `Basic ${btoa(`${server.user}:${server.password}`)}`,
        "x-token": token,
      }),
    };
    const answer = { status: 401, body: '{"error":"unauthorized","reason":"expired"}' };
    faults((before) => {
      if (before !== 1) return undefined;
      token = "new";
      return { answer };
    });
    const events = followed.followed({ auth }).changes({ feed })[Symbol.asyncIterator]();
    await events.next();
    const next = events.next();
    for (const passing of followed.proxy.underWay) passing.breakOff("cut");
    await write(db, 1, 1);
    expect((await next).value?.id).toBe("doc-1");
    await events.return?.();
  });

  test("not with a server that never was CouchDB", async () => {
    const { faults, asked } = followed;
    faults(() => ({ answer: { status: 200, headers: html, body: page } }));
    const events = followed.followed().changes({ feed })[Symbol.asyncIterator]();
    expect(await failure(events.next())).toBeInstanceOf(InvalidResponseError);
    expect(asked().length).toBe(1);
  });

  test("when the server is there at last", async () => {
    hurry();
    const { db, proxy } = followed;
    await write(db, 1);
    await proxy.refuse();
    let accepting: Promise<void> | undefined;
    const states: FeedState[] = [];
    const onState = (state: FeedState) => {
      states.push(state);
      if (states.length === 6) accepting = proxy.accept();
    };
    expect(await take(followed.followed().changes({ feed, onState }), 1)).toEqual(["doc-0"]);
    await accepting;
    expect(states[1]).toMatchObject({ state: "waiting", reason: expect.any(NetworkError) });
  });

  test("but only as often on end as the session repeats", async () => {
    hurry();
    const { db, faults, asked } = followed;
    await write(db, 1);
    const answer = { status: 503, body: '{"error":"busy"}' };
    faults((before) => (before === 3 ? undefined : { answer }));
    const events = followed
      .followed({ retry: { limit: 3 } })
      .changes({ feed })
      [Symbol.asyncIterator]();
    // The fourth try brings something, and so the count begins anew.
    expect((await events.next()).value?.id).toBe("doc-0");
    const failed = failure(events.next());
    for (const passing of followed.proxy.underWay) passing.breakOff("cut");
    expect(await failed).toBeInstanceOf(ServerError);
    expect(asked().length).toBeLessThanOrEqual(8);
    expect(asked().length).toBeGreaterThanOrEqual(7);
  });

  test("waiting twice as long from try to try, up to 30 s, and anew after an event", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0.0001);
    const { db, faults } = followed;
    await write(db, 1);
    faults((before) => (before < 10 || before === 11 ? { how: "reset" } : undefined));
    const delays: number[] = [];
    const onState = ({ state, delay }: FeedState) => {
      if (state === "waiting") delays.push((delay ?? 0) * 10_000);
    };
    const events = followed.followed().changes({ feed, onState })[Symbol.asyncIterator]();
    await events.next();
    const longest = [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000];
    expect(delays.map(Math.round)).toEqual(longest);
    const next = events.next();
    for (const passing of followed.proxy.underWay) passing.breakOff("cut");
    await write(db, 1, 1);
    await next;
    expect(delays.map(Math.round).slice(longest.length)).toContain(250);
    await events.return?.();
  });

  test("from where it began, if it begins now and nothing has come yet", async () => {
    hurry();
    const { db, proxy } = followed;
    await write(db, 1);
    let isLive = () => {};
    const live = new Promise<void>((resolve) => {
      isLive = resolve;
    });
    const onState = ({ state }: FeedState) => {
      if (state === "live") isLive();
    };
    const changes = followed.followed().changes({ feed, since: "now", onState });
    const events = changes[Symbol.asyncIterator]();
    const next = events.next();
    await live;
    const begin = changes.sequence;
    expect(begin).toBeDefined();
    await proxy.refuse();
    await write(db, 1, 1);
    await proxy.accept();
    expect((await next).value?.id).toBe("doc-1");
    await events.return?.();
    expect(changes.sequence).toBe(begin);
  });

  test("not into another database of the same name", async () => {
    hurry();
    const { couch, db, proxy } = followed;
    await write(db, 1);
    const { instance_start_time } = await db.info();
    const events = followed.followed().changes({ feed })[Symbol.asyncIterator]();
    await events.next();
    const failed = failure(events.next());
    await proxy.refuse();
    await db.delete();
    // CouchDB tells databases apart by the second of their creation.
    do {
      await couch.delete(db.id).catch(() => {});
      await couch.create(db.id);
    } while ((await db.info()).instance_start_time === instance_start_time);
    await write(db, 1);
    await proxy.accept();
    const error = await failed;
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error.reason).toContain("another database");
  });
});

test("a long poll stays live from answer to answer", async () => {
  const { db } = followed;
  const states: string[] = [];
  const onState = ({ state }: FeedState) => states.push(state);
  const events = db.changes({ feed: "longpoll", onState })[Symbol.asyncIterator]();
  for (let count = 0; count < 3; count += 1) {
    const next = events.next();
    await write(db, 1, count);
    await next;
  }
  await events.return?.();
  expect(states).toEqual(["connecting", "catchingUp", "live", "closed"]);
});

test.each(["signal", "session"])("a feed that is ended by its %s tells so at once", async (how) => {
  const { db, session } = followed;
  await write(db, 1);
  const controller = new AbortController();
  const { signal } = controller;
  const couch = session();
  const states: FeedState[] = [];
  const onState = (state: FeedState) => states.push(state);
  const changes = couch.database(db.id).changes({ feed: "continuous", signal, onState });
  await changes[Symbol.asyncIterator]().next();
  // Nobody asks for an event.
  if (how === "signal") controller.abort(new DOMException("enough", "AbortError"));
  else await couch.close();
  expect(states.at(-1)).toMatchObject({ state: "closed", reason: { name: "AbortError" } });
});

describe("a normal feed", () => {
  test("goes on where it was cut", async () => {
    hurry();
    const { db, faults, asked } = followed;
    const ids = await write(db, 8);
    faults((before) => (before < 12 ? { after: 150 * (before + 1), how: "end" } : undefined));
    const given: string[] = [];
    for await (const { id } of followed.followed().changes()) given.push(id);
    expect(given.toSorted()).toEqual(ids);
    expect(asked().length).toBeGreaterThan(1);
  });

  test("gives up when nothing comes any more", async () => {
    hurry();
    const { db, faults, asked } = followed;
    await write(db, 1);
    faults(() => ({ after: 5, how: "cut" }));
    const error = await failure(take(followed.followed().changes(), 9));
    expect(error.name).toBe("IncompleteResponseError");
    expect(asked().length).toBe(3);
  });

  test("that runs backwards cannot", async () => {
    hurry();
    const { db, faults, asked } = followed;
    await write(db, 4);
    faults(() => ({ after: 300, how: "end" }));
    const error = await failure(take(followed.followed().changes({ descending: true }), 9));
    expect(error.name).toBe("IncompleteResponseError");
    expect(asked().length).toBe(1);
  });
});
