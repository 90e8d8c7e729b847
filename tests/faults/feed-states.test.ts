import { type ChangesOptions, CouchDB, type FeedState, NotFoundError } from "couchfetch";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Answering, database, json, startAnswering } from "./answering.js";
import { failure, hurry } from "./following.js";

let server: Answering | undefined;

afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  await server?.close();
  server = undefined;
});

const type = { "content-type": "application/json" };
const change = (seq: number) => ({ seq, id: `doc-${seq}`, changes: [{ rev: "1-a" }] });
const changes = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, n) => change(from + n + 1));
const busy = { error: "busy", reason: "come back later" };

type Answer = Parameters<typeof startAnswering>[0];

/** A feed of a scripted server, which is read in the background. */
async function reading(answer: Answer, options: ChangesOptions = {}, hasChanges = false) {
  server = await startAnswering(answer, database, hasChanges);
  const { url, requests } = server;
  const states: FeedState[] = [];
  const ids: string[] = [];
  const onState = (state: FeedState) => void states.push(state);
  const db = new CouchDB(url).database("animals");
  const feed = db.changes({ feed: "continuous", heartbeat: 60_000, ...options, onState });
  const end = failure(
    (async () => {
      for await (const { id } of feed) ids.push(id);
    })(),
  );
  const until = (isSo: (last: FeedState) => boolean) =>
    vi.waitUntil(() => states.at(-1) && isSo(states.at(-1) as FeedState), { timeout: 10_000 });
  return { feed, states, ids, requests, end, until };
}

/** What a feed asks for, without what is the same in all of these tests. */
const asked = ({ requests }: { requests: string[] }) =>
  requests.map((request) => request.replace(/^.*\?|heartbeat=\d+&|&heartbeat=\d+$/g, ""));

/** Busy once for a minute, and then as told. */
const afterAMinute =
  (next: Answer): Answer =>
  (response, before, ...rest) => {
    if (before > 0) return next(response, before, ...rest);
    response.setHeader("retry-after", "60");
    json(response, 503, busy);
  };

const serve: Answer = (response) => {
  response.writeHead(200, type).write(`${JSON.stringify(change(1))}\n`);
};

describe("while a feed catches up", () => {
  test("the first response says how many changes are to come, and one more brings them all", async () => {
    const read = await reading(
      (response, before) => {
        const results = [changes(0, 100), changes(100, 1_000)][before];
        if (!results) return serve(response, before, {} as never, "");
        json(response, 200, { results, last_seq: before ? 1_000 : 100, pending: before ? 0 : 900 });
      },
      {},
      true,
    );
    await read.until(({ caughtUp }) => caughtUp === true);
    await vi.waitUntil(() => read.ids.length === 1_001);
    expect(asked(read)).toEqual(["limit=100", "since=100", "feed=continuous&since=1000"]);
    expect(read.states.slice(0, 3)).toEqual([
      { state: "connecting" },
      { state: "catchingUp" },
      { state: "catchingUp", pending: 900 },
    ]);
    await read.feed.close();
  });

  test("a server that does not count is asked no more often", async () => {
    const read = await reading(
      (response, before) => {
        const results = [changes(0, 100), changes(100, 1_000)][before];
        if (!results) return serve(response, before, {} as never, "");
        json(response, 200, { results, last_seq: before ? 1_000 : 100 });
      },
      {},
      true,
    );
    await read.until(({ caughtUp }) => caughtUp === true);
    expect(read.states.flatMap(({ pending }) => pending ?? [])).toEqual([]);
    await vi.waitUntil(() => read.requests.length === 3);
    await read.feed.close();
  });

  test("changes are counted again after a lost connection", async () => {
    hurry();
    const read = await reading(
      (response, before) => {
        if (before === 0)
          json(response, 200, { results: changes(0, 100), last_seq: 100, pending: 50 });
        else if (before === 1) response.destroy();
        else if (before === 2)
          json(response, 200, { results: changes(100, 200), last_seq: 200, pending: 4_000 });
        else response.writeHead(200, type).write('{"results":[\n');
      },
      {},
      true,
    );
    await read.until(({ pending }) => pending === 4_000);
    expect(asked(read).slice(0, 3)).toEqual(["limit=100", "since=100", "since=100&limit=100"]);
    expect(read.states).toEqual([
      { state: "connecting" },
      { state: "catchingUp" },
      { state: "catchingUp", pending: 50 },
      { state: "waiting", attempt: 1, delay: expect.any(Number), reason: expect.anything() },
      { state: "catchingUp" },
      { state: "catchingUp", pending: 4_000 },
    ]);
    await read.feed.close();
  });

  test("a server that filters may be silent for 5 s, whatever the heartbeat", async () => {
    const heartbeat = 20;
    const read = await reading(
      async (response) => {
        // Many heartbeats, and longer than a live feed may be silent.
        await new Promise((resolve) => setTimeout(resolve, 20 * heartbeat));
        json(response, 200, { results: [], last_seq: 5, pending: 0 });
      },
      { filter: "zoo/none", heartbeat },
      true,
    );
    await read.until(({ caughtUp }) => caughtUp === true);
    expect(read.states.map(({ state }) => state)).toEqual(["connecting", "catchingUp", "live"]);
    await read.feed.close();
  });

  test("a database that is created anew is told from the old one", async () => {
    const knows = { db_name: "animals", instance_start_time: "1" };
    server = await startAnswering(
      (response) => {
        json(response, 200, { results: changes(0, 2), last_seq: 2, pending: 0 });
      },
      knows,
      true,
    );
    const db = new CouchDB(server.url).database("animals");
    const given: string[] = [];
    const read = async () => {
      for await (const { id } of db.changes({ feed: "continuous" })) {
        given.push(id);
        knows.instance_start_time = "2";
        // CouchDB tells databases apart by the second of their creation.
        const until = performance.now() + 1_050;
        await vi.waitUntil(() => performance.now() > until, { timeout: 5_000 });
      }
    };
    expect(await failure(read())).toBeInstanceOf(NotFoundError);
    expect(given).toEqual(["doc-1", "doc-2"]);
    expect(server.requests.length).toBe(1);
  });
});

