import { basic, CouchDB, type Database, IncompleteResponseError, type Rows } from "couchfetch";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type ServerUnderTest, serverUnderTest } from "../server-under-test.js";
import { type Fault, type FaultProxy, startProxy } from "./proxy.js";

const name = `scans-${crypto.randomUUID()}`;
let server: ServerUnderTest;
let direct: Database;
const proxies: FaultProxy[] = [];

const map = `function (doc) {
  emit("all", doc.n);
  for (var i = 0; i < doc.n % 4; i += 1) emit(["twice", doc.n % 3], i);
  emit({ n: doc.n, "é\\"\\\\": null });
  if (doc.n % 3 === 0) ["e\\u0301", "é", "e\\u0301", "z", "z\\u0000"].forEach(function (key, i) { emit(key, i); });
  if (doc.n === 7) for (var j = 0; j < 9; j += 1) emit(doc.n, j);
}`;

beforeAll(async () => {
  server = await serverUnderTest();
  const { url, user, password } = server;
  direct = await new CouchDB(url, { auth: basic(user, password) }).create(name);
  const ids = Array.from({ length: 12 }, (_, n) => `${"abcé"[n % 4]}/${n % 5} & "${n}"`);
  await direct.createDocs((docs) => {
    for (const [n, id] of ids.entries()) docs.create(id, { n });
    docs.create("_design/d", {
      views: { rows: { map }, sums: { map, reduce: "_count" } },
    });
  });
  await direct.view("d", "rows").get();
});

afterAll(async () => {
  await direct.delete();
  await server.close();
});

// The waits between tries are as short as chance may make them.
beforeEach(() => void vi.spyOn(Math, "random").mockReturnValue(0));

afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
});

/** The database behind a proxy that cuts its answers, and what the proxy saw. */
async function cutting(cut: (before: number) => Fault | undefined) {
  const { url, user, password } = server;
  const proxy = await startProxy(url, (_, before) => cut(before));
  proxies.push(proxy);
  return { db: new CouchDB(proxy.url, { auth: basic(user, password) }).database(name), proxy };
}

async function read(rows: Rows<unknown>) {
  const given: unknown[] = [];
  for await (const row of rows) given.push(row);
  const { update_seq, ...summary } = await rows.summary;
  // A sequence is opaque, and another each time; what it begins with tells how many changes it is past.
  return { given, summary, changes: Number.parseInt(`${update_seq}`, 10) };
}

const rows = (db: Database) => db.view("d", "rows");
const scans: Record<string, (db: Database) => Rows<unknown>> = {
  "all ids": (db) => db.keys(),
  "all documents": (db) => db.docs(),
  "documents by prefix": (db) => db.docs({ prefix: "a/" }),
  "ids by prefix, descending": (db) => db.keys({ prefix: "é", descending: true }),
  "some rows of _all_docs": (db) => db.allDocs.rows({ limit: 7, skip: 2, update_seq: true }),
  "a range, without its end": (db) =>
    db.values({ startkey: "a/2", endkey: 'c/1 & "6"', inclusive_end: false }),
  "one key of _all_docs": (db) => db.allDocs.rows({ key: "_design/d" }),
  "the rows of a view": (db) => rows(db).rows(),
  "the rows of a view, descending": (db) => rows(db).rows({ descending: true, skip: 1 }),
  "a view's documents": (db) => rows(db).docs({ limit: 20 }),
  "a view's keys": (db) => rows(db).keys({ startkey: "a" }),
  "a view's values": (db) => rows(db).values({ limit: 15, skip: 3 }),
  "rows of one key": (db) => rows(db).rows({ key: ["twice", 1] }),
  "rows of one key and one document": (db) => rows(db).rows({ key: 7, limit: 8 }),
  "rows of one key from a document on": (db) =>
    rows(db).rows({ startkey: "all", startkey_docid: "b", endkey: "all", endkey_docid: "c/9" }),
  "rows of one key backwards": (db) =>
    rows(db).rows({ startkey: ["twice", 2], endkey: ["twice", 0], descending: true, limit: 9 }),
  "rows of keys that sort as the same": (db) => rows(db).items({ startkey: "b" }),
  "rows of keys that sort as the same, backwards": (db) =>
    rows(db).rows({ startkey: "z", descending: true, limit: 25 }),
  "rows of a view with a reduce": (db) => db.view("d", "sums").rows({ reduce: false }),
};

