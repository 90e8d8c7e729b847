import { createServer, type Server, type Socket } from "node:net";
import { inspect } from "node:util";
import {
  type Auth,
  basic,
  bearer,
  bulkGet,
  CouchDB,
  CouchDBError,
  cookie,
  type Database,
  dbUpdates,
  deploy,
  explain,
  indexes,
  type JsonObject,
  multiQuery,
  openRevs,
  proxy,
  purge,
  resolveConflicts,
  revsDiff,
  search,
  security,
  users,
} from "couchfetch";
import { importDocs } from "couchfetch/transfer";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { type Answering, startAnswering } from "./answering.js";

const { SEED, RUNS } = process.env;
const seed = SEED === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(SEED);
const numRuns = Number(RUNS ?? 1_500);

/** What each operation is answered with when all is well, by what its request looks like. */
const answers: [RegExp, unknown][] = [
  [/_session/, { ok: true, userCtx: { name: "jan", roles: [] }, info: {} }],
  [/_all_dbs/, ["animals"]],
  [/_security/, { members: { names: [], roles: [] }, admins: { names: [], roles: [] } }],
  [
    /open_revs/,
    [{ ok: { _id: "cat", _rev: "1-a", n: 1 } }, { ok: { _id: "cat", _rev: "1-b", n: 2 } }],
  ],
  [/_bulk_docs/, [{ ok: true, id: "cat", rev: "2-b" }]],
  [/_bulk_get/, { results: [{ id: "cat", docs: [{ ok: { _id: "cat", _rev: "1-a" } }] }] }],
  [
    /_find/,
    {
      docs: [{ _id: "cat", _rev: "1-a" }],
      bookmark: "nil",
      warning: "w",
    },
  ],
  [/_explain/, { dbname: "animals", index: { name: "a" } }],
  [/_revs_diff/, { cat: { missing: ["1-a"] } }],
  [/_search/, { total_rows: 1, bookmark: "b", rows: [{ id: "cat", order: [1], fields: {} }] }],
  [/queries/, { results: [{ total_rows: 1, offset: 0, rows: [{ id: "a", key: "a", value: 1 }] }] }],
  [/_index/, { result: "created", id: "_design/a", name: "b" }],
  [/_purge/, { purge_seq: null, purged: { cat: ["1-a"] } }],
  [
    /_changes/,
    {
      results: [{ seq: "1-x", id: "cat", changes: [{ rev: "1-a" }] }],
      last_seq: "1-x",
      pending: 0,
    },
  ],
  [/_db_updates/, { results: [{ db_name: "a", type: "created", seq: "1" }], last_seq: "1" }],
  [
    /_all_docs|_view/,
    {
      total_rows: 1,
      offset: 0,
      rows: [
        { id: "cat", key: "cat", value: { rev: "1-a" }, doc: { _id: "cat", _rev: "1-a", legs: 4 } },
      ],
    },
  ],
  [
    /\/animals\/cat/,
    {
      ok: true,
      id: "cat",
      rev: "2-b",
      _id: "cat",
      _rev: "1-a",
      legs: 4,
      _conflicts: ["1-b"],
      _revs_info: [{ rev: "1-a", status: "available" }],
      _attachments: {
        a: { content_type: "a/b", revpos: 1, digest: "md5-x", length: 1, stub: true },
      },
    },
  ],
  [
    /\/animals$/,
    { ok: true, db_name: "animals", doc_count: 1, props: {}, instance_start_time: "1" },
  ],
  [/./, { ok: true, couchdb: "Welcome", version: "3.5.0" }],
];

