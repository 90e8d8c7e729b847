import { assert } from "chai";
import { Document, NotFoundError } from "couchfetch";
import { type Case, fill, fillMany, rejects, watch } from "../../case.js";

const zoo = { views: { by_n: { map: "function (doc) { emit(doc.n); }" } } };

/** Three animals and a design document. */
const animals = { cat: { legs: 4 }, cow: { legs: 4 }, hen: { legs: 2 }, "_design/zoo": zoo };

const idsOf = (documents: Document[]) => documents.map(({ id }) => id);

export const reading: Case[] = [
  {
    name: "Database.keys: gives the ids of all documents",
    async run({ db }) {
      await fill(db, animals);
      assert.deepEqual(await db.keys().toArray(), ["_design/zoo", "cat", "cow", "hen"]);
    },
  },
  {
    name: "Database.keys: takes parameters, which it sends",
    async run(context) {
      await fill(context.db, animals);
      const { db, sent } = watch(context);
      const keys = await db.keys({ skip: 1, limit: 2, descending: true }).toArray();
      assert.deepEqual(keys, ["cow", "cat"]);
      assert.deepEqual(sent, ["GET /_all_docs?skip=1&limit=2&descending=true"]);
    },
  },
  {
    name: "Database.keys: with ids or a prefix, gives those there are",
    async run({ db }) {
      await fill(db, animals);
      const [ids, prefix]: object[] = [{ ids: ["hen", "unicorn", "cat"] }, { prefix: "c" }];
      assert.deepEqual(await db.keys(ids).toArray(), ["hen", "cat"]);
      assert.deepEqual(await db.keys(prefix).toArray(), ["cat", "cow"]);
    },
  },
  {
    name: "Database.docs: asks the view of all documents, as keys and values do",
    async run(context) {
      const { db, sent } = watch(context);
      for (const rows of [db.docs(), db.values(), db.keys()]) await rows.toArray();
      for (const call of sent) assert.match(call, /^GET \/_all_docs/);
      assert.equal(sent.length, 3);
    },
  },
  {
    name: "Database.docs: without ids and prefix, gives all documents",
    async run({ db }) {
      await fill(db, animals);
      assert.deepEqual(idsOf(await db.docs().toArray()), ["cat", "cow", "hen"]);
    },
  },
  {
    name: "Database.docs: gives Documents, with their data",
    async run({ db }) {
      await fill(db, animals);
      for await (const animal of db.docs()) {
        assert.instanceOf(animal, Document);
        assert.deepEqual(animal.data, (await db.get(animal.id)).data);
        assert.isFalse(animal.dirty);
      }
    },
  },
  {
    name: "Database.docs: takes either ids or a prefix",
    async run(context) {
      const { db, sent } = watch(context);
      await rejects(async () => db.docs({ ids: ["cat"], prefix: "c" }).toArray(), TypeError);
      assert.deepEqual(sent, []);
    },
  },
  {
    name: "Database.docs: leaves design documents out",
    async run({ db }) {
      await fill(db, { "_design/zoo": zoo });
      assert.deepEqual(await db.docs().toArray(), []);
    },
  },
  {
    name: "Database.docs: with includeDesignDocs, gives design documents, too",
    async run({ db }) {
      await fill(db, animals);
      const documents = await db.docs({ includeDesignDocs: true }).toArray();
      assert.deepEqual(idsOf(documents), ["_design/zoo", "cat", "cow", "hen"]);
    },
  },
  {
    name: "Database.docs: with ids, gives these documents",
    async run({ db }) {
      await fill(db, animals);
      assert.deepEqual(idsOf(await db.docs({ ids: ["hen", "cat"] }).toArray()), ["hen", "cat"]);
    },
  },
  {
    name: "Database.docs: with no ids in the list, gives nothing, and sends nothing",
    async run(context) {
      await fill(context.db, animals);
      const { db, sent } = watch(context);
      assert.deepEqual(await db.docs({ ids: [] }).toArray(), []);
      assert.deepEqual(sent, []);
    },
  },
  {
    name: "Database.docs: with ids, one that does not exist or was deleted is NotFound",
    async run({ db }) {
      await fill(db, animals);
      await rejects(db.docs({ ids: ["unicorn"] }).toArray(), NotFoundError);
      await (await db.get("cat")).delete();
      await rejects(db.docs({ ids: ["cat"] }).toArray(), NotFoundError);
    },
  },
  {
    name: "Database.docs: with create, one that does not exist or was deleted is an empty document",
    async run({ db }) {
      await fill(db, animals);
      await (await db.get("cow")).delete();
      const ids = ["unicorn", "cat", "cow"];
      const [unicorn, cat, cow] = await db.docs({ ids, create: true }).toArray();
      assert.deepEqual(unicorn?.data, { _id: "unicorn" });
      assert.isFalse(unicorn?.exists);
      assert.isTrue(unicorn?.dirty);
      assert.deepEqual(cat?.json, { legs: 4 });
      assert.deepEqual(cow?.data, { _id: "cow" });
      assert.isFalse(cow?.exists);
    },
  },
  {
    name: "Database.docs: with a prefix, gives the documents whose ids begin with it",
    async run({ db }) {
      await fill(db, { ...animals, c: {}, "cat:2": {}, d: {} });
      assert.deepEqual(idsOf(await db.docs({ prefix: "ca" }).toArray()), ["cat", "cat:2"]);
    },
  },
  {
    name: "Database.docs: takes CouchDB's parameters",
    async run({ db }) {
      await fill(db, animals);
      const documents = await db.docs({ descending: true, skip: 1, limit: 1 }).toArray();
      assert.deepEqual(idsOf(documents), ["cow"]);
      const [cat] = await db.docs({ ids: ["cat"], conflicts: true, update_seq: true }).toArray();
      assert.equal(cat?.id, "cat");
    },
  },
  {
    name: "Database.values: gives the documents",
    async run({ db }) {
      await fill(db, animals);
      const documents = await db.values().toArray();
      assert.deepEqual(idsOf(documents), ["cat", "cow", "hen"]);
      assert.deepEqual(documents[2]?.json, { legs: 2 });
    },
  },
  {
    name: "Database.values: takes what docs takes",
    async run({ db }) {
      await fill(db, animals);
      assert.deepEqual(idsOf(await db.values({ limit: 1, startkey: "a" }).toArray()), ["cat"]);
      const all = await db.values({ includeDesignDocs: true }).toArray();
      assert.equal(all[0]?.id, "_design/zoo");
    },
  },
  {
    name: "Database.find: gives the documents that match a selector",
    async run({ db }) {
      await fill(db, animals);
      const found = await db.find({ $or: [{ legs: { $lt: 3 } }, { _id: "cat" }] }).toArray();
      assert.deepEqual(idsOf(found), ["cat", "hen"]);
    },
  },
  {
    name: "Database.find: asks CouchDB's _find",
    async run(context) {
      await fill(context.db, animals);
      const { db, sent } = watch(context);
      await db.find({ legs: 4 }).toArray();
      assert.deepEqual(sent, ["POST /_find"]);
    },
  },
  {
    name: "Database.find: gives Documents with all their data",
    async run({ db }) {
      await fill(db, animals);
      for await (const found of db.find({ legs: 4 })) {
        assert.instanceOf(found, Document);
        assert.deepEqual(found.data, (await db.get(found.id)).data);
        assert.isFalse(found.dirty);
      }
    },
  },
  {
    name: "Database.find: does not take fields",
    async run(context) {
      const { db, sent } = watch(context);
      const params: object = { fields: ["legs"] };
      await rejects(async () => db.find({ legs: 4 }, params).toArray(), TypeError);
      assert.deepEqual(sent, []);
    },
  },
  {
    name: "Database.find: limit is how many at the most",
    async run({ db }) {
      await fill(db, animals);
      assert.deepEqual(idsOf(await db.find({ legs: 4 }, { limit: 1 }).toArray()), ["cat"]);
    },
  },
  {
    name: "Database.find: takes the other parameters of _find, which it sends",
    async run(context) {
      await fill(context.db, animals);
      const { db, bodies } = watch(context);
      await db.index({ fields: ["legs"] }, { ddoc: "by", name: "legs" });
      const selector = { legs: { $gt: 0 } };
      const params = {
        skip: 2,
        sort: [{ legs: "desc" as const }],
        use_index: ["by", "legs"],
        conflicts: true,
        r: 1,
        update: true,
        stable: false,
        execution_stats: true,
      };
      const found = db.find(selector, params);
      assert.deepEqual(idsOf(await found.toArray()), ["hen"]);
      assert.equal((await found.summary).execution_stats?.results_returned, 1);
      assert.deepInclude(bodies[1], { selector, ...params });
      const { bookmark } = await found.summary;
      await db.find(selector, { ...params, skip: 0, bookmark: bookmark as string }).toArray();
      assert.deepInclude(bodies[2], { selector, bookmark });
    },
  },
  {
    name: "Database.find: sort is the order in which they come",
    async run({ db }) {
      await fill(db, { a: { n: 3 }, b: { n: 1 }, c: { n: 2 }, d: { n: 0, hidden: true } });
      await db.index({ fields: ["n"] });
      const found = await db.find({ n: { $gt: 0 } }, { sort: ["n"] }).toArray();
      assert.deepEqual(
        found.map(({ data }) => data.n),
        [1, 2, 3],
      );
    },
  },
  {
    name: "Database.find: gives all that match, as docs and keys do, of thousands",
    async run(context) {
      const { db } = context;
      const documents = Array.from({ length: 2000 }, (_, n) => ({ _id: `doc${n}`, n }));
      await fillMany(context, documents);
      const ids = documents.map(({ _id }) => _id).sort();
      assert.deepEqual(await db.keys().toArray(), ids);
      assert.deepEqual(idsOf(await db.docs().toArray()), ids);
      assert.deepEqual(idsOf(await db.find({ n: { $gte: 0 } }).toArray()).sort(), ids);
    },
  },
];