describe("a scan whose connection is lost goes on after the last row", () => {
  for (const [what, scan] of Object.entries(scans)) {
    test(`${what}: cut once, anywhere`, async () => {
      const expected = await read(scan(direct));
      const { length } = await whole(scan);
      const cuts = Array.from({ length: 60 }, (_, index) => Math.floor((index * length) / 60));
      await Promise.all(
        [...cuts, length - 4, length - 3, length - 2].map(async (after, index) => {
          const how = index % 2 === 0 ? "end" : "cut";
          const { db, proxy } = await cutting((before) =>
            before === 0 ? { after, how } : undefined,
          );
          expect(await read(scan(db)), `cut after ${after} bytes`).toEqual(expected);
          expect(proxy.requests.length, `cut after ${after} bytes`).toBe(2);
        }),
      );
    });

    test(`${what}: cut again and again`, async () => {
      const expected = await read(scan(direct));
      const { length } = await whole(scan);
      for (const after of [500, 700, 1100].filter((bytes) => bytes < length)) {
        const { db, proxy } = await cutting(() => ({ after }));
        const given: unknown[] = [];
        // The last piece may never fit.
        const end = await collect(scan(db), given);
        expect(given, `cut after ${after} bytes`).toEqual(expected.given.slice(0, given.length));
        if (end) expect(end).toBeInstanceOf(IncompleteResponseError);
        expect(proxy.requests.length).toBeGreaterThan(1);
      }
    });
  }

  test("documents after those that were skipped: cut once, anywhere", async () => {
    const scan = (db: Database) => db.docs({ skip: 4, limit: 6 });
    const expected = (await read(scan(direct))).given;
    expect(expected).toHaveLength(6);
    for (const request of [0, 1]) {
      for (let after = 0; after < 1500; after += 40) {
        const { db } = await cutting((before) => (before === request ? { after } : undefined));
        expect(await scan(db).toArray(), `cut after ${after} bytes`).toEqual(expected);
      }
    }
  });

  test("rows whose keys are too long for a URL: cut once, anywhere", async () => {
    const long = 'function (doc) { emit(new Array(9000).join("x") + doc._id); }';
    const design = await direct.create("_design/long", { views: { rows: { map: long } } });
    await design.save();
    try {
      const scan = (db: Database) => db.view("long", "rows").rows();
      const expected = await read(scan(direct));
      expect(expected.given).toHaveLength(12);
      for (const after of [5_000, 15_000, 60_000, 100_000]) {
        const { db, proxy } = await cutting((before) => (before === 0 ? { after } : undefined));
        expect(await read(scan(db)), `cut after ${after} bytes`).toEqual(expected);
        expect(proxy.requests, `cut after ${after} bytes`).toHaveLength(2);
      }
    } finally {
      await design.delete();
    }
  });

  /** The text of the answer to a scan that is not cut. */
  async function whole(scan: (db: Database) => Rows<unknown>): Promise<string> {
    const { url, user, password } = server;
    let text = "";
    const couch = new CouchDB(url, {
      auth: basic(user, password),
      fetch: async (request, init) => {
        const response = await fetch(request, init);
        text = await response.clone().text();
        return response;
      },
    });
    await scan(couch.database(name)).toArray();
    return text;
  }

  async function collect(rows: Rows<unknown>, given: unknown[]): Promise<unknown> {
    try {
      for await (const row of rows) given.push(row);
      return undefined;
    } catch (error) {
      return error;
    }
  }
});