const operations: Record<string, (db: Database, couch: CouchDB) => Promise<unknown>> = {
  info: (_db, couch) => couch.info(),
  checkCredentials: (_db, couch) => couch.checkCredentials(),
  keysOfServer: (_db, couch) => couch.keys(),
  create: (_db, couch) => couch.create("animals"),
  updates: (_db, couch) => dbUpdates(couch).batches().next(),
  databaseInfo: (db) => db.info(),
  get: (db) => db.get("cat"),
  docs: (db) => db.docs().toArray(),
  docsOfIds: (db) => db.docs({ ids: ["cat"] }).toArray(),
  keys: (db) => db.keys().toArray(),
  view: (db) => db.view("a", "b").get({ include_docs: true }),
  find: (db) => db.find({}).toArray(),
  query: (db) => db.query({}).summary,
  index: (db) => db.index({ fields: ["a"] }),
  changes: (db) => db.changes({ include_docs: true }).batches().next(),
  security: async (db) => (await security(db)).members,
  purge: (db) => purge(db, { cat: ["1-a"] }),
  bulkGet: (db) => bulkGet(db, [{ id: "cat" }]).toArray(),
  createDocs: (db) => db.createDocs(["cat"]),
  updateDocs: (db) =>
    db.updateDocs(["cat"], ([cat]) => void (cat && Object.assign(cat.data, { n: 1 }))),
  import: (db) => importDocs(db, [{ _id: "cat" }], { onConflict: "overwrite" }),
  save: (db) => db.document("cat", { n: 1 }).save(),
  resolve: (db) => resolveConflicts(db.document("cat"), ([leaf]) => leaf),
  openRevs: (db) => openRevs(db.document("cat")),
  revsDiff: (db) => revsDiff(db, { cat: ["1-a"] }),
  explain: (db) => explain(db, {}),
  indexes: (db) => indexes(db),
  multiQuery: async (db) => {
    for await (const rows of multiQuery(db.allDocs, [{ include_docs: true }])) await rows.toArray();
  },
  liveFeed: (db) => db.changes({ feed: "continuous", limit: 1 }).batches().next(),
  deploy: (db) => deploy(db, [{ _id: "cat", views: {} }]),
  copy: (db) => db.document("cat").copy("dog"),
  search: (db) => search(db, "a", "b", "c").toArray(),
  update: async (db) => db.document("cat").update((data) => ({ ...data, n: Math.random() })),
  conflicts: (db) => db.document("cat").conflicts(),
  revs: (db) => db.document("cat").revs(),
  delete: async (db) => (await db.get("cat")).delete({ discardChanges: true }),
  attach: async (db) => (await db.get("cat")).attachment("a").save("text"),
  detach: async (db) => (await db.get("cat")).attachment("a").delete(),
};

/** A value with one part of it, anywhere, replaced. */
function replaced(value: unknown, path: number[], by: unknown): unknown {
  const [first, ...rest] = path;
  if (typeof value !== "object" || value === null || first === undefined) return by;
  const names = Object.keys(value);
  if (names.length === 0) return by;
  const name = names[first % names.length] as string;
  const part = replaced((value as JsonObject)[name], rest, by);
  if (Array.isArray(value)) return value.map((each, at) => (String(at) === name ? part : each));
  return { ...value, [name]: part };
}

const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom(
    null,
    0,
    -1,
    "",
    "x",
    true,
    [],
    {},
    [null],
    { constructor: 1 },
    1e308,
    "__proto__",
    "constructor",
    { toString: 1, valueOf: 1 },
    JSON.parse('{"__proto__":{"polluted":1},"message":1,"name":2,"stack":3,"cause":4}'),
    { error: { toString: 1 }, reason: { toString: 1 } },
    { error: "constructor", reason: "__proto__" },
    { error: JSON.parse('{"__proto__":{},"error":"constructor","method":1,"url":1}') },
  ),
);

