import { inspect } from "node:util";
import {
  basic,
  ConflictError,
  CouchDB,
  CouchDBError,
  type FeedState,
  ForbiddenError,
  IncompleteResponseError,
  InvalidResponseError,
  NetworkError,
  NotFoundError,
  PayloadTooLargeError,
  ServerError,
  TimeoutError,
  TooManyRequestsError,
  UnauthorizedError,
} from "couchfetch";
import { afterEach, describe, expect, test } from "vitest";
import { type Answering, database, json, startAnswering } from "./answering.js";

let server: Answering | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function answering(...parameters: Parameters<typeof startAnswering>): Promise<Answering> {
  await server?.close();
  server = await startAnswering(...parameters);
  return server;
}

const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error) => error,
  );

const welcome = { couchdb: "Welcome", version: "3.5.0" };

const page = "<!doctype html><title>Bad gateway</title><p>admin:hunter2";

const strangeRows: unknown[] = [
  [{ id: "dog", key: "dog", value: { rev: "1-a" } }],
  [{ key: "dog", error: "not_found" }],
  [{ id: "cat", key: "cat", value: {} }],
  [{ id: "cat", key: "cat", value: null }],
  [null],
  [],
  null,
];

test.each(strangeRows.map((rows) => [JSON.stringify(rows), rows]))(
  "rows %s do not tell whether the document cat exists",
  async (_, rows) => {
    const { url } = await answering((response) => json(response, 200, { rows }));
    const cat = new CouchDB(url).database("animals").document("cat", {});
    const db = new CouchDB(url).database("animals");
    for (const work of [
      cat.info(),
      cat.attachment("a").exists(),
      db.create("cat", {}),
      db.create("cat", {}, { existsOk: true }),
    ])
      expect(await failure(work)).toBeInstanceOf(InvalidResponseError);
  },
);

