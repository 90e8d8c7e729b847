import { assert } from "chai";
import type { BulkOperation, Document } from "couchfetch";
import { type Case, fill, rejects, watch } from "../../case.js";

const idsOf = (documents: Iterable<Document>) => Array.from(documents, ({ id }) => id);

export const bulk: Case[] = [
  {
    name: "BulkOperation: documents, there or not, are changed in one bulk request",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 } });
      const { db, sent } = watch(context);
      const edit = (docs: BulkOperation) => {
        for (const doc of docs) doc.data.llama = "awesome";
      };
      await db.updateDocs(["cat", "dog"], edit, { create: true });
      assert.equal(sent.filter((call) => call === "POST /_bulk_docs").length, 1);
      assert.deepEqual((await db.get("cat")).json, { legs: 4, llama: "awesome" });
      assert.deepEqual((await db.get("dog")).json, { llama: "awesome" });
    },
  },
  {
    name: "BulkOperation: documents are gathered, changed, and then written",
    async run({ db }) {
      await db.createDocs(["cat"], async (docs) => {
        for (const doc of docs) doc.data.legs = 4;
        assert.deepEqual(await db.keys().toArray(), []);
      });
      assert.deepEqual((await db.get("cat")).json, { legs: 4 });
    },
  },
  {
    name: "BulkOperation: writes many documents in one request to CouchDB's _bulk_docs",
    async run(context) {
      const { db, sent } = watch(context);
      const ids = Array.from({ length: 100 }, (_, n) => `doc${n}`);
      await db.createDocs(ids);
      assert.deepEqual(sent, ["POST /_bulk_docs"]);
      assert.deepEqual(await db.keys().toArray(), ids.sort());
    },
  },
  {
    name: "BulkOperation: takes documents by id and by append alike",
    async run({ db }) {
      await fill(db, { cat: {}, dog: {} });
      const dog = await db.get("dog");
      await db.updateDocs(["cat"], (docs) => {
        docs.append(dog);
        for (const doc of docs) doc.data.legs = 4;
      });
      for (const id of ["cat", "dog"]) assert.deepEqual((await db.get(id)).json, { legs: 4 });
    },
  },
  {
    name: "BulkOperation: gives each of its documents",
    async run({ db }) {
      const operation = await db.createDocs(["cat", "dog"], (docs) => {
        docs.create("hen");
        assert.deepEqual(idsOf(docs), ["cat", "dog", "hen"]);
      });
      assert.deepEqual(idsOf(operation), ["cat", "dog", "hen"]);
    },
  },
  {
    name: "BulkOperation: throws nothing for a document that cannot be saved: each has its own fate",
    async run({ db }) {
      await fill(db, { cat: {} });
      const { ok, error } = await db.createDocs(["cat", "dog"]);
      assert.deepEqual(idsOf(ok), ["dog"]);
      assert.deepEqual(idsOf(error), ["cat"]);
    },
  },
  {
    name: "BulkOperation: sends nothing if the function throws",
    async run(context) {
      const { db, sent } = watch(context);
      const cat = await db.create("cat");
      sent.length = 0;
      let operation: BulkOperation | undefined;
      const work = db.createDocs((docs) => {
        operation = docs;
        cat.data.zebras = "awesome 🦓";
        docs.append(cat);
        throw new RangeError("changed my mind");
      });
      await rejects(work, RangeError);
      assert.deepEqual(sent, []);
      const { ok, error, response } = operation as BulkOperation;
      assert.deepEqual({ ok, error, response }, { ok: [], error: [], response: [] });
      assert.deepEqual(await db.keys().toArray(), []);
    },
  },
  {
    name: "BulkOperation.ok: has the documents that were saved",
    async run({ db }) {
      await fill(db, { cat: {} });
      const { ok } = await db.createDocs(["cat", "dog", "hen"]);
      assert.deepEqual(idsOf(ok), ["dog", "hen"]);
      for (const doc of ok) {
        assert.equal(doc.rev, (await db.get(doc.id)).rev);
        assert.isFalse(doc.dirty);
      }
    },
  },
  {
    name: "BulkOperation.error: has the documents that could not be saved, as they are here",
    async run({ db }) {
      await fill(db, { cat: {}, dog: {} });
      const theirs = await db.get("cat");
      theirs.data.theirs = true;
      const { ok, error, response } = await db.updateDocs(["cat", "dog"], async (docs) => {
        await theirs.save();
        for (const doc of docs) doc.data.mine = true;
      });
      assert.equal(response.length, 2);
      assert.deepEqual(idsOf(ok), ["dog"]);
      assert.match(ok[0]?.rev ?? "", /^2-/);
      assert.deepEqual(idsOf(error), ["cat"]);
      assert.match(error[0]?.rev ?? "", /^1-/);
      assert.deepEqual(error[0]?.json, { mine: true });
    },
  },
  {
    name: "BulkOperation.response: is CouchDB's answer, which says what went wrong",
    async run({ db }) {
      await fill(db, { cat: {} });
      const { response } = await db.createDocs(["cat", "dog"]);
      const { rev } = await db.get("dog");
      const reason = "Document update conflict.";
      assert.deepEqual(response, [
        { id: "cat", error: "conflict", reason },
        { ok: true, id: "dog", rev: rev as string },
      ]);
    },
  },
  {
    name: "BulkOperation.response: is empty until it is saved, as ok and error are",
    async run({ db }) {
      await fill(db, { cat: {} });
      const operation = await db.createDocs(["cat", "dog"], ({ ok, error, response }) => {
        assert.deepEqual({ ok, error, response }, { ok: [], error: [], response: [] });
      });
      const { ok, error, response } = operation;
      assert.deepEqual([ok.length, error.length, response.length], [1, 1, 2]);
    },
  },
  {
    name: "BulkOperation.response: is empty where there was nothing to write",
    async run({ db }) {
      await fill(db, { cat: {} });
      const { response } = await db.updateDocs(["cat"], () => {});
      assert.deepEqual(response, []);
    },
  },
  {
    name: "BulkOperation.append: saves the document in the bulk request",
    async run(context) {
      await fill(context.db, { cat: {} });
      const { db, sent } = watch(context);
      const cat = await db.get("cat");
      sent.length = 0;
      cat.data.zebras = "awesome 🦓";
      await db.updateDocs([], (docs) => docs.append(cat));
      assert.deepEqual(sent, ["POST /_bulk_docs"]);
      assert.deepEqual((await db.get("cat")).json, { zebras: "awesome 🦓" });
      assert.match(cat.rev ?? "", /^2-/);
    },
  },
  {
    name: "BulkOperation.append: gives the document",
    async run({ db }) {
      const cat = await db.create("cat");
      await db.createDocs((docs) => assert.strictEqual(docs.append(cat), cat));
    },
  },
  {
    name: "BulkOperation.append: a document that is there already is a TypeError",
    async run({ db }) {
      const cat = await db.create("cat");
      const operation = await db.createDocs(async (docs) => {
        docs.append(cat);
        await rejects(() => docs.append(cat), TypeError);
      });
      assert.equal(operation.response.length, 1);
    },
  },
  {
    name: "BulkOperation.create: makes a new document of the operation, and gives it",
    async run(context) {
      const { db, sent } = watch(context);
      let cat: Document | undefined;
      await db.createDocs((docs) => {
        cat = docs.create("cat");
        assert.deepEqual(cat.data, { _id: "cat" });
        cat.data.legs = 4;
        assert.deepEqual(sent, []);
      });
      assert.equal(cat?.rev, (await db.get("cat")).rev);
      assert.deepEqual((await db.get("cat")).json, { legs: 4 });
    },
  },
  {
    name: "BulkOperation.create: data is what the new document holds",
    async run({ db }) {
      await db.createDocs((docs) => docs.create("cat", { legs: 4 }));
      assert.deepEqual((await db.get("cat")).json, { legs: 4 });
    },
  },
  {
    name: "BulkOperation.create: an id that is there already is a TypeError",
    async run({ db }) {
      const operation = await db.createDocs(async (docs) => {
        docs.create("cat");
        await rejects(() => docs.create("cat"), TypeError);
      });
      assert.equal(operation.response.length, 1);
    },
  },
];
