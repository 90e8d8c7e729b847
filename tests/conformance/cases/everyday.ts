import { assert } from "chai";
import {
  ConflictError,
  CouchDB,
  type CouchDBOptions,
  type Database,
  deleteDocs,
  type JsonObject,
  NotFoundError,
  TimeoutError,
} from "couchfetch";
import { type Case, fill, fillMany, rejects, watch } from "../case.js";

/** Anything, where the types would not let it pass. */
// biome-ignore lint/suspicious/noExplicitAny: the calls that it is for do not compile, and must fail at run time, too
const loose = (value: unknown) => value as any; // Any other type would not compile.

/** Calls that other libraries have taught people, and a part of the message that helps. */
const silent: [call: (db: Database, couch: CouchDB, url: string) => unknown, help: RegExp][] = [
  [(db) => db.find(loose({ selector: { legs: 4 } })), /pass the selector itself/],
  [(db) => db.find(loose({ selector: {}, limit: 5 })), /pass the selector itself/],
  [(db) => db.query(loose({ selector: { $or: [{ legs: 4 }] } })), /pass the selector itself/],
  [(db) => db.find({}, loose({ selector: {} })), /`selector`/],
  [(db) => db.changes(loose({ live: true })), /unknown option `live`$/],
  [(db) => db.changes(loose({ includeDocs: true })), /did you mean `include_docs`/],
  [(db) => db.docs(loose({ startKey: "a" })), /did you mean `startkey`/],
  [(db) => db.docs(loose({ include_Docs: true })), /did you mean `include_docs`/],
  [(db) => db.allDocs.rows(loose({ start_key: "a" })), /did you mean `startkey`/],
  [(db) => db.allDocs.get(loose({ includeDocs: true })), /did you mean `include_docs`/],
  [(db) => db.view("zoo", "legs").rows(loose({ groupLevel: 1 })), /did you mean `group_level`/],
  [
    (db) => db.view("zoo", "legs").get(loose({ keys: ["a"], grouped: true })),
    /did you mean `group`/,
  ],
  [(db) => db.get("cat", loose({ revsInfo: true })), /did you mean `revs_info`/],
  [(db) => db.get("cat", loose({ open_revs: "all" })), /`open_revs`/],
  [(db) => db.create("cat", loose({ existsOk: true })), /pass options after/],
  [(db) => db.create("cat", loose({ signal: new AbortController().signal })), /pass options after/],
  [(db) => db.create("cat", {}, loose({ data: { legs: 4 } })), /`data`/],
  [(db) => db.document("cat", loose({ existsOk: true })), /pass options after/],
  [(db) => db.createDocs((docs) => docs.create("cat", loose({ existsOk: true }))), /options after/],
  [
    (db) => db.get("cat", loose({ signal: new AbortController() })),
    /`signal` must be an AbortSignal/,
  ],
  [(_, couch) => couch.create("cats", loose({ existsOK: true })), /did you mean `existsOk`/],
  [(_, couch) => couch.keys(loose({ startKey: "a" })), /did you mean `startkey`/],
];

/** Options of a session that other libraries have. */
const sessions: [options: object, help: RegExp][] = [
  [{ retries: 5 }, /did you mean `retry`/],
  [{ retry: { retries: 5 } }, /`retries`/],
  [
    { auth: { username: "admin", password: "secret" } },
    /`auth` must be an Auth such as basic.*, got object/,
  ],
  [{ auth: "admin:secret" }, /`auth` must be an Auth such as basic.*, got string/],
  [{ requestTimeout: 5 }, /did you mean `timeout`/],
];