describe("a server that answers nonsense", () => {
  test("is an error of its own, or correct work, in whatever field", async () => {
    const path = fc.array(fc.nat({ max: 7 }), { maxLength: 6 });
    const property = fc.asyncProperty(
      fc.constantFrom(...Object.keys(operations)),
      fc.array(fc.tuple(path, anything), { minLength: 1, maxLength: 3 }),
      fc.constantFrom(200, 201, 400, 404, 409, 500),
      async (name, replacements, status) => {
        const fetch = async (request: Request) => {
          const [, answer] = answers.find(([of]) => of.test(request.url)) ?? [];
          const nonsense = replacements.reduce(
            (value, [path, by]) => replaced(value, path, by),
            answer,
          );
          const body = JSON.stringify(nonsense);
          return new Response(request.method === "HEAD" ? null : body, {
            status: request.url.includes("_bulk_get") ? 200 : status,
            headers: { "content-type": "application/json", etag: '"1-a"' },
          });
        };
        const couch = new CouchDB("http://localhost", { fetch, retry: { limit: 0 } });
        let timer: ReturnType<typeof setTimeout> | undefined;
        const hang = new Promise((resolve) => {
          timer = setTimeout(resolve, 4_000, { error: "it hangs" });
        });
        const work = operations[name]?.(couch.database("animals"), couch);
        const failure = work?.then(
          () => undefined,
          (error) => ({ error }),
        );
        const outcome = (await Promise.race([failure, hang])) as { error: unknown } | undefined;
        clearTimeout(timer);
        await couch.close();
        if (outcome && !(outcome.error instanceof CouchDBError)) {
          throw new Error(`${name} rejected with ${inspect(outcome)}`);
        }
      },
    );
    await fc.assert(property, { seed, numRuns });
    console.log(`nonsense: ${numRuns} runs, seed ${seed}`);
    expect(Object.prototype).not.toHaveProperty("polluted");
  }, 120_000);

  const evil = ["constructor", "__proto__", "toString", "hasOwnProperty", { toString: 1 }, ["x"]];
  const failing: Record<string, [(db: Database) => Promise<unknown>, (error: unknown) => unknown]> =
    {
      "the deletion of a leaf": [
        (db) => resolveConflicts(db.document("cat"), ([leaf]) => leaf),
        (error) => [{ id: "cat", error, reason: error }],
      ],
      "a lookup": [
        (db) => importDocs(db, [{ _id: "cat" }]),
        (error) => ({
          results: [
            {
              id: "cat",
              docs: [
                { error: { ...JSON.parse('{"__proto__":{}}'), error, message: error, url: 1 } },
              ],
            },
          ],
        }),
      ],
      "a key": [
        (db) => db.docs({ ids: ["cat"] }).toArray(),
        (error) => ({ rows: [{ key: "cat", error, reason: error }] }),
      ],
      "a change": [
        (db) => db.changes().batches().next(),
        (error) => ({ results: [{ error, reason: error }], last_seq: 1 }),
      ],
      "the end of a body": [
        (db) => db.keys().toArray(),
        (error) => `{"rows":[\n{"error":${JSON.stringify(error)},"code":{}}`,
      ],
    };
  test.each(Object.keys(failing))("names an error like no other in %s", async (what) => {
    const [work, answer] = failing[what] ?? [];
    for (const error of evil) {
      let posts = 0;
      const fetch = async ({ method, url }: Request) => {
        if (/open_revs/.test(url)) {
          return Response.json([{ ok: { _rev: "1-a", n: 1 } }, { ok: { _rev: "1-b", n: 2 } }]);
        }
        if (what === "a lookup" && /_bulk_docs/.test(url)) {
          posts += 1;
          if (posts === 1) return Response.json({ error: "busy" }, { status: 503 });
          return Response.json([{ id: "cat", error: "conflict" }]);
        }
        if (method === "PUT") return Response.json({ ok: true, id: "cat", rev: "2-b" });
        const body = answer?.(error);
        return new Response(typeof body === "string" ? body : JSON.stringify(body), {
          headers: { "content-type": "application/json" },
        });
      };
      const couch = new CouchDB("http://localhost", { fetch, retry: { limit: 1 } });
      const thrown = await work?.(couch.database("animals")).catch((reason) => reason as unknown);
      expect(thrown).toBeInstanceOf(CouchDBError);
      const { url, error: name } = thrown as CouchDBError;
      expect(url).toMatch(/^http/);
      expect(["string", "undefined"]).toContain(typeof name);
    }
  });

  let raw: Server | undefined;
  let answering: Answering | undefined;
  const sockets = new Set<Socket>();
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    raw?.close();
    await answering?.close();
    raw = answering = undefined;
  });

  /** A server that says `first`, and then `more` for as long as anybody listens. */
  async function endless(first: string, more: string): Promise<string> {
    raw = createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.once("data", () => {
        socket.write(first);
        const go = () => {
          while (!socket.destroyed && socket.write(more));
          if (!socket.destroyed) socket.once("drain", () => setImmediate(go));
        };
        go();
      });
    });
    raw.listen(0, "127.0.0.1");
    await new Promise((resolve) => raw?.once("listening", resolve));
    return `http://127.0.0.1:${(raw.address() as { port: number }).port}`;
  }

  test("without end in its headers is an error", async () => {
    const url = await endless("HTTP/1.1 200 OK\r\n", `x-more: ${"x".repeat(1_000)}\r\n`);
    const couch = new CouchDB(url, { timeout: 2_000, retry: { limit: 0 } });
    await expect(couch.info()).rejects.toBeInstanceOf(CouchDBError);
  });

  test("without end in a body that is read whole is a TimeoutError", async () => {
    const head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
    const url = await endless(`${head}{"couchdb":"`, "x".repeat(100));
    const couch = new CouchDB(url, { timeout: 300, retry: { limit: 0 } });
    await expect(couch.info()).rejects.toMatchObject({ name: "TimeoutError" });
  });
});

