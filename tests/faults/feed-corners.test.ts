import {
  type Checkpoint,
  CouchDB,
  dbUpdates,
  type FeedState,
  InvalidResponseError,
  localCheckpoint,
  NotFoundError,
  type Sequence,
} from "couchfetch";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Answering, database, json, startAnswering } from "./answering.js";
import { failure, hurry } from "./following.js";

let server: Answering | undefined;

afterEach(async () => {
  vi.restoreAllMocks();
  await server?.close();
  server = undefined;
});

const type = { "content-type": "application/json" };
const line = (seq: unknown, id: string) =>
  `${JSON.stringify({ seq, id, changes: [{ rev: "1-a" }] })}\n`;

/** A server with one database, which is created anew, and one `_local` document. */
async function serving(answer: Parameters<typeof startAnswering>[0]) {
  const database = { db_name: "animals", instance_start_time: "1" };
  let local: string | undefined;
  const answering = await startAnswering((response, before, request, body) => {
    if (!request.url?.includes("_local")) return answer(response, before, request, body);
    if (request.method === "PUT") {
      local = JSON.stringify({ ...JSON.parse(body), _rev: "0-1" });
      return json(response, 201, { ok: true, id: "_local/c", rev: "0-1" });
    }
    if (local) response.writeHead(200, type).end(local);
    else json(response, 404, { error: "not_found", reason: "missing" });
  }, database);
  server = answering;
  const db = new CouchDB(answering.url).database("animals");
  const recreate = () => {
    database.instance_start_time = "2";
    local = undefined;
  };
  return { ...answering, db, recreate, local: () => local };
}

describe("a feed that is closed before it has asked for anything", () => {
  test.each(["updates", "normal", "continuous"])(
    "ends, and asks for nothing more: %s",
    async (what) => {
      const { url, requests } = await serving(() => {});
      for (const how of ["close", "onState"]) {
        const couch = new CouchDB(url);
        const states: string[] = [];
        const onState = ({ state }: FeedState) => {
          states.push(state);
          if (how === "onState") void feed.close();
        };
        const feed =
          what === "updates"
            ? dbUpdates(couch, { feed: "continuous", onState })
            : couch.database("animals").changes({ feed: what as "normal", onState });
        const next = feed[Symbol.asyncIterator]().next();
        if (how === "close") void feed.close();
        expect(await next).toEqual({ done: true, value: undefined });
        expect(states).toEqual(["connecting", "closed"]);
      }
      expect(requests).toEqual([]);
    },
  );
});

test("a feed from now on that is never told where it is asks again", async () => {
  hurry();
  const answer: Parameters<typeof startAnswering>[0] = (response, before) => {
    response.writeHead(200, type);
    if (before === 0) response.write('{"results":[\n');
    else if (before === 1) response.end('{"results":[],"last_seq":7,"pending":0}');
    else response.write(line(8, "cat"));
  };
  server = await startAnswering(answer, database, true);
  const { url, requests } = server;
  const db = new CouchDB(url).database("animals");
  const changes = db.changes({ feed: "continuous", since: "now", heartbeat: 60 });
  for await (const { id } of changes) {
    expect(id).toBe("cat");
    break;
  }
  expect(requests.map((request) => /since=\w+/.exec(request)?.[0])).toEqual([
    "since=now",
    "since=now",
    "since=7",
  ]);
});

describe("a database that is created anew", () => {
  test("does not get the old one's checkpoint, nor is it loaded for it", async () => {
    hurry();
    const { db, recreate, local } = await serving((response) => {
      response.writeHead(200, type);
      response.write(line(1001, "cat") + line(1002, "dog"), () => {
        recreate();
        response.destroy();
      });
    });
    const checkpoint = localCheckpoint(db, "c");
    await checkpoint.save(1000);
    expect(await checkpoint.load()).toBe(1000);
    const given: string[] = [];
    const read = async () => {
      for await (const { id } of db.changes({ feed: "continuous", checkpoint })) given.push(id);
    };
    expect(await failure(read())).toBeInstanceOf(NotFoundError);
    expect(given).toEqual(["cat", "dog"]);
    expect(local()).toBeUndefined();
    expect(await checkpoint.load()).toBeUndefined();
  });

  test("is told from the old one by a long poll, too, while the consumer takes its time", async () => {
    const { db, recreate } = await serving((response, before) => {
      const changes = [{ seq: before + 1, id: `doc-${before}`, changes: [{ rev: "1-a" }] }];
      json(response, 200, { results: changes, last_seq: before + 1, pending: 0 });
    });
    const given: string[] = [];
    const read = async () => {
      for await (const { id } of db.changes({ feed: "longpoll" })) {
        given.push(id);
        recreate();
        // CouchDB tells databases apart by the second of their creation.
        const until = performance.now() + 1_050;
        await vi.waitUntil(() => performance.now() > until, { timeout: 5_000 });
      }
    };
    expect(await failure(read())).toBeInstanceOf(NotFoundError);
    expect(given).toEqual(["doc-0"]);
  });
});

