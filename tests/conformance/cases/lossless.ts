import { assert } from "chai";
import {
  basic,
  bulkGet,
  CouchDB,
  type CouchDBOptions,
  type Database,
  type Document,
  designDoc,
  security,
} from "couchfetch";
import { LosslessNumber, parse, parseNumberAndBigInt, stringify } from "lossless-json";
import { type Case, type Context, fill } from "../case.js";

// What CouchDB keeps as it was written: integers of any size, and decimals that are doubles.
const numbers =
  "[9007199254740993,12345678901234567890123,-9223372036854775809,1.0,0.1,-2.5,1234567890.125]";

const json = { parse, stringify };
const bigInts = {
  parse: (text: string) => parse(text, null, parseNumberAndBigInt),
  stringify,
};

/** A session whose parser keeps numbers as they are written. */
function exact(
  { url, user, password, db }: Context,
  keeping: NonNullable<CouchDBOptions["json"]> = json,
): Database {
  const couch = new CouchDB(url, { auth: basic(user, password), json: keeping });
  return couch.database(db.id);
}

/** What the server has, as it says it. */
async function textOf({ url, user, password, db }: Context, path: string): Promise<string> {
  const headers = { authorization: `Basic ${btoa(`${user}:${password}`)}` };
  return (await fetch(`${url}/${db.id}/${path}`, { headers })).text();
}

const parsed = () => parse(numbers) as LosslessNumber[];

/** Saves cat and dog, whose numbers are these. */
async function fillExact(db: Database): Promise<void> {
  await fill(db, { cat: { n: parsed() }, dog: { n: parsed() } });
}

async function changed(db: Database, options: Parameters<Database["changes"]>[0]) {
  const documents: Document[] = [];
  for await (const change of db.changes({ ...options, limit: 2 })) {
    if (!change.deleted) documents.push(await change.doc());
  }
  return documents;
}

const readers: ((db: Database) => Promise<Document[]>)[] = [
  async (db) => [await db.get("cat"), await db.create("dog", {}, { existsOk: true })],
  (db) => db.docs().toArray(),
  (db) => db.docs({ ids: ["cat", "dog"] }).toArray(),
  (db) => db.docs({ ids: [..."x".repeat(900), "cat", "dog"], create: true }).toArray(),
  (db) => db.docs({ prefix: "" }).toArray(),
  async (db) => (await db.allDocs.get({ include_docs: true })).docs(),
  (db) => db.find({ n: { $size: 7 } }).toArray(),
  (db) => changed(db, { include_docs: true }),
  (db) => changed(db, {}),
  (db) => changed(db, { feed: "continuous", include_docs: true }),
  (db) => changed(db, { feed: "longpoll", doc_ids: ["cat", "dog"], include_docs: true }),
  (db) => changed(db, { selector: { n: { $size: 7 } }, include_docs: true }),
];