describe("a credential", () => {
  const secret = "hunter2-hunter2";
  const auths: Record<string, Auth> = {
    basic: basic("jan", secret),
    cookie: cookie("jan", secret),
    bearer: bearer(secret),
    "bearer of a function": bearer(async () => secret),
    proxy: proxy("jan", { secret }),
  };

  test.each(Object.keys(auths))("is nowhere to be seen: %s", async (name) => {
    const encoded = btoa(`jan:${secret}`);
    const server = await startAnswering((response, _before, { method, url }) => {
      if (url === "/_session" && method === "POST") {
        response.setHeader("set-cookie", `AuthSession=${secret}; Path=/`);
        return response.writeHead(200, { "content-type": "application/json" }).end('{"ok":true}');
      }
      response.writeHead(url === "/animals/broken" ? 200 : 500, {
        "content-type": "application/json",
      });
      // As a page that quotes what it was asked with.
      response.end(`{"error":"${secret.slice(0, 3)}…","reason`);
    });
    const couch = new CouchDB(server.url, { auth: auths[name], retry: { limit: 0 } });
    const db = couch.database("animals");
    const errors = [];
    for (const work of [
      () => couch.info(),
      () => db.get("broken"),
      () => db.docs().toArray(),
      () => db.document("cat").save(),
      () => db.changes().batches().next(),
    ]) {
      errors.push(await work().catch((error: unknown) => error));
    }
    await server.close();
    errors.push(await couch.info().catch((error: unknown) => error));
    const feed = db.changes({ feed: "continuous" });
    const options = { depth: 12, showHidden: true, getters: true };
    for (const thing of [
      couch,
      db,
      db.document("x"),
      db.docs(),
      feed,
      users(couch),
      auths[name],
      ...errors,
    ]) {
      const seen = `${inspect(thing, options)} ${String(thing)} ${(thing as Error)?.stack}`;
      for (const leak of [secret, encoded]) expect(seen).not.toContain(leak);
    }
    for (const error of errors) {
      expect(error).toBeInstanceOf(CouchDBError);
      expect(JSON.stringify(error)).not.toContain(secret);
    }
  });

  test("goes to no other origin", async () => {
    const seen: unknown[] = [];
    const other = await startAnswering((response, _before, { headers }) => {
      seen.push(headers);
      response.end("{}");
    });
    const server = await startAnswering((response, _before, { url }) => {
      const status = Number(url?.slice(-3)) || 307;
      response.writeHead(status, { location: `${other.url}/elsewhere` }).end();
    });
    for (const auth of Object.values(auths)) {
      const couch = new CouchDB(server.url, { auth });
      const db = couch.database("animals");
      for (const status of [301, 302, 303, 307, 308]) {
        await expect(db.get(`cat-${status}`)).rejects.toBeInstanceOf(CouchDBError);
        await expect(db.document(`cat-${status}`).save()).rejects.toBeInstanceOf(CouchDBError);
      }
      await expect(db.docs().toArray()).rejects.toBeInstanceOf(CouchDBError);
    }
    expect(seen).toEqual([]);
    await server.close();
    await other.close();
  });
});

describe("what the user gives", () => {
  const none: string[] = [];
  const fetch = async (request: Request) => {
    none.push(...[...request.headers].map(([name, value]) => `${name}: ${value}`), request.url);
    const _id = decodeURIComponent(new URL(request.url).pathname.split("/")[2] ?? "");
    return Response.json({ ok: true, _id, _rev: "1-a", id: _id, rev: "1-a" });
  };
  const db = new CouchDB("http://localhost:5984", { fetch }).database("animals");
  const injected = "a\r\nx-injected: yes";

  test("adds no header and no line", async () => {
    await db.get(injected);
    await db.document("cat").copy(injected);
    await db.get("cat", { rev: injected });
    await (await db.get("cat")).attachment(injected).save("x");
    await expect((await db.get("cat")).attachment("a").save("x", injected)).rejects.toThrow(
      TypeError,
    );
    expect(() => new CouchDB("http://localhost", { headers: { a: injected } })).toThrow(TypeError);
    expect(none.join("\n")).not.toMatch(/^x-injected/m);
  });

  test("pollutes no prototype, and is data as any other", async () => {
    const evil = JSON.parse(
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
    );
    const bodies: string[] = [];
    const keep = async (request: Request) => {
      if (request.method !== "GET") bodies.push(await request.text());
      if (request.url.includes("_bulk_docs"))
        return Response.json([{ ok: true, id: "cat", rev: "1-a" }]);
      const text =
        '{"_id":"cat","_rev":"1-a","id":"cat","rev":"1-a","__proto__":{"polluted":1},"ok":true}';
      return new Response(text, { headers: { "content-type": "application/json" } });
    };
    const animals = new CouchDB("http://localhost", { fetch: keep }).database("animals");
    await animals.document("cat", evil).save();
    await animals.createDocs((docs) => void docs.create("cat", evil));
    await importDocs(animals, [{ _id: "cat", ...JSON.parse('{"__proto__":{"polluted":1}}') }]);
    const options = JSON.parse('{"__proto__":{"polluted":1}}');
    await expect(animals.get("cat", options)).rejects.toThrow("unknown option `__proto__`");
    const cat = await animals.get("cat");
    cat.data.n = 1;
    await cat.save();
    await cat.update((data) => {
      data.n = 2;
    });
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
    for (const body of bodies) expect(body).toContain('"__proto__":{"polluted":1}');
  });
});