test("a checkpoint that cannot be saved at the end is tried once", async () => {
  const { db } = await serving((response) => {
    response.writeHead(200, type);
    response.write(line(1, "cat") + line(2, "dog") + line(3, "emu"));
  });
  const tried: Sequence[] = [];
  const checkpoint: Checkpoint = {
    load: () => undefined,
    async save(sequence) {
      tried.push(sequence);
      throw new Error("no");
    },
  };
  const changes = db.changes({ feed: "continuous", checkpoint });
  for await (const { id } of changes) if (id === "dog") await changes.close();
  await changes.close();
  // What was finished when it was closed, and then the event at hand.
  expect(tried).toEqual([1, 2]);
});

test("a fetch that answers just when the feed is ended leaves nothing behind", async () => {
  for (let turns = 0; turns < 16; turns += 1) {
    let cancelled = false;
    const states: string[] = [];
    const controller = new AbortController();
    const { signal } = controller;
    const fetch = async ({ url }: Request) => {
      if (!url.includes("_changes")) return Response.json({ db_name: "animals" });
      const abort = async () => {
        for (let turn = 0; turn < turns; turn += 1) await undefined;
        controller.abort(new Error("enough"));
      };
      void abort();
      const cancel = () => {
        cancelled = true;
      };
      return new Response(new ReadableStream({ cancel }, { highWaterMark: 0 }), { headers: type });
    };
    const setAndCleared = [
      vi.spyOn(globalThis, "setInterval"),
      vi.spyOn(globalThis, "clearInterval"),
    ];
    const db = new CouchDB("http://localhost:1", { fetch }).database("animals");
    const onState = ({ state }: FeedState) => states.push(state);
    const next = db.changes({ feed: "continuous", signal, onState })[Symbol.asyncIterator]().next();
    expect((await failure(next)).message).toBe("enough");
    await vi.waitUntil(() => cancelled);
    const [set, cleared] = setAndCleared.map(({ mock }) => mock);
    for (const { value } of set?.results ?? []) {
      expect(
        cleared?.calls.map(([timer]) => timer),
        `after ${turns} turns`,
      ).toContain(value);
    }
    expect(states.indexOf("closed"), `after ${turns} turns`).toBe(states.length - 1);
    vi.restoreAllMocks();
  }
});

test("a server that ends empty answers at once is not hammered, wherever it says it stands", async () => {
  vi.spyOn(Math, "random").mockReturnValue(1);
  const times: number[] = [];
  const { db } = await serving((response, before) => {
    times.push(performance.now());
    const results = before === 1 ? [{ seq: 9, id: "cat", changes: [{ rev: "1-a" }] }] : [];
    json(response, 200, { results, last_seq: `${before}-${crypto.randomUUID()}`, pending: 0 });
  });
  for await (const _event of db.changes({ feed: "longpoll" })) break;
  expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(240);
});

test("events without a sequence are no progress, and no place to go on from", async () => {
  hurry();
  const { url, requests } = await serving((response) => {
    response.writeHead(200, type);
    response.write(line(null, "cat") + line(undefined, "dog"), () => response.destroy());
  });
  const db = new CouchDB(url, { retry: { limit: 2 } }).database("animals");
  const changes = db.changes({ feed: "continuous", since: "5-a" });
  const read = async () => {
    for await (const _event of changes);
  };
  expect((await failure(read())).name).toBe("IncompleteResponseError");
  expect(changes.sequence).toBe("5-a");
  expect(requests.length).toBe(3);
});

test("an answer that cannot be read is asked for once more, and not for ever", async () => {
  hurry();
  const { db, requests } = await serving((response, before) => {
    response.writeHead(200, type);
    if (before === 0) response.write(`${line("1-a", "cat")}<html>Gateway timeout</html>\n`);
    else response.write(`${line("2-b", "dog")}{"seq":\n`);
  });
  const given: string[] = [];
  const read = async () => {
    for await (const { id } of db.changes({ feed: "continuous" })) given.push(id);
  };
  expect(await failure(read())).toBeInstanceOf(InvalidResponseError);
  expect(given.slice(0, 2)).toEqual(["cat", "dog"]);
  expect(requests.length).toBeGreaterThan(1);
});

test("no more than limit are given, whatever the server sends", async () => {
  const { db } = await serving((response) => {
    response.writeHead(200, type);
    response.write(["a", "b", "c", "d"].map((id, index) => line(index, id)).join(""));
  });
  const given: string[] = [];
  for await (const { id } of db.changes({ feed: "continuous", limit: 2 })) given.push(id);
  expect(given).toEqual(["a", "b"]);
});