export const everyday: Case[] = [
  {
    name: "a call as another library has it is a TypeError that helps, and nothing is sent",
    async run(context) {
      const { db, couch, sent } = watch(context);
      for (const [call, help] of silent) {
        const error = await rejects(async () => {
          const result = await call(db, couch, context.url);
          const { toArray } = loose(result);
          if (toArray) await toArray.call(result);
        }, TypeError);
        assert.match(error.message, help, `${call}`);
      }
      for (const [options, help] of sessions) {
        const create = () => new CouchDB(context.url, options as CouchDBOptions);
        const error = await rejects(create, TypeError);
        assert.match(error.message, help);
        assert.notMatch(error.message, /secret/);
      }
      assert.deepEqual(sent, []);
    },
  },
  {
    name: "a field named like an option can be selected by, and saved",
    async run({ db }) {
      await fill(db, {
        cat: { selector: "legs", existsOk: true, legs: 4 },
        dog: { selector: { type: "dog" } },
      });
      const ids = async (selector: object) =>
        (await db.query(selector, { fields: ["_id"] }).toArray()).map(({ _id }) => _id);
      assert.deepEqual(await ids({ selector: "legs" }), ["cat"]);
      assert.deepEqual(await ids({ selector: { $type: "object" } }), ["dog"]);
      assert.deepEqual(await ids({ $and: [{ selector: { type: "dog" } }] }), ["dog"]);
      assert.deepEqual(await ids({ "selector.type": "dog" }), ["dog"]);
      assert.deepEqual((await db.get("cat")).json, {
        selector: "legs",
        existsOk: true,
        legs: 4,
      });
    },
  },
  {
    name: "params sends parameters that couchfetch does not know, and no others",
    async run({ db }) {
      await fill(db, { cat: {}, dog: {}, emu: {} });
      const rows = db.allDocs.rows({ limit: 1, params: { start_key: "dog" } });
      assert.deepEqual(
        (await rows.toArray()).map(({ id }) => id),
        ["dog"],
      );
      const error = await rejects(() => db.allDocs.rows({ params: { limit: 5 } }), TypeError);
      assert.equal(error.message, "`params` cannot have `limit`");
      await rejects(() => db.get("cat", { params: loose("limit") }), TypeError);
    },
  },
  {
    name: "timeout, for one call, is shorter or longer than the session's",
    async run({ url, user, password, db: { id } }) {
      const auth = `${encodeURIComponent(user)}:${encodeURIComponent(password)}@`;
      const withAuth = url.replace("://", `://${auth}`);
      const silentServer = { fetch: () => new Promise<Response>(() => {}) };
      const never = new CouchDB(withAuth, silentServer).database(id);
      for (const call of [
        () => never.get("cat", { timeout: 20 }),
        () => never.find({}, { timeout: 20 }).toArray(),
        () => never.create("cat", {}, { timeout: 20 }),
        () => never.document("cat").save({ timeout: 20 }),
        () => never.upsert("cat", () => {}, { timeout: 20 }),
        () => never.createDocs(["cat"], () => {}, { timeout: 20 }),
      ]) {
        const { message } = await rejects(call, TimeoutError);
        assert.match(message, /no response within 2\d ms/);
      }
      const slow = async (request: Request) => {
        // This wait is the server's delay, which must be longer than the session's timeout.
        await new Promise((resolve) => setTimeout(resolve, 200));
        return fetch(request);
      };
      const hurried = new CouchDB(withAuth, { timeout: 20, silenceTimeout: 20, fetch: slow });
      const db = hurried.database(id);
      await rejects(db.info(), TimeoutError);
      assert.equal((await db.info({ timeout: 20_000 })).db_name, id);
      assert.deepEqual(await db.find({}, { timeout: 20_000 }).toArray(), []);
      for (const timeout of [0, -1, Number.NaN, Infinity, null])
        await rejects(db.info({ timeout: timeout as number }), RangeError);
    },
  },
  {
    name: "exists says whether a document exists, and rejects if the database does not",
    async run(context) {
      const { couch, db, sent } = watch(context);
      await fill(db, { cat: {}, dog: {} });
      await (await db.get("dog")).delete();
      sent.length = 0;
      assert.isTrue(await db.exists("cat"));
      assert.isFalse(await db.exists("dog"));
      assert.isFalse(await db.exists("emu"));
      assert.isFalse(await db.exists("_local/emu"));
      assert.lengthOf(sent, 4);
      await rejects(couch.database(`${db.id}_gone`).exists("cat"), NotFoundError);
      await rejects(db.exists("_all_docs"), TypeError);
    },
  },
  {
    name: "upsert creates or updates, also when others do the same at the same time",
    async run({ db }) {
      const count = () =>
        db.upsert("counter", (data) => {
          data.n = (data.n ?? 0) + 1;
        });
      const first = await count();
      assert.deepEqual([first.data.n, first.dirty, first.exists], [1, false, true]);
      assert.equal(first.rev, (await db.get("counter")).rev);
      await Promise.all([count(), count(), count(), count()]);
      assert.equal((await db.get("counter")).data.n, 5);
      await (await db.get("counter")).delete();
      assert.equal((await count()).data.n, 1);
      await db.upsert("counter", () => ({ n: 7 }));
      assert.deepEqual((await db.get("counter")).json, { n: 7 });
      // Nothing to change is nothing to send, except for a document that does not exist.
      const { rev } = await db.upsert("counter", () => {});
      assert.equal(rev, (await db.get("counter")).rev);
      assert.deepEqual((await db.upsert("empty", () => {})).json, {});
      assert.isTrue(await db.exists("empty"));
    },
  },
  {
    name: "update of a document that was never saved begins with its data, if it does not exist",
    async run({ db }) {
      const increment = (data: JsonObject) => void Object.assign(data, { n: (data.n ?? 0) + 1 });
      const one = db.document("counter", { n: 10 });
      await one.update(increment);
      assert.deepEqual([one.data.n, one.dirty], [11, false]);
      const two = db.document("counter", { n: 10 });
      await two.update(increment);
      assert.equal(two.data.n, 12);
      two.data.n = 20;
      await rejects(two.update(increment), ConflictError);
      await two.fetch({ discardChanges: true });
      await (await db.get("counter")).delete();
      await rejects(two.update(increment), NotFoundError);
    },
  },
  {
    name: "changes made while a document that was never saved is updated are kept",
    async run({ db }) {
      const doc = db.document("cat", { legs: 3 });
      const updating = doc.update(async (data) => {
        data.legs = 4;
      });
      doc.data.name = "Tom";
      await updating;
      assert.equal(doc.data.name, "Tom");
      assert.isTrue(doc.dirty);
      assert.equal((await db.get("cat")).data.legs, 4);
    },
  },
  {
    name: "first gives the first row, and closes the connection",
    async run(context) {
      const { db } = context;
      assert.isUndefined(await db.docs().first());
      await fillMany(
        context,
        Array.from({ length: 500 }, (_, n) => ({ _id: `d${1000 + n}` })),
      );
      assert.equal((await db.docs().first())?.id, "d1000");
      assert.equal(await db.keys({ descending: true }).first(), "d1499");
      const rows = db.docs();
      await rows.first();
      await rejects(rows.toArray(), TypeError);
    },
  },
  {
    name: "createDocs takes documents and ids, and copies the documents",
    async run({ db }) {
      const cat = { _id: "cat", legs: 4 };
      const { ok, error } = await db.createDocs([cat, "dog"], (docs) => {
        for (const doc of docs) doc.data.seen = true;
      });
      assert.deepEqual(
        ok.map(({ id }) => id),
        ["cat", "dog"],
      );
      assert.isEmpty(error);
      assert.deepEqual(cat, { _id: "cat", legs: 4 });
      assert.deepEqual((await db.get("cat")).json, { legs: 4, seen: true });
      for (const wrong of [{ legs: 4 }, 5, null, { _id: 5 }])
        await rejects(db.createDocs([loose(wrong)]), TypeError);
    },
  },
  {
    name: "a bulk operation deletes, and its other documents are saved",
    async run(context) {
      const { db, sent, bodies } = watch(context);
      await fill(db, { cat: { legs: 4 }, dog: { legs: 4 }, emu: { legs: 2 } });
      const other = await db.get("emu");
      sent.length = 0;
      const { ok, error } = await db.updateDocs(["cat", "dog"], (docs) => {
        for (const doc of docs) {
          if (doc.id === "dog") doc.data.legs = 3;
          else docs.delete(doc);
        }
        docs.delete(other);
      });
      assert.lengthOf(sent, 2);
      assert.sameMembers(
        ok.map(({ id }) => id),
        ["cat", "dog", "emu"],
      );
      assert.isEmpty(error);
      const { docs } = bodies.at(-1) as { docs: object[] };
      assert.hasAllKeys(docs[0], ["_id", "_rev", "_deleted"]);
      assert.deepEqual(await db.keys().toArray(), ["dog"]);
      assert.deepEqual([other.exists, other.dirty, other.rev], [false, false, undefined]);
      // The copy is empty, and can be filled and saved again.
      other.data.legs = 5;
      await other.save();
      assert.deepEqual((await db.get("emu")).json, { legs: 5 });
    },
  },
  {
    name: "a deletion in bulk that conflicts is in error, and leaves the copy as it is",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      const cat = await db.get("cat");
      await (await db.get("cat")).update((data) => void Object.assign(data, { legs: 3 }));
      const bulk = await db.createDocs((docs) => docs.delete(cat));
      assert.deepEqual([bulk.ok, bulk.error], [[], [cat]]);
      assert.equal(cat.data.legs, 4);
      await cat.fetch();
      await bulk.save();
      assert.deepEqual(bulk.ok, [cat]);
      assert.isFalse(await db.exists("cat"));
      await bulk.save();
      assert.deepEqual(bulk.ok, []);
      await rejects(
        db.createDocs((docs) => docs.delete(db.document("dog"))),
        TypeError,
      );
    },
  },
  {
    name: "deleteDocs deletes the documents of ids or of a selector, and counts them",
    async run(context) {
      const { db } = context;
      await fillMany(
        context,
        Array.from({ length: 1200 }, (_, n) => ({ _id: `d${n}`, n, odd: n % 2 === 1 })),
      );
      const none = { conflicts: 0, failed: 0, failures: [] };
      assert.deepEqual(await deleteDocs(db, { odd: true }), { deleted: 600, ...none });
      assert.deepEqual(await deleteDocs(db, { odd: true }), { deleted: 0, ...none });
      const ids = ["d0", "d1", "d2", "never"];
      assert.deepEqual(await deleteDocs(db, ids), { deleted: 2, ...none });
      assert.deepEqual(await deleteDocs(db, []), { deleted: 0, ...none });
      const all = Array.from({ length: 1200 }, (_, n) => `d${n}`);
      assert.deepEqual(await deleteDocs(db, all), { deleted: 598, ...none });
      assert.deepEqual(await db.keys().toArray(), []);
      for (const wrong of [undefined, null, "d1", 5])
        await rejects(deleteDocs(db, loose(wrong)), TypeError);
      await rejects(deleteDocs(db, loose({ odd: undefined })), TypeError);
      await rejects(deleteDocs(db, loose([undefined])), TypeError);
    },
  },
  {
    name: "an attachment can be saved to a document that does not exist yet",
    async run({ db }) {
      const cat = db.document("cat", { legs: 4 });
      await cat.attachment("note").save("miaow", "text/plain");
      assert.equal(cat.rev, (await db.get("cat")).rev);
      assert.isTrue(cat.dirty);
      assert.equal(await (await cat.attachment("note").fetch()).text(), "miaow");
      await cat.save();
      const read = await db.get("cat");
      assert.deepEqual(read.json, { legs: 4 });
      assert.isTrue(await read.attachment("note").exists());
      const other = db.document("cat");
      await rejects(other.attachment("note").save("purr"), ConflictError);
    },
  },
  {
    name: "an attachment's info is its type, length and digest",
    async run({ db }) {
      const photo = db.document("cat").attachment("photo");
      await photo.save(new Blob([new Uint8Array(1000)], { type: "image/png" }));
      const { content_type, length, digest } = await photo.info();
      assert.deepEqual([content_type, length], ["image/png", 1000]);
      assert.match(`${digest}`, /^md5-/);
      await rejects((await db.get("cat")).attachment("other").info(), NotFoundError);
      await rejects(db.document("dog").attachment("photo").info(), NotFoundError);
      assert.isFalse(await db.document("dog").attachment("photo").exists());
    },
  },
  {
    name: "an attachment is read in part, or only if it has changed",
    async run({ db }) {
      const cat = db.document("cat");
      const photo = cat.attachment("photo");
      const bytes = Uint8Array.from({ length: 256 }, (_, n) => n);
      await photo.save(new Blob([bytes], { type: "image/png" }));
      const part = await photo.fetch({ range: "bytes=10-13" });
      assert.equal(part.status, 206);
      assert.deepEqual([...new Uint8Array(await part.arrayBuffer())], [10, 11, 12, 13]);
      const whole = await photo.fetch();
      assert.equal((await whole.arrayBuffer()).byteLength, 256);
      const ifNoneMatch = whole.headers.get("etag") ?? "";
      const same = await photo.fetch({ ifNoneMatch });
      assert.deepEqual([same.status, same.body], [304, null]);
      await photo.save(new Blob([bytes.slice(1)], { type: "image/png" }));
      const changed = await photo.fetch({ ifNoneMatch });
      assert.equal(changed.status, 200);
      assert.equal((await changed.arrayBuffer()).byteLength, 255);
    },
  },
];
