import { assert } from "chai";
import {
  basic,
  bulkGet,
  CouchDB,
  dbUpdates,
  deleteIndexes,
  explain,
  type Fetch,
  localCheckpoint,
  missingRevs,
  multiQuery,
  openRevs,
  partition,
  purge,
  readRows,
  revsDiff,
  search,
} from "couchfetch";
import { admin } from "couchfetch/admin";
import { type Case, fill, rejects, withUser } from "../case.js";

/** A session that fails the case if anything is sent. */
function mute(): CouchDB {
  const fetch: Fetch = async (request) => {
    throw new Error(`this was sent: ${request.method} ${request.url}`);
  };
  return new CouchDB("http://localhost:1", { fetch, retry: { limit: 0 } });
}

const badIds = ["", ".", "..", "_all_docs", "_security", "_design/", "_local/.."];

export const input: Case[] = [
  {
    name: "a URL that is not http(s) is a TypeError, which does not quote it",
    async run() {
      for (const url of ["ftp://a:hunter2@host", "localhost:5984", "hunter2", ""]) {
        const error = await rejects(() => new CouchDB(url), TypeError);
        assert.notInclude(error.message, "hunter2");
      }
    },
  },
  {
    name: "a raw character in a URL's password is a TypeError that names percent-encoding",
    async run(context) {
      for (const character of ["/", "\\", "?", "#", "%", "\n"]) {
        for (const host of ["host", "host:5984/couch", "host/"]) {
          const url = `http://admin:2024${character}x@${host}`;
          const error = await rejects(() => new CouchDB(url), TypeError);
          assert.include(error.message, "percent-encoded");
          assert.notMatch(`${error} ${error.stack}`, /2024/);
        }
      }
      // Every character that a password can have, encoded.
      const password = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at)).join("");
      await withUser(context, { password }, async ({ name }) => {
        const url = new URL(context.url);
        const user = `${name}:${encodeURIComponent(password)}`;
        const couch = new CouchDB(`http://${user}@${url.host}${url.pathname}`);
        assert.equal((await couch.checkCredentials()).name, name);
      });
    },
  },
  {
    name: "credentials in two places are a TypeError",
    async run() {
      const auth = basic("a", "b");
      await rejects(() => new CouchDB("http://a:b@host", { auth }), TypeError);
    },
  },
  {
    name: "a name that no user can have is a TypeError",
    async run() {
      await rejects(() => basic("a:b", "c"), TypeError);
    },
  },
  {
    name: "timeout and retry must be numbers that make sense",
    async run() {
      for (const timeout of [0, -1, Number.NaN, 2 ** 31]) {
        await rejects(() => new CouchDB("http://host", { timeout }), RangeError);
      }
      await rejects(() => new CouchDB("http://host", { retry: { limit: -1 } }), RangeError);
    },
  },
  {
    name: "an impossible database name is a TypeError",
    async run() {
      const couch = mute();
      for (const name of ["", ".", "..", "Upper", "_all_dbs", "a b", "1", "a".repeat(300)]) {
        await rejects(() => couch.database(name), TypeError);
        await rejects(couch.create(name), TypeError);
        await rejects(couch.get(name), TypeError);
        await rejects(couch.delete(name), TypeError);
      }
    },
  },
  {
    name: "an id that would reach another resource is a TypeError",
    async run() {
      const db = mute().database("animals");
      for (const id of badIds) {
        await rejects(db.get(id), TypeError);
        await rejects(db.get(id, { default: {} }), TypeError);
        await rejects(db.create(id), TypeError);
        await rejects(db.create(id, {}, { existsOk: true }), TypeError);
      }
    },
  },
  {
    name: "a copy to such an id is a TypeError",
    async run({ db }) {
      const cat = await db.create("cat");
      for (const id of badIds) await rejects(cat.copy(id), TypeError);
    },
  },
  {
    name: "find refuses fields, and names query",
    async run() {
      const params: object = { fields: ["_id"] };
      const error = await rejects(() => mute().database("animals").find({}, params), TypeError);
      assert.match(error.message, /query/);
    },
  },
  {
    name: "find wants an object and a sensible limit",
    async run() {
      const db = mute().database("animals");
      await rejects(() => db.find(null as never), TypeError);
      await rejects(() => db.find("x" as never), TypeError);
      await rejects(() => db.find({}, { limit: -1 }), RangeError);
    },
  },
  {
    name: "docs refuses prefix with ids or create, and key with ids",
    async run() {
      const db = mute().database("animals");
      await rejects(() => db.docs({ prefix: "a", ids: ["b"] }), TypeError);
      await rejects(() => db.docs({ prefix: "a", create: true }), TypeError);
      await rejects(() => db.docs({ prefix: "a", startkey: "ab" }), TypeError);
      await rejects(() => db.docs({ keys: ["a"] } as object), TypeError);
      for (const wrong of [{ ids: null }, { ids: "abc" }, { prefix: null }, { prefix: 5 }]) {
        await rejects(() => db.docs(wrong as object), TypeError);
        await rejects(() => db.keys(wrong as object), TypeError);
      }
      await rejects(() => db.find({}, { limit: null } as object), RangeError);
    },
  },
  {
    name: "changes refuses what no feed can be",
    async run() {
      const db = mute().database("animals");
      await rejects(() => db.changes({ feed: "eventsource" as never }), TypeError);
      await rejects(() => db.changes({ feed: "continuous", descending: true }), TypeError);
      await rejects(() => db.changes({ since: 1, lastEventId: 2 }), TypeError);
      await rejects(() => db.changes({ doc_ids: ["a"], selector: {} }), TypeError);
      await rejects(() => db.changes({ feed: "continuous", heartbeat: 60_001 }), RangeError);
      await rejects(() => db.changes({ heartbeat: 0 }), RangeError);
      await rejects(() => db.changes({ limit: 0 }), RangeError);
      await rejects(() => db.changes({ checkpoint: {} as never }), TypeError);
      await rejects(() => db.changes({ checkpoint: "1-a" as never }), TypeError);
      await rejects(() => db.changes({ onState: "live" as never }), TypeError);
      const checkpoint = localCheckpoint(db, "consumer");
      await rejects(() => db.changes({ checkpoint, descending: true }), TypeError);
      await rejects(() => localCheckpoint(db, ".."), TypeError);
      const couch = mute();
      await rejects(() => dbUpdates(couch, { feed: "eventsource" as never }), TypeError);
      await rejects(() => dbUpdates(couch, { heartbeat: -1 }), RangeError);
    },
  },
  {
    name: "undefined, NaN and Infinity never widen a query: a TypeError names the place",
    async run() {
      const couch = mute();
      const db = couch.database("animals");
      const view = db.view("zoo", "by_n");
      const cat = new Date(Number.NaN);
      // biome-ignore lint/suspicious/noExplicitAny: these are calls that TypeScript refuses
      const calls: [place: string, call: (value: any) => unknown][] = [
        ["selector.owner", (owner) => db.find({ owner })],
        ["selector.owner.$in.1", (owner) => db.find({ owner: { $in: ["jan", owner] } })],
        ["selector.$or.0.born.year", (year) => db.query({ $or: [{ born: { year } }] })],
        ["selector.owner", (owner) => explain(db, { owner })],
        ["selector.owner", (owner) => partition(db, "land").find({ owner })],
        [
          "index.partial_filter_selector.owner",
          (owner) => db.index({ fields: ["legs"], partial_filter_selector: { owner } }),
        ],
        ["key", (key) => view.rows({ key })],
        ["keys", (keys) => view.keys({ keys })],
        ["keys.1", (key) => view.values({ keys: [1, key] })],
        ["startkey", (startkey) => view.items({ startkey })],
        ["startkey.0", (key) => view.docs({ startkey: [key] })],
        ["endkey", (endkey) => view.get({ endkey })],
        ["endkey.a", (a) => view.ids({ endkey: { a } })],
        ["keys.0", (key) => view.get({ keys: [key] })],
        ["key", (key) => db.allDocs.rows({ key })],
        ["ids", (ids) => db.docs({ ids })],
        ["ids", (ids) => db.keys({ ids })],
        ["ids.0", (id) => db.docs({ ids: [id] })],
        ["ids.1", (id) => view.ids({ ids: ["a", id] })],
        ["ids.0", (id) => db.updateDocs([id], () => {})],
        ["prefix", (prefix) => db.docs({ prefix })],
        ["prefix", (prefix) => view.ids({ prefix })],
        ["startkey", (startkey) => db.keys({ startkey })],
        ["endkey", (endkey) => db.values({ endkey })],
        ["doc_ids", (doc_ids) => db.changes({ doc_ids })],
        ["doc_ids.0", (id) => db.changes({ doc_ids: [id] })],
        ["selector", (selector) => db.changes({ selector })],
        ["selector.owner", (owner) => db.changes({ selector: { owner } })],
        ["filter", (filter) => db.changes({ filter })],
        ["view", (view) => db.changes({ view })],
        ["params.owner", (owner) => db.changes({ filter: "zoo/owner", params: { owner } })],
        ["key", (key) => multiQuery(view, [{ key: 1 }, { key }])],
        ["keys.0", (key) => multiQuery(view, [{ keys: [key] }])],
        [
          "ranges.legs.many",
          (many) => search(db, "zoo", "text", "*:*", { ranges: { legs: { many } } }),
        ],
        ["docs.id", (id) => bulkGet(db, [{ id }])],
        ["revs.cat", (cat) => purge(db, { cat })],
        ["revs.cat.0", (rev) => missingRevs(db, { cat: [rev] })],
        ["revs.cat.0", (rev) => revsDiff(db, { cat: [rev] })],
        ["ddocs.0", (ddoc) => deleteIndexes(db, [ddoc])],
        ["open_revs.0", (rev) => openRevs(db.document("cat"), [rev])],
        ["startkey", (startkey) => couch.keys({ startkey })],
        ["doc_ids", (doc_ids) => admin(couch).replicate("animals", "copy", { doc_ids })],
        [
          "selector.owner",
          (owner) => admin(couch).replicator().create("animals", "copy", { selector: { owner } }),
        ],
        ["keys.0", (name) => admin(couch).dbsInfo({ keys: [name] })],
        ["startkey", (startkey) => admin(couch).dbsInfo({ startkey })],
        ["key", (key) => readRows(db, "_design/zoo/_view/by_n", { query: { key } })],
      ];
      for (const [place, call] of calls) {
        for (const value of [undefined, Number.NaN, Number.NEGATIVE_INFINITY, cat]) {
          const error = await rejects(async () => call(value), TypeError);
          assert.include(error.message, `\`${place}\` must be `, `${call}`);
          if (value === undefined) assert.match(error.message, /got undefined$/);
        }
      }
    },
  },
  {
    name: "options whose absence selects no more may be undefined",
    async run({ db }) {
      await fill(db, { cat: {}, dog: {} });
      const none = { limit: undefined, skip: undefined, descending: undefined, signal: undefined };
      assert.lengthOf(await db.keys(none).toArray(), 2);
      const { descending: _, ...page } = none;
      const query = { ...page, sort: undefined, bookmark: undefined, fields: undefined };
      assert.lengthOf(await db.query({}, query).toArray(), 2);
      const born = new Date(0);
      assert.lengthOf(await db.find({ born }).toArray(), 0);
      let count = 0;
      for await (const _change of db.changes({ since: undefined, limit: undefined })) count += 1;
      assert.equal(count, 2);
    },
  },
  {
    name: "a parameter that cannot be written is a TypeError",
    async run() {
      const view = mute().database("animals").view("zoo", "by_n");
      await rejects(view.get({ limit: Number.NaN }), TypeError);
      await rejects(() => mute().database("animals").view("zoo", ""), TypeError);
    },
  },
  {
    name: "an aborted signal ends each operation with its reason, before anything is sent",
    async run() {
      const couch = mute();
      const db = couch.database("animals");
      const reason = new Error("changed my mind");
      const signal = AbortSignal.abort(reason);
      const document = await new CouchDB("http://localhost:1", {
        fetch: async () =>
          Response.json({ error: "not_found", reason: "missing" }, { status: 404 }),
      })
        .database("animals")
        .create("cat");
      const operations: (() => Promise<unknown>)[] = [
        () => couch.info({ signal }),
        () => couch.checkCredentials({ signal }),
        () => couch.keys({ signal }),
        () => couch.get("animals", { signal }),
        () => couch.create("animals", { signal }),
        () => couch.delete("animals", { signal }),
        () => db.info({ signal }),
        () => db.get("cat", { signal }),
        () => db.create("cat", {}, { signal }),
        () => db.delete({ signal }),
        () => db.index({ fields: ["n"] }, { signal }),
        () => db.keys({ signal }).toArray(),
        () => db.values({ signal }).toArray(),
        () => db.docs({ signal }).toArray(),
        () => db.docs({ ids: [], signal }).toArray(),
        () => db.find({}, { limit: 0, signal }).toArray(),
        () => db.find({}, { signal }).toArray(),
        () => db.query({}, { signal }).toArray(),
        () => db.view("zoo", "by_n").get({ signal }),
        () => db.changes({ signal })[Symbol.asyncIterator]().next(),
        () => db.changes({ signal, feed: "continuous" })[Symbol.asyncIterator]().next(),
        () => db.changes({ signal, feed: "longpoll" })[Symbol.asyncIterator]().next(),
        () => document.save({ signal }),
        () => document.fetch({ signal, discardChanges: true }),
        () => document.delete({ signal, discardChanges: true }),
        () => document.copy("dog", { signal }),
        () => document.info({ signal }),
        () => document.revs({ signal }),
        () => document.conflicts({ signal }),
      ];
      for (const operation of operations) {
        const thrown = await operation().catch((error) => error);
        assert.strictEqual(thrown, reason, operation.toString());
      }
    },
  },
];