test("a feed stays live from response to response", async () => {
  const read = await reading((response, before) => {
    response.writeHead(200, type);
    const seq = before + 1;
    const line = `${JSON.stringify(change(seq))}\n`;
    if (before < 5) response.end(`${line}{"last_seq":${seq},"pending":0}\n`);
    else response.write(line);
  });
  await vi.waitUntil(() => read.ids.length === 6);
  await read.feed.close();
  expect(read.states).toEqual([
    { state: "connecting" },
    { state: "catchingUp" },
    { state: "live", caughtUp: true },
    { state: "closed" },
  ]);
});

test("an error of the checkpoint does not say again that the feed has caught up", async () => {
  const save = () => {
    throw new Error("the disk is full");
  };
  const read = await reading(() => {}, { checkpoint: { load: () => undefined, save } });
  await read.until(({ checkpointError }) => checkpointError !== undefined);
  await read.feed.close();
  expect(read.states.filter(({ caughtUp }) => caughtUp).length).toBe(1);
  expect(read.states).toContainEqual({ state: "live", checkpointError: expect.any(Error) });
});

describe("a wait that is cut short", () => {
  test("by retryNow, also from within onState, counts as an attempt; the next waits are short again", async () => {
    // The longest waits that there can be.
    vi.spyOn(Math, "random").mockReturnValue(1);
    const delays: number[] = [];
    server = await startAnswering((response, before) => {
      if (before < 4) json(response, 503, busy);
      else json(response, 403, { error: "forbidden", reason: "no" });
    }, database);
    const db = new CouchDB(server.url).database("animals");
    const attempts: number[] = [];
    const feed = db.changes({
      feed: "continuous",
      onState({ state, attempt = 0, delay = 0 }) {
        if (state !== "waiting") return;
        attempts.push(attempt);
        delays.push(delay);
        if (attempt === 3) feed.retryNow();
      },
    });
    await failure(feed.batches().next());
    expect(attempts).toEqual([1, 2, 3, 4]);
    expect(delays).toEqual([250, 500, 1_000, 250]);
  });

  test("ends at once when the feed is closed", async () => {
    const read = await reading(afterAMinute(serve));
    await read.until(({ state }) => state === "waiting");
    await read.feed.close();
    expect(await read.end).toBeUndefined();
  });

  /** What a page has: how many listeners there are to each of its events. */
  function page() {
    const listening: string[] = [];
    class Target extends EventTarget {
      override addEventListener(...parameters: Parameters<EventTarget["addEventListener"]>) {
        const [type, , options] = parameters;
        listening.push(type);
        const { signal } = Object(options) as AddEventListenerOptions;
        signal?.addEventListener("abort", () => listening.splice(listening.indexOf(type), 1));
        super.addEventListener(...parameters);
      }
    }
    const window = new Target();
    const document = Object.assign(new Target(), { visibilityState: "visible" });
    vi.stubGlobal("addEventListener", window.addEventListener.bind(window));
    vi.stubGlobal("document", document);
    return { window, document, listening };
  }

  test.each(["online", "visibilitychange"])(
    "by %s, which is listened to only meanwhile",
    async (event) => {
      const { window, document, listening } = page();
      const read = await reading(afterAMinute(serve));
      await read.until(({ state }) => state === "waiting");
      expect(listening.toSorted()).toEqual(["online", "visibilitychange"]);
      // It is live before the wait of a minute is over.
      (event === "online" ? window : document).dispatchEvent(new Event(event));
      await vi.waitUntil(() => read.ids.length === 1);
      expect(listening).toEqual([]);
      await read.feed.close();
      expect(read.states.map(({ state }) => state)).toEqual([
        "connecting",
        "catchingUp",
        "live",
        "waiting",
        "live",
        "closed",
      ]);
    },
  );

  test("not by a page that is hidden, and no listener stays when the feed is closed", async () => {
    const { document, listening } = page();
    const read = await reading(afterAMinute(serve));
    await read.until(({ state }) => state === "waiting");
    document.visibilityState = "hidden";
    document.dispatchEvent(new Event("visibilitychange"));
    for (let turns = 0; turns < 20; turns += 1) await new Promise(setImmediate);
    expect(read.requests.length).toBe(1);
    await read.feed.close();
    await vi.waitUntil(() => listening.length === 0);
  });
});