describe("answers that are not CouchDB's", () => {
  const answers: [string, number, Record<string, string>, string, typeof CouchDBError][] = [
    ["a page for 200", 200, { "content-type": "text/html" }, page, InvalidResponseError],
    ["a page for 404", 404, { "content-type": "text/html" }, page, InvalidResponseError],
    ["a text for 404", 404, { "content-type": "text/plain" }, "Not found.", InvalidResponseError],
    ["nothing for 404", 404, {}, "", InvalidResponseError],
    ["nothing for 200", 200, { "content-type": "application/json" }, "", InvalidResponseError],
    [
      "JSON of another kind for 404",
      404,
      { "content-type": "application/json" },
      "[]",
      InvalidResponseError,
    ],
    ["a page for 409", 409, { "content-type": "text/html" }, page, InvalidResponseError],
    ["a page for 401", 401, { "content-type": "text/html" }, page, UnauthorizedError],
    ["a page for 403", 403, { "content-type": "text/html" }, page, ForbiddenError],
    ["a page for 413", 413, { "content-type": "text/html" }, page, PayloadTooLargeError],
    ["a page for 502", 502, { "content-type": "text/html" }, page, ServerError],
    ["a redirect", 302, { location: "http://127.0.0.1:1/?hunter2" }, "", InvalidResponseError],
    [
      "an odd status",
      418,
      { "content-type": "application/json" },
      '{"error":"teapot"}',
      CouchDBError,
    ],
  ];

  for (const [what, status, headers, body, Class] of answers) {
    test(`${what} is one clear error, without a credential`, async () => {
      const { url, requests } = await answering((response) => {
        response.writeHead(status, headers);
        response.end(body);
      });
      const couch = new CouchDB(url.replace("//", "//admin:hunter2@"), { retry: { limit: 0 } });
      const error = await failure(couch.database("animals").get("cat", { default: {} }));
      expect(error).toBeInstanceOf(Class);
      expect(error.constructor).toBe(Class);
      expect(error.status).toBe(status);
      expect(error.method).toBe("GET");
      expect(error.url).toBe(`${url}/animals/cat`);
      expect(error.message).toContain(`GET ${url}/animals/cat: ${status}`);
      expect(error.name).toBe(Class === CouchDBError ? "CouchDBError" : error.name);
      const shown = inspect(error, { depth: 9, showHidden: true }) + error.stack;
      expect(shown).not.toMatch(/hunter2|Basic|authorization/i);
      expect(inspect(couch, { depth: 9, showHidden: true })).not.toMatch(/hunter2|YWRtaW46/);
      expect(requests).toEqual(["GET /animals/cat"]);
    });
  }

  test("a page where rows should be is the same", async () => {
    const { url } = await answering((response) => {
      response.writeHead(200, { "content-type": "text/html" });
      response.end(page);
    });
    const db = new CouchDB(url).database("animals");
    const works = [
      db.docs().toArray(),
      db.find({}).toArray(),
      db.changes()[Symbol.asyncIterator]().next(),
      db.changes({ feed: "longpoll" })[Symbol.asyncIterator]().next(),
      db.changes({ feed: "continuous" })[Symbol.asyncIterator]().next(),
    ];
    for (const error of await Promise.all(works.map(failure))) {
      expect(error).toBeInstanceOf(CouchDBError);
      expect(error.message).toContain(`${url}/animals`);
      expect([InvalidResponseError, IncompleteResponseError]).toContain(error.constructor);
    }
  });

  test("JSON that anybody could have answered is no success", async () => {
    for (const value of [null, 1, "x", [], {}, { status: "ok" }]) {
      const { url } = await answering((response, before) => {
        if (before === 0) json(response, 404, { error: "not_found", reason: "missing" });
        else json(response, 200, value);
      });
      const couch = new CouchDB(url);
      const db = couch.database("animals");
      const cat = await db.create("cat", { legs: 4 });
      // A write may have happened all the same.
      const lost = await failure(cat.save());
      expect(lost).toMatchObject({ name: "NetworkError", mayHaveHappened: true });
      expect(lost.cause).toBeInstanceOf(InvalidResponseError);
      for (const work of [
        () => db.get("cat"),
        () => db.info(),
        () => db.index({ fields: ["n"] }),
        () => db.delete(),
        () => couch.create("animals"),
        () => couch.info(),
        () => couch.checkCredentials(),
      ]) {
        const error = await failure(work());
        expect(error, `${work} of ${JSON.stringify(value)}`).toBeInstanceOf(InvalidResponseError);
      }
      expect(cat.dirty).toBe(true);
      await server?.close();
    }
  });

  test("what the user's own parser throws is the cause", async () => {
    const { url } = await answering((response) => json(response, 200, welcome));
    const thrown = new RangeError("mine");
    const parse = () => {
      throw thrown;
    };
    const error = await failure(new CouchDB(url, { json: { parse, stringify: String } }).info());
    expect(error).toBeInstanceOf(InvalidResponseError);
    expect(error.cause).toBe(thrown);
  });

  test("rows that are the server's error are that error, not documents", async () => {
    const row = { error: "timeout", reason: "The request could not be processed in time." };
    const { url } = await answering((response) => {
      json(response, 200, {
        total_rows: 1,
        offset: 0,
        rows: [{ id: "a", key: "a", value: 1 }, row],
      });
    });
    const { allDocs } = new CouchDB(url).database("animals");
    for (const rows of [
      allDocs.docs({ ids: ["a"], create: true }),
      allDocs.values(),
      allDocs.ids(),
    ]) {
      const error = await failure(rows.toArray());
      expect(error).toBeInstanceOf(ServerError);
      expect(error).toMatchObject(row);
    }
    expect((await allDocs.rows().toArray()).length).toBe(2);
  });

  test("an answer that CouchDB breaks off with its error is that error", async () => {
    const { url } = await answering((response, _before, { url }) => {
      const isFind = url?.includes("_find");
      response.writeHead(200, { "content-type": "application/json" });
      response.write(`{"${isFind ? "docs" : "rows"}":[\r\n{"_id":"a","id":"a","key":"a"}`);
      response.end('\n{"code":500,"error":"timeout","reason":"It took too long."}\n');
    });
    const db = new CouchDB(url).database("animals");
    for (const rows of [db.allDocs.rows(), db.keys(), db.query({}), db.find({})]) {
      const given: unknown[] = [];
      const read = async () => {
        for await (const row of rows) given.push(row);
      };
      const error = await failure(read());
      expect(error).toBeInstanceOf(ServerError);
      expect(error).toMatchObject({ status: 500, error: "timeout", reason: "It took too long." });
      expect(given.length).toBe(1);
    }
  });

  test("a row that is no JSON is InvalidResponse, after the rows before it", async () => {
    const row = (id: string) => `{"_id":"${id}","id":"${id}","key":"${id}"}`;
    const bodies = [
      `[\r\n${row("a")},\r\n${row("b")},\r\n{"id":nonsense},\r\n${row("c")}\r\n]}`,
      `[${row("a")},${row("b")} ${row("c")}]}`,
    ];
    for (const body of bodies) {
      const { url } = await answering((response, _before, { url }) => {
        response.writeHead(200, { "content-type": "application/json" });
        response.end(`{"${url?.includes("_find") ? "docs" : "rows"}":${body}`);
      });
      const db = new CouchDB(url).database("animals");
      for (const rows of [db.keys(), db.query<{ _id: string }>({})]) {
        const given: unknown[] = [];
        const read = async () => {
          for await (const row of rows) given.push(typeof row === "string" ? row : row._id);
        };
        expect(await failure(read())).toBeInstanceOf(InvalidResponseError);
        expect(given).toEqual(["a", "b"]);
      }
    }
  });

  test("a line of a feed that is the server's error is that error, not an event", async () => {
    const { url, left } = await answering((response, before) => {
      response.writeHead(200, { "content-type": "application/json" });
      // The connection stays, and is to be left.
      response.write(
        before === 0
          ? '{"seq":"1-a","id":"cat","changes":[{"rev":"1-a"}]}\n{"error":"timeout"}\n'
          : '{"seq":"2-b","id":"dog","changes":[{"rev":"1-a"}]}\n',
      );
    }, database);
    const reasons: unknown[] = [];
    const onState = ({ state, reason }: FeedState) => {
      if (state === "waiting") reasons.push(reason);
    };
    const ids: string[] = [];
    const db = new CouchDB(url).database("animals");
    for await (const { id } of db.changes({ feed: "continuous", onState })) {
      if (ids.push(id) < 2) continue;
      await left;
      break;
    }
    expect(reasons).toEqual([expect.any(ServerError)]);
    expect(ids).toEqual(["cat", "dog"]);
  });

  test("a page is no proof that a database exists", async () => {
    const { url } = await answering((response, before) => {
      response.writeHead(before === 0 ? 200 : 404, { "content-type": "text/html" });
      response.end();
    });
    const couch = new CouchDB(url);
    expect(await failure(couch.get("animals"))).toBeInstanceOf(InvalidResponseError);
    expect(await failure(couch.get("animals"))).toBeInstanceOf(InvalidResponseError);
  });

  test("a redirect is not followed, and takes no credentials elsewhere", async () => {
    const other = await startAnswering((response) => json(response, 200, {}));
    try {
      const { url } = await answering((response) => {
        response.writeHead(307, { location: `${other.url}/animals/cat` });
        response.end();
      });
      const couch = new CouchDB(url.replace("//", "//admin:hunter2@"));
      const error = await failure(couch.database("animals").get("cat"));
      expect(error).toBeInstanceOf(InvalidResponseError);
      expect(error.message).toContain("redirect");
      expect(other.requests).toEqual([]);
    } finally {
      await other.close();
    }
  });

  test("find goes on by bookmark where the server caps a page, and skips only once", async () => {
    const all = Array.from({ length: 130 }, (_, n) => ({ _id: String(n) }));
    const bodies: { skip?: number; bookmark?: string; limit: number }[] = [];
    const { url } = await answering(async (response, _before, _request, body) => {
      const asked = JSON.parse(body);
      bodies.push(asked);
      const from = Number(asked.bookmark ?? 0) + (asked.skip ?? 0);
      const docs = all.slice(from, from + Math.min(asked.limit, 50));
      json(response, 200, { docs, bookmark: String(from + docs.length), warning: `at ${from}` });
    });
    const db = new CouchDB(url).database("animals");
    const rows = db.query({}, { skip: 3 });
    expect(await rows.toArray()).toEqual(all.slice(3));
    expect(await rows.summary).toEqual({ bookmark: "130", warning: "at 3" });
    expect(bodies.map(({ skip, bookmark }) => [skip, bookmark])).toEqual([
      [3, undefined],
      [0, "53"],
      [0, "103"],
      [0, "130"],
    ]);
    expect(await db.query({}, { limit: 60 }).toArray()).toEqual(all.slice(0, 60));
    expect(bodies.slice(4).map(({ limit }) => limit)).toEqual([60, 10]);
  });

  test.each([
    ["text", "g2wAAAABaANk", ["_find", "_explain", "_find", "_find"]],
    ["nouveau", "W1t7", ["_find", "_find", "_find"]],
    ["json", "g1AAAADZeJydjTsOwjAQRK0IJCpugLQF", ["_find", "_explain"]],
    ["json", "g1AAAAA7eJzLYWBgYMpgSmHgKy5JLCrJ", ["_find"]],
    ["special", "g2wAAAACaAJkAA5zdGFydGtleV9kb2Np", ["_find"]],
    ["unexplained", "g1AAAACzeJzLYWBgYMpgTmEQTM4vTc5I", ["_find", "_explain", "_find", "_find"]],
  ])("find asks for another page if the index caps them: %s, %s", async (type, bookmark, asked) => {
    const all = Array.from({ length: 70 }, (_, n) => ({ _id: String(n) }));
    const { url, requests } = await answering((response, _before, { url }, body) => {
      if (url?.endsWith("_explain")) {
        if (type === "unexplained") json(response, 404, { error: "not_found" });
        else json(response, 200, { index: { type, name: "i" }, limit: 30 });
        return;
      }
      const from = Number(JSON.parse(body).bookmark?.slice(bookmark.length) ?? 0);
      const docs = all.slice(from, from + 30);
      json(response, 200, { docs, bookmark: `${bookmark}${from + docs.length}` });
    });
    const found = await new CouchDB(url).database("animals").query({ n: 1 }).toArray();
    const isCapped = asked.length > 2;
    expect(found).toEqual(isCapped ? all : all.slice(0, 30));
    const paths = requests.map((request) => request.replace("POST /animals/", ""));
    expect(paths).toEqual(asked);
  });

  test("find takes a server without bookmarks at its word", async () => {
    const docs = Array.from({ length: 50 }, (_, n) => ({ _id: String(n) }));
    for (const bookmark of [undefined, "nil"]) {
      const { url, requests } = await answering((response) => {
        json(response, 200, { docs, bookmark });
      });
      const rows = new CouchDB(url).database("animals").query({});
      expect(await rows.toArray()).toEqual(docs);
      expect(await rows.summary).toEqual({});
      expect(requests.length).toBe(1);
      await server?.close();
    }
  });

  test("what a server says beside the documents stays data", async () => {
    const body = '{"docs":[],"__proto__":{"warning":"x"},"bookmark":"nil"}';
    const { url } = await answering((response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(body);
    });
    const summary = await new CouchDB(url).database("animals").find({}).summary;
    expect(Object.getPrototypeOf(summary)).toBe(Object.prototype);
    expect(summary.warning).toBeUndefined();
  });

  test("find does not go round in circles where the bookmark never changes", async () => {
    const docs = Array.from({ length: 50 }, (_, n) => ({ _id: String(n) }));
    const { url, requests } = await answering((response) => {
      json(response, 200, { docs, bookmark: "same" });
    });
    const error = await failure(new CouchDB(url).database("animals").find({}).toArray());
    expect(error).toBeInstanceOf(InvalidResponseError);
    expect(requests.length).toBe(2);
  });
});

