import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { CouchDB, CouchDBError, readRows, TimeoutError } from "couchfetch";
import { afterEach, describe, expect, test } from "vitest";
import { type Answering, json, startAnswering } from "./answering.js";

let server: Answering | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Collects garbage until something is so. */
async function collectUntil(isSo: () => boolean): Promise<void> {
  await expect
    .poll(
      async () => {
        collect();
        // What is done for something that was collected is a task of its own.
        await setImmediate();
        return isSo();
      },
      { timeout: 10_000 },
    )
    .toBe(true);
}

/** Begins a body that goes on when it is told to. */
function begun() {
  let goOn = () => {};
  const answer: Parameters<typeof startAnswering>[0] = (response) => {
    response.writeHead(200, { "content-type": "text/plain" });
    response.write("x".repeat(100_000));
    goOn = () => response.end("end");
  };
  return { answer, goOn: () => goOn() };
}

describe("a response that nobody reads", () => {
  const unread: Record<string, (couch: CouchDB, signal: AbortSignal) => Promise<unknown>> = {
    "of a request": (couch) => couch.request("animals/_page"),
    "of a request with a signal": (couch, signal) => couch.request("animals/_page", { signal }),
    "of an upload": (couch) => couch.request("animals/a", { method: "PUT", body: "text" }),
    "of an attachment": (couch) =>
      couch.database("animals").document("cat").attachment("a").fetch(),
    "whose first bytes were read": async (couch) => {
      const { body } = await couch.request("animals/_page");
      await body?.getReader().read();
    },
  };

  test.each(Object.entries(unread))("is hung up when it is collected: %s", async (_, request) => {
    server = await startAnswering(begun().answer);
    const couch = new CouchDB(server.url);
    const { signal } = new AbortController();
    let hasLeft = false;
    void server.left.then(() => {
      hasLeft = true;
    });
    await request(couch, signal);
    await collectUntil(() => hasLeft);
    // The session is in use until here.
    await couch.close();
  });

  test("is not kept: memory does not grow with their number", async () => {
    server = await startAnswering((response) => json(response, 200, { ok: true }));
    const couch = new CouchDB(server.url);
    const many = async (count: number) => {
      for (let n = 0; n < count; n += 1) await couch.request("animals/_compact");
      for (let n = 0; n < 5; n += 1) {
        collect();
        // Closing what was collected takes further tasks and network events; nothing tells when all are over.
        await sleep(20);
      }
      return process.memoryUsage().heapUsed;
    };
    const before = await many(200);
    const count = 500;
    expect((await many(count)) - before).toBeLessThan(count * 4_000);
    await couch.close();
  });

  test("is not hung up while it is read, however slowly", async () => {
    const { answer, goOn } = begun();
    server = await startAnswering(answer);
    const reader = (await new CouchDB(server.url).request("animals/_page")).body?.getReader();
    let size = (await reader?.read())?.value?.length ?? 0;
    for (let n = 0; n < 5; n += 1) {
      collect();
      await setImmediate();
    }
    goOn();
    for (let step = await reader?.read(); step?.value; step = await reader?.read())
      size += step.value.length;
    expect(size).toBe(100_003);
  });
});

describe("a path", () => {
  const out = ["..", ".", "%2e%2e", "%2E", "a/..", "a/%2e%2e"];
  const trimmed = [" ", "\u0000", "\u001f", "\t", "\n", "\r", " \u0001 "];
  const paths = [
    ...out.flatMap((path) => trimmed.map((end) => path + end)),
    "a ",
    "a\u0000",
    "a?b ",
    "a\u007f",
  ];

  test.each(paths)("that a URL parser would trim is a TypeError: %j", async (path) => {
    server = await startAnswering((response) => json(response, 200, {}));
    const couch = new CouchDB(`${server.url}/couch`);
    await expect(couch.request(path)).rejects.toThrow(TypeError);
    await expect(couch.request(path, { query: { a: 1 } })).rejects.toThrow(TypeError);
    expect(() => readRows(couch.database("animals"), path)).toThrow(TypeError);
    expect(server.requests).toEqual([]);
  });

  test("that is accepted stays below the server's URL, and is sent as it is", async () => {
    server = await startAnswering((response) => json(response, 200, {}));
    const couch = new CouchDB(`${server.url}/couch`);
    const given = ["a b", "a/ ..", ".. /b", "...", "a%20", "a?b= c", "%2e%2e%2e", "ä", "a//b", ""];
    for (const path of given) await (await couch.request(path)).text();
    const asked = server.requests.map((each) => each.replace("GET /couch/", ""));
    expect(asked.map(decodeURI)).toEqual(given.map(decodeURI));
  });
});

describe("a 304", () => {
  const etag = '"1-a"';
  const answer: Parameters<typeof startAnswering>[0] = (response, _before, { headers }) => {
    if (headers["if-none-match"] !== etag) return json(response, 200, { _id: "cat" });
    response.writeHead(304, { etag }).end();
  };

  test("that was asked for is a Response", async () => {
    server = await startAnswering(answer);
    const couch = new CouchDB(server.url);
    const response = await couch.request("animals/cat", { headers: { "If-None-Match": etag } });
    expect(response.status).toBe(304);
    expect(response.headers.get("etag")).toBe(etag);
    expect(response.body).toBe(null);
    const other = await couch.request("animals/cat", { headers: { "if-none-match": '"2-b"' } });
    expect(await other.json()).toEqual({ _id: "cat" });
  });

  test("that was not asked for is neither an attachment nor rows", async () => {
    server = await startAnswering((response) => response.writeHead(304).end());
    const db = new CouchDB(server.url).database("animals");
    const works = [
      () => db.document("cat").attachment("a").fetch(),
      () => db.docs().toArray(),
      () => db.find({}).toArray(),
      () => db.info(),
      () => db.get("cat"),
    ];
    for (const work of works) await expect(work()).rejects.toThrow(CouchDBError);
  });
});

test("the body of a response to a stream may take longer than the timeout", async () => {
  server = await startAnswering(async (response) => {
    response.writeHead(200, { "content-type": "text/plain" });
    for (let n = 0; n < 8; n += 1) {
      response.write("x");
      // These waits are what the case is about: together they exceed the timeout, and none does alone.
      await sleep(50);
    }
    response.end();
  });
  const couch = new CouchDB(server.url, { timeout: 250 });
  const body = new Blob(["text"]).stream();
  const response = await couch.request("animals/a", { method: "PUT", body });
  expect(await response.text()).toBe("xxxxxxxx");
});

test("the body of a response to a stream is watched, too", async () => {
  server = await startAnswering((response) => {
    response.writeHead(200, { "content-type": "text/plain" });
    response.write("x");
  });
  const couch = new CouchDB(server.url, { timeout: 100 });
  const body = new Blob(["text"]).stream();
  const response = await couch.request("animals/a", { method: "PUT", body });
  await expect(response.text()).rejects.toThrow(TimeoutError);
});