export const lossless: Case[] = [
  {
    name: "with a parser that keeps numbers, a document is saved as it was written",
    needs: "exact numbers",
    async run(context) {
      const db = exact(context);
      const cat = await db.create("cat", { n: parsed() });
      await cat.save();
      assert.include(await textOf(context, "cat"), `"n":${numbers}`);
      cat.data.legs = 4;
      await cat.save();
      assert.include(await textOf(context, "cat"), `"n":${numbers},"legs":4`);
      await cat.update((data) => void data.n.push(new LosslessNumber("9007199254740995")));
      assert.include(await textOf(context, "cat"), `${numbers.slice(0, -1)},9007199254740995]`);
      await cat.copy("dog");
      assert.equal(stringify((await db.get("dog")).data.n), stringify(cat.data.n));
    },
  },
  {
    name: "however it is read, it has these numbers, and is unchanged",
    needs: "exact numbers",
    async run(context) {
      const db = exact(context);
      await fillExact(db);
      for (const read of readers) {
        const documents = (await read(db)).filter(({ exists }) => exists);
        assert.sameMembers(
          documents.map(({ id }) => id),
          ["cat", "dog"],
          read.toString(),
        );
        for (const document of documents) {
          assert.equal(stringify(document.data.n), numbers, read.toString());
          assert.isUndefined(await document.save());
        }
      }
    },
  },
  {
    name: "rows that are no documents have the same numbers",
    needs: "exact numbers",
    async run(context) {
      const db = exact(context);
      await fillExact(db);
      for (const rows of [
        db.allDocs.rows({ include_docs: true }),
        db.query({}, { fields: ["n"] }),
        bulkGet(db, [{ id: "cat" }, { id: "dog" }]),
      ]) {
        const given = await rows.toArray();
        assert.lengthOf(given, 2);
        for (const row of given) assert.include(stringify(row), `"n":${numbers}`);
      }
    },
  },
  {
    name: "many are written at once with the digits that they have, and only what has changed",
    needs: "exact numbers",
    async run(context) {
      const db = exact(context);
      const { error } = await db.createDocs((docs) => {
        for (const id of ["cat", "dog"]) docs.create(id, { n: parsed() });
      });
      assert.isEmpty(error);
      const { response } = await db.updateDocs(["cat", "dog"], (docs) => {
        for (const doc of docs) if (doc.id === "dog") doc.data.legs = 4;
      });
      assert.deepEqual(
        response.map(({ id }) => id),
        ["dog"],
      );
      assert.include(await textOf(context, "cat"), `"n":${numbers}`);
      assert.include(await textOf(context, "dog"), `"n":${numbers},"legs":4`);
    },
  },
  {
    name: "find tells integers apart that are one to JavaScript, with an index or without",
    needs: "exact numbers",
    async run(context) {
      const db = exact(context);
      const one = new LosslessNumber("9007199254740992");
      const other = new LosslessNumber("9007199254740993");
      await fill(db, { one: { n: one }, other: { n: other } });
      const idsOf = async (selector: object) =>
        (await db.find(selector).toArray()).map(({ id }) => id);
      for (let round = 0; round < 2; round += 1) {
        assert.deepEqual(await idsOf({ n: one }), ["one"]);
        assert.deepEqual(await idsOf({ n: other }), ["other"]);
        assert.deepEqual(await idsOf({ n: { $gt: 9007199254740992n } }), ["other"]);
        await db.index({ fields: ["n"] });
      }
      const feed = db.changes({ selector: { n: other } });
      const ids: string[] = [];
      for await (const { id } of feed) ids.push(id);
      assert.deepEqual(ids, ["other"]);
    },
  },
  {
    name: "the keys of a view are sent with the digits that they have",
    needs: "exact numbers",
    async run(context) {
      const map = "function (doc) { if (doc.n) emit(doc.n); }";
      const db = exact(context);
      await fill(db, { cat: { n: 9007199254740992n }, "_design/zoo": { views: { n: { map } } } });
      const view = db.view<unknown>("zoo", "n");
      const same = new LosslessNumber("9007199254740992");
      const next = new LosslessNumber("9007199254740993");
      for (const key of [same, 9007199254740992n]) {
        assert.deepEqual(await view.ids({ startkey: key, endkey: key }).toArray(), ["cat"]);
        assert.lengthOf(await view.rows({ key }).toArray(), 1);
        assert.lengthOf(await view.rows({ keys: [key] }).toArray(), 1);
      }
      for (const key of [next, 9007199254740993n]) {
        assert.deepEqual(await view.ids({ startkey: key }).toArray(), []);
        assert.lengthOf(await view.rows({ key }).toArray(), 0);
        assert.lengthOf(await view.rows({ keys: Array(200).fill(key) }).toArray(), 0);
      }
    },
  },
  {
    name: "security, a design document and a _local one keep theirs",
    needs: "exact numbers",
    async run(context) {
      const db = exact(context);
      const rules = await security(db);
      rules.data.quota = parsed();
      await rules.save();
      assert.include(await textOf(context, "_security"), `"quota":${numbers}`);
      assert.isFalse((await security(db)).dirty);
      await fill(db, { "_design/zoo": { lib: { n: parsed() } }, "_local/cat": { n: parsed() } });
      const zoo = await designDoc(db, "zoo", { existsOk: true });
      await zoo.createView("n", { map: "function (doc) {}" });
      assert.include(await textOf(context, "_design/zoo"), `"n":${numbers}`);
      assert.equal(stringify((await db.get("_local/cat")).data.n), numbers);
    },
  },
  {
    name: "with a parser that gives BigInts, integers are what they are",
    needs: "exact numbers",
    async run(context) {
      const db = exact(context, bigInts);
      await fill(db, { cat: { n: 9007199254740993n } });
      const cat = await db.get("cat");
      assert.strictEqual(cat.data.n, 9007199254740993n);
      assert.isFalse(cat.dirty);
      await cat.update((data) => {
        data.n += 1n;
      });
      assert.include(await textOf(context, "cat"), '"n":9007199254740994');
    },
  },
  {
    name: "whatever a parser makes of numbers, couchfetch counts, sums and goes on as ever",
    async run(context) {
      const ids = Array.from({ length: 30 }, (_, n) => `doc-${String(n).padStart(2, "0")}`);
      await context.db.createDocs(ids);
      for (const keeping of [json, bigInts]) {
        const db = exact(context, keeping);
        const { total_rows, update_seq } = await db.allDocs.get({ limit: 0, update_seq: true });
        assert.equal(`${total_rows}`, "30");
        const all = { limit: total_rows, skip: keeping.parse("3") as number };
        assert.deepEqual(await db.keys(all).toArray(), ids.slice(3));
        const found = db.find({}, { ...all, execution_stats: true });
        assert.lengthOf(await found.toArray(), 27);
        const { execution_stats } = await found.summary;
        assert.strictEqual(execution_stats?.results_returned, 27);
        const limit = keeping.parse("2") as number;
        for (const feed of ["normal", "continuous", "longpoll"] as const) {
          let count = 0;
          for await (const _change of db.changes({ feed, limit })) count += 1;
          assert.equal(count, 2);
        }
        for await (const _change of db.changes({ since: update_seq }))
          assert.fail("nothing is new");
        const id = crypto.randomUUID();
        const fox = await db.create(id);
        const changes = db.changes({ feed: "longpoll", since: update_seq });
        await fox.save();
        for await (const change of changes) {
          assert.equal(change.id, id);
          break;
        }
        await fox.attachment("a").save("text");
        assert.equal(`${fox.data._attachments?.a?.length}`, "4");
        assert.isFalse(fox.dirty);
        await fox.delete();
      }
    },
  },
];