describe("CouchDB's errors", () => {
  test("say what was asked of what, and CouchDB's word", async () => {
    const { url } = await answering((response) => {
      json(response, 404, { error: "not_found", reason: "missing" });
    });
    const error = await failure(new CouchDB(url).database("animals").get("cat"));
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error).toBeInstanceOf(CouchDBError);
    expect(error).toMatchObject({ status: 404, error: "not_found", reason: "missing" });
    expect(String(error)).toBe(`NotFoundError: GET ${url}/animals/cat: 404 not_found (missing)`);
  });
});

describe("credentials", () => {
  test("come out of the URL and go as Basic, in UTF-8", async () => {
    const { url, headers } = await answering((response) => json(response, 200, welcome));
    await new CouchDB(url.replace("//", "//J%C3%BCrgen:p%40%E6%BC%A2@")).info();
    const expected = Buffer.from("Jürgen:p@漢").toString("base64");
    expect(headers[0]?.authorization).toBe(`Basic ${expected}`);
    expect(headers[0]?.accept).toBe("application/json");
  });

  test("may be any user's own scheme, asked for each request", async () => {
    const { url, headers } = await answering((response) => json(response, 200, welcome));
    const tokens = ["one", "two"];
    const auth = { headers: async () => ({ authorization: `Mine ${tokens.shift()}` }) };
    const couch = new CouchDB(url, { auth, headers: { "x-mine": "yes" } });
    await couch.info();
    await couch.info();
    expect(headers.map(({ authorization }) => authorization)).toEqual(["Mine one", "Mine two"]);
    expect(headers[0]?.["x-mine"]).toBe("yes");
  });
});

