import { assert } from "chai";
import { AllDocsView, BadRequestError, ConflictError, Document, NotFoundError } from "couchfetch";
import { type Case, fill, rejects, watch } from "../../case.js";

export const database: Case[] = [
  {
    name: "CouchDB.database: represents a database, and sends nothing",
    async run(context) {
      await fill(context.db, { cat: {} });
      const { couch, sent } = watch(context);
      const db = couch.database(context.db.id);
      assert.deepEqual(sent, []);
      assert.deepEqual(await db.keys().toArray(), ["cat"]);
    },
  },
  {
    name: "Database.id: is the database's name",
    async run({ couch }) {
      assert.equal(couch.database("animals").id, "animals");
    },
  },
  {
    name: "Database: creates, reads and iterates over documents",
    async run({ db }) {
      await (await db.create("cat")).save();
      assert.instanceOf(await db.get("cat"), Document);
      for await (const document of db.docs()) assert.equal(document.id, "cat");
    },
  },
  {
    name: "Database.create: gives a document that is here only",
    async run({ db }) {
      const cat = await db.create("cat");
      assert.instanceOf(cat, Document);
      assert.deepEqual(cat.data, { _id: "cat" });
      assert.isTrue(cat.dirty);
    },
  },
  {
    name: "Database.create: looks whether the document exists",
    async run(context) {
      const { db, sent } = watch(context);
      await db.create("cat");
      assert.deepEqual(sent, ["GET /_all_docs?keys=%5B%22cat%22%5D"]);
    },
  },
  {
    name: "Database.create: puts nothing on the server, as save does",
    async run({ db }) {
      const cat = await db.create("cat");
      assert.deepEqual(await db.keys().toArray(), []);
      await cat.save();
      assert.deepEqual(await db.keys().toArray(), ["cat"]);
    },
  },
  {
    name: "Database.create: rejects a document that exists with Conflict",
    async run({ db }) {
      await fill(db, { cat: {} });
      await rejects(db.create("cat"), ConflictError);
    },
  },
  {
    name: "Database.create: with existsOk, gives a document that exists, whatever data is",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      for (const data of [{}, { legs: 3, tail: true }]) {
        const cat = await db.create("cat", data, { existsOk: true });
        assert.deepEqual(cat.data, (await db.get("cat")).data);
        assert.match(cat.rev ?? "", /^1-/);
        assert.isFalse(cat.dirty);
      }
    },
  },
  {
    name: "Database.create: with existsOk, gives a new one if there is none",
    async run({ db }) {
      const cat = await db.create("cat", {}, { existsOk: true });
      assert.deepEqual(cat.data, { _id: "cat" });
      assert.isTrue(cat.dirty);
      const dog = await db.create("dog", { legs: 4 }, { existsOk: true });
      assert.deepEqual(dog.data, { _id: "dog", legs: 4 });
    },
  },
  {
    name: "Database.create: data is what the new document holds",
    async run({ db }) {
      const cat = await db.create("cat", { legs: 4 });
      assert.deepEqual(cat.data, { _id: "cat", legs: 4 });
      assert.deepEqual(await db.keys().toArray(), []);
      await cat.save();
      assert.deepEqual((await db.get("cat")).json, { legs: 4 });
    },
  },
  {
    name: "Database.create: data that is no plain object is a TypeError",
    async run({ db }) {
      const cat = db.document("cat", { legs: 4 });
      for (const data of [42, "content", cat] as object[]) {
        await rejects(db.create("dog", data), TypeError);
        await rejects(() => db.document("dog", data), TypeError);
      }
    },
  },
  {
    name: "Database.get: gives the document of that id",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 }, bird: { legs: 2 } });
      const cat = await db.get("cat");
      assert.equal(cat.id, "cat");
      assert.deepEqual(cat.data, { _id: "cat", _rev: cat.rev as string, legs: 4 });
      assert.match(cat.rev ?? "", /^1-/);
      assert.isFalse(cat.dirty);
    },
  },
  {
    name: "Database.get: fetches the document's data in one request",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 } });
      const { db, sent } = watch(context);
      const cat = await db.get("cat");
      assert.deepEqual(cat.json, { legs: 4 });
      assert.deepEqual(sent, ["GET /cat"]);
    },
  },
  {
    name: "Database.get: gives a copy: what is done to it is not done on the server",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      const cat = await db.get("cat");
      cat.data.legs = 3;
      assert.deepEqual((await db.get("cat")).json, { legs: 4 });
    },
  },
  {
    name: "Database.get: without a default, a document that does not exist is NotFound",
    async run({ db }) {
      await rejects(db.get("cat"), NotFoundError);
    },
  },
  {
    name: "Database.get: an invalid rev is BadRequest",
    async run({ db }) {
      await fill(db, { cat: {} });
      await rejects(db.get("cat", { rev: "nonsense" }), BadRequestError);
    },
  },
  {
    name: "Database.get: a rev that the server does not have is NotFound",
    async run({ db }) {
      await fill(db, { cat: {} });
      await rejects(db.get("cat", { rev: `1-${"a".repeat(32)}` }), NotFoundError);
    },
  },
  {
    name: "Database.get: gives a document holding the default, unsaved, if there is none",
    async run({ db }) {
      const cat = await db.get("cat", { default: { legs: 4, name: "Tom" } });
      assert.deepEqual(cat.data, { _id: "cat", legs: 4, name: "Tom" });
      assert.isTrue(cat.dirty);
      const dog = await db.get("dog", { default: {} });
      assert.deepEqual(dog.data, { _id: "dog" });
      assert.isTrue(dog.dirty);
    },
  },
  {
    name: "Database.get: gives the document that exists, and not the default",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      const cat = await db.get("cat", { default: { legs: 3, name: "Tom" } });
      assert.deepEqual(cat.json, { legs: 4 });
    },
  },
  {
    name: "Database.get: the default is on the server after save, and not before",
    async run({ db }) {
      const cat = await db.get("cat", { default: { legs: 4 } });
      assert.deepEqual(await db.keys().toArray(), []);
      await cat.save();
      assert.deepEqual((await db.get("cat")).json, { legs: 4 });
    },
  },
  {
    name: "Database.get: rev is the revision to read",
    async run({ db }) {
      const cat = await db.create("cat", { legs: 4 });
      await cat.save();
      const rev = cat.rev as string;
      cat.data.legs = 3;
      await cat.save();
      const old = await db.get("cat", { rev });
      assert.deepEqual(old.data, { _id: "cat", _rev: rev, legs: 4 });
    },
  },
  {
    name: "Database.info: gives what CouchDB tells of the database",
    async run({ db }) {
      await fill(db, { cat: {}, dog: {} });
      const { db_name, doc_count, update_seq } = await db.info();
      assert.deepEqual({ db_name, doc_count }, { db_name: db.id, doc_count: 2 });
      assert.exists(update_seq);
    },
  },
  {
    name: "Database.delete: deletes the database on the server",
    async run({ couch }) {
      const db = await couch.create(`conformance_${crypto.randomUUID()}`);
      await db.delete();
      await rejects(couch.get(db.id), NotFoundError);
    },
  },
  {
    name: "Database.delete: deletes its documents, too",
    async run({ couch }) {
      const db = await couch.create(`conformance_${crypto.randomUUID()}`);
      await fill(db, { cat: {} });
      await db.delete();
      await couch.create(db.id);
      assert.deepEqual(await db.keys().toArray(), []);
      await db.delete();
    },
  },
  {
    name: "Database.allDocs: is the view of all documents",
    async run(context) {
      await fill(context.db, { cat: {}, dog: {} });
      const { db, sent } = watch(context);
      assert.instanceOf(db.allDocs, AllDocsView);
      const { rows, total_rows } = await db.allDocs.get();
      assert.deepEqual(
        rows.map(({ id }) => id),
        ["cat", "dog"],
      );
      assert.equal(total_rows, 2);
      assert.deepEqual(sent, ["GET /_all_docs"]);
    },
  },
  {
    name: "Database.index: creates an index",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 }, bird: { legs: 2 } });
      const query = () => db.find({ legs: { $gt: 0 } }, { sort: ["legs"] }).toArray();
      await rejects(query(), BadRequestError);
      await db.index({ fields: ["legs"] });
      assert.deepEqual(
        (await query()).map(({ id }) => id),
        ["bird", "cat"],
      );
    },
  },
  {
    name: "Database.index: asks CouchDB's _index",
    async run(context) {
      const { db, sent } = watch(context);
      await db.index({ fields: ["legs"] });
      assert.deepEqual(sent, ["POST /_index"]);
    },
  },
  {
    name: "Database.index: takes CouchDB's parameters, which it sends",
    async run(context) {
      const { db, bodies } = watch(context);
      const index = { fields: ["legs"], partial_filter_selector: { wings: { $eq: true } } };
      const params = { ddoc: "zoo", name: "by-legs", type: "json", partitioned: false } as const;
      await db.index(index, params);
      assert.deepEqual(bodies, [{ index, ...params }]);
      const { data } = await db.get("_design/zoo");
      assert.equal(data.language, "query");
      assert.hasAllKeys(data.views, ["by-legs"]);
    },
  },
  {
    name: "Database.index: gives CouchDB's answer",
    async run({ db }) {
      const answer = await db.index({ fields: ["legs"] }, { ddoc: "zoo", name: "by-legs" });
      assert.deepEqual(answer, { result: "created", id: "_design/zoo", name: "by-legs" });
    },
  },
];