describe("headers", () => {
  test("with a value that cannot be sent are a TypeError, which does not show it", async () => {
    const { url, requests } = await answering((response) => json(response, 200, welcome));
    const authorization = "Bearer hunter2\n\u0000";
    const auth = { headers: () => ({ authorization }) };
    const thrown = [
      await failure(new CouchDB(url, { auth }).info()),
      await failure((async () => new CouchDB(url, { headers: { authorization } }))()),
    ];
    for (const error of thrown) {
      expect(error).toBeInstanceOf(TypeError);
      expect(inspect(error)).not.toContain("hunter2");
    }
    expect(requests).toEqual([]);
  });

  test("of any length are encoded", async () => {
    const { url } = await answering((response) => json(response, 431, { error: "too_large" }));
    const error = await failure(new CouchDB(url, { auth: basic("u", "x".repeat(200_000)) }).info());
    expect(error).toBeInstanceOf(CouchDBError);
    expect(() => basic("u", undefined as never)).toThrow(TypeError);
  });
});

describe("the network", () => {
  test("a refused connection is NetworkError, and a write did not happen", async () => {
    const { url, close } = await startAnswering(() => {});
    await close();
    const couch = new CouchDB(url, { retry: { limit: 0 } });
    const read = await failure(couch.info());
    expect(read).toBeInstanceOf(NetworkError);
    expect(read.mayHaveHappened).toBe(false);
    expect(read.cause).toBeInstanceOf(Error);
    expect(read.message).toContain(`GET ${url}/`);
    const write = await failure(couch.create("animals"));
    expect(write).toBeInstanceOf(NetworkError);
    expect(write.mayHaveHappened).toBe(false);
  });

  test("whatever a fetch rejects with is NetworkError", async () => {
    for (const thrown of [new Error("Network connection lost."), new TypeError("odd"), "text"]) {
      const fetch = () => Promise.reject(thrown);
      const couch = new CouchDB("http://localhost", { fetch, retry: { limit: 0 } });
      const error = await failure(couch.info());
      expect(error).toBeInstanceOf(NetworkError);
      expect(error.cause).toBe(thrown);
    }
  });

  test("a write that is cut off may have happened, and is not sent twice", async () => {
    const { url, requests } = await answering((response, before) => {
      if (before === 0) json(response, 404, { error: "not_found", reason: "missing" });
      else response.destroy();
    });
    const cat = await new CouchDB(url).database("animals").create("cat", { legs: 4 });
    const error = await failure(cat.save());
    expect(error).toBeInstanceOf(NetworkError);
    expect(error.mayHaveHappened).toBe(true);
    expect(requests.filter((each) => each.startsWith("PUT"))).toHaveLength(1);
    expect(cat.dirty).toBe(true);
  });

  test("a read is repeated where that may help, also a POST that reads", async () => {
    const { url, requests } = await answering((response, before) => {
      if (before % 3 === 0) response.destroy();
      else if (before % 3 === 1) response.writeHead(502).end();
      else json(response, 200, { docs: [{ _id: "cat" }], bookmark: "nil" });
    });
    const rows = await new CouchDB(url).database("animals").query({}).toArray();
    expect(rows).toEqual([{ _id: "cat" }]);
    expect(requests).toEqual(Array(3).fill("POST /animals/_find"));
  });

  test("Retry-After is waited for", async () => {
    let asked = 0;
    const { url } = await answering((response, before) => {
      if (before > 0) return json(response, 200, { ...welcome, waited: performance.now() - asked });
      asked = performance.now();
      response.writeHead(429, { "retry-after": "1" });
      response.end();
    });
    const info = (await new CouchDB(url).info()) as unknown as { waited: number };
    expect(info.waited).toBeGreaterThan(900);
  });

  test("retry.limit 0 repeats nothing, and 429 has its error", async () => {
    const { url, requests } = await answering((response) => response.writeHead(429).end());
    const error = await failure(new CouchDB(url, { retry: { limit: 0 } }).info());
    expect(error).toBeInstanceOf(TooManyRequestsError);
    expect(requests.length).toBe(1);
  });

  test("a server that does not answer is TimeoutError, before the headers and after", async () => {
    for (const begins of [false, true]) {
      const { url, left } = await answering((response) => {
        if (!begins) return;
        response.writeHead(200, { "content-type": "application/json" });
        response.write('{"couchdb":');
      });
      const couch = new CouchDB(url, { timeout: 50 });
      const error = await failure(couch.info());
      expect(error).toBeInstanceOf(TimeoutError);
      expect(error.message).toContain(`GET ${url}/: no response within 50 ms`);
      expect(error.mayHaveHappened).toBe(false);
      // Nothing is left open that nobody waits for.
      await left;
    }
  });

  test("timeout does not end what keeps streaming", async () => {
    const { url } = await answering((response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.write('{"total_rows":1,"offset":0,"rows":[\r\n');
      setTimeout(() => response.write('{"id":"cat",'), 300);
      setTimeout(() => response.write('"key":"cat",'), 600);
      setTimeout(() => response.end('"value":{"rev":"1-a"}}\r\n]}'), 900);
    });
    const couch = new CouchDB(url, { timeout: 600 });
    expect(await couch.database("animals").keys().toArray()).toEqual(["cat"]);
  });

  test("an answer cut in its middle is NetworkError", async () => {
    const { url } = await answering((response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.write('{"couchdb":', () => response.destroy());
    });
    expect(await failure(new CouchDB(url).info())).toBeInstanceOf(NetworkError);
  });

  for (const how of ["cut", "ended"]) {
    test(`rows that are ${how} too early give what was complete, then IncompleteResponse`, async () => {
      const { url } = await answering((response) => {
        response.writeHead(200, { "content-type": "application/json" });
        response.write('{"total_rows":2,"offset":0,"rows":[\r\n');
        response.write('{"id":"cat","key":"cat","value":{"rev":"1-a"}},\r\n{"id":"do', () => {
          if (how === "ended") response.end();
          else setImmediate(() => response.destroy());
        });
      });
      const rows = new CouchDB(url).database("animals").keys();
      const keys: string[] = [];
      const read = async () => {
        for await (const key of rows) keys.push(key);
      };
      const error = await failure(read());
      expect(error).toBeInstanceOf(IncompleteResponseError);
      expect(error.message).toContain(`GET ${url}/animals/_all_docs`);
      expect(await failure(rows.summary)).toBe(error);
      if (how === "ended") expect(keys).toEqual(["cat"]);
    });
  }

  test("a live feed that ends cleanly goes on from its last sequence", async () => {
    const { url, requests, left } = await answering((response, before) => {
      response.writeHead(200, { "content-type": "application/json" });
      // It is the line that ends it: something on the way may keep the connection, which is then left.
      response.write(
        before === 0
          ? '{"seq":"1-a","id":"cat","changes":[{"rev":"1-a"}]}\n{"last_seq":"5-e","pending":0}\n'
          : '{"seq":"6-f","id":"dog","changes":[{"rev":"1-a"}]}\n',
      );
    }, database);
    const since = "0-a";
    const feed = new CouchDB(url).database("animals").changes({ feed: "continuous", since });
    const seen: unknown[] = [];
    for await (const { id } of feed) {
      seen.push([id, feed.sequence]);
      if (seen.length < 2) continue;
      await left;
      break;
    }
    expect(seen).toEqual([
      ["cat", "0-a"],
      ["dog", "5-e"],
    ]);
    expect(requests).toEqual([
      "GET /animals/_changes?feed=continuous&since=0-a&heartbeat=10000",
      "GET /animals/_changes?feed=continuous&since=5-e&heartbeat=10000",
    ]);
  });

  test("update tells a conflict from the rest", async () => {
    const { url, requests } = await answering((response, _before, request) => {
      if (request.method === "GET") json(response, 200, { _id: "cat", _rev: "1-a" });
      else json(response, 409, { error: "conflict", reason: "Document update conflict." });
    });
    const cat = await new CouchDB(url).database("animals").get("cat");
    const change = () => ({ legs: 3 });
    expect(await failure(cat.update(change, { attempts: 3 }))).toBeInstanceOf(ConflictError);
    expect(requests.filter((request) => request.startsWith("PUT")).length).toBe(3);
  });
});
