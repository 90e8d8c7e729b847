import { assert } from "chai";
import { ConflictError, NotFoundError } from "couchfetch";
import { type Case, fill, rejects, watch } from "../../case.js";

export const saving: Case[] = [
  {
    name: "Document: is created in three steps: a document, its content, save",
    async run({ db }) {
      const cat = await db.create("cat");
      cat.data.name = "Tom";
      await cat.save();
      assert.deepEqual((await db.get("cat")).json, { name: "Tom" });
    },
  },
  {
    name: "Document: is changed in three steps: a document, its content, save",
    async run({ db }) {
      await fill(db, { cat: { name: "Tom", legs: 4 } });
      const cat = await db.get("cat");
      cat.data.name = "Felix";
      delete cat.data.legs;
      await cat.save();
      assert.match(cat.rev ?? "", /^2-/);
      const read = await db.get("cat");
      assert.deepEqual(read.data, { _id: "cat", _rev: cat.rev as string, name: "Felix" });
    },
  },
  {
    name: "Document.save: puts what is here on the server",
    async run({ db }) {
      const cat = await db.create("cat", { legs: 4 });
      await cat.save();
      assert.deepEqual(await db.keys().toArray(), ["cat"]);
      assert.deepEqual((await db.get("cat")).data, cat.data);
    },
  },
  {
    name: "Document.save: sends nothing if nothing has changed since it was read",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 } });
      const { db, sent } = watch(context);
      const cat = await db.get("cat");
      await cat.save();
      assert.deepEqual(sent, ["GET /cat"]);
    },
  },
  {
    name: "Document.save: sends nothing if nothing has changed since it was saved",
    async run(context) {
      const { db, sent } = watch(context);
      const cat = await db.create("cat");
      await cat.save();
      await cat.save();
      assert.deepEqual(sent, ["GET /_all_docs?keys=%5B%22cat%22%5D", "PUT /cat"]);
    },
  },
  {
    name: "Document.save: sends what has changed, at whatever depth",
    async run(context) {
      const { db, sent } = watch(context);
      const cat = await db.create("cat");
      assert.isTrue(cat.dirty);
      await cat.save();
      assert.isFalse(cat.dirty);
      cat.data.home = { city: "Rome" };
      assert.isTrue(cat.dirty);
      await cat.save();
      assert.isFalse(cat.dirty);
      cat.data.home.street = "Via Appia";
      assert.isTrue(cat.dirty);
      await cat.save();
      assert.isFalse(cat.dirty);
      assert.deepEqual(sent, [
        "GET /_all_docs?keys=%5B%22cat%22%5D",
        "PUT /cat",
        "PUT /cat",
        "PUT /cat",
      ]);
      assert.deepEqual((await db.get("cat")).json, { home: { city: "Rome", street: "Via Appia" } });
    },
  },
  {
    name: "Document.save: is a Conflict if the server has another revision",
    async run({ db }) {
      await fill(db, { cat: {} });
      const [mine, theirs] = [await db.get("cat"), await db.get("cat")];
      theirs.data.theirs = true;
      await theirs.save();
      mine.data.mine = true;
      await rejects(mine.save(), ConflictError);
      assert.deepEqual(await theirs.conflicts(), []);
    },
  },
  {
    name: "Document.save: is a Conflict for the second of two new documents",
    async run({ db }) {
      const [first, second] = [await db.create("cat"), await db.create("cat")];
      first.data.first = true;
      await first.save();
      assert.match(first.rev ?? "", /^1-/);
      second.data.second = true;
      await rejects(second.save(), ConflictError);
      assert.isUndefined(second.rev);
      assert.deepEqual(await first.conflicts(), []);
    },
  },
  {
    name: "Document.save: resolves to CouchDB's answer, or to nothing if there was no request",
    async run({ db }) {
      const cat = await db.create("cat");
      assert.deepEqual(await cat.save(), { ok: true, id: "cat", rev: cat.rev as string });
      assert.isUndefined(await cat.save());
    },
  },
  {
    name: "Document.save: a conflict can be ignored where it only matters that there is a document",
    async run({ db }) {
      const [first, second] = [await db.create("cat"), await db.create("cat")];
      await first.save();
      await second.save().catch((error) => assert.instanceOf(error, ConflictError));
      assert.isTrue((await db.get("cat")).exists);
    },
  },
  {
    name: "Document.save: overrides the server's document after rev was set to the one of info",
    async run({ db }) {
      const [first, second] = [await db.create("cat"), await db.create("cat")];
      await first.save();
      second.data.second = true;
      await rejects(second.save(), ConflictError);
      second.rev = (await second.info()).rev;
      await second.save();
      assert.deepEqual(await second.conflicts(), []);
      const cat = await db.get("cat");
      assert.match(cat.rev ?? "", /^2-/);
      assert.deepEqual(cat.json, { second: true });
      assert.deepEqual(await cat.conflicts(), []);
    },
  },
  {
    name: "Document.save: can be a Conflict again after rev was set",
    async run({ db }) {
      const [first, second] = [await db.create("cat"), await db.create("cat")];
      await first.save();
      second.data.second = true;
      second.rev = (await second.info()).rev;
      first.data.first = true;
      await first.save();
      await rejects(second.save(), ConflictError);
    },
  },
  {
    name: "Document.update: reads a document, has it changed, and saves it",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 } });
      const { db, sent } = watch(context);
      const cat = await db.get("cat");
      sent.length = 0;
      await cat.update((data) => {
        data.legs = 3;
      });
      assert.deepEqual(sent, ["GET /cat", "PUT /cat"]);
      assert.deepEqual((await db.get("cat")).json, { legs: 3 });
    },
  },
  {
    name: "Document.update: saves nothing if the function throws",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 } });
      const { db, sent } = watch(context);
      const cat = await db.get("cat");
      const work = cat.update((data) => {
        data.legs = 3;
        throw new RangeError("changed my mind");
      });
      await rejects(work, RangeError);
      assert.notInclude(sent, "PUT /cat");
      assert.deepEqual((await db.get("cat")).json, { legs: 4 });
    },
  },
  {
    name: "Document.save: after get with a default, creates the document or saves the one there is",
    async run({ db }) {
      for (const name of ["Tom", "Felix"]) {
        const cat = await db.get("cat", { default: {} });
        cat.data[name] = true;
        await cat.save();
      }
      assert.deepEqual((await db.get("cat")).json, { Tom: true, Felix: true });
    },
  },
  {
    name: "Document.delete: marks the document as deleted on the server",
    async run({ db }) {
      await fill(db, { cat: {}, dog: {} });
      const { rev } = await (await db.get("cat")).delete();
      assert.deepEqual(await db.keys().toArray(), ["dog"]);
      assert.equal((await rejects(db.get("cat"), NotFoundError)).reason, "deleted");
      assert.isTrue((await db.get("cat", { rev })).data._deleted);
    },
  },
  {
    name: "Document.delete: empties the document here",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      const cat = await db.get("cat");
      await cat.delete();
      assert.deepEqual(cat.json, {});
      assert.isFalse(cat.exists);
    },
  },
  {
    name: "Document.delete: leaves a document that can be filled and saved again",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      const cat = await db.get("cat");
      await cat.delete();
      cat.data.stripes = "many";
      await cat.save();
      assert.match(cat.rev ?? "", /^3-/);
      assert.deepEqual((await db.get("cat")).json, { stripes: "many" });
    },
  },
  {
    name: "Document.delete: is one request, a DELETE or what is the same to CouchDB",
    async run(context) {
      await fill(context.db, { cat: {} });
      const { db, sent } = watch(context);
      const cat = await db.get("cat");
      const { rev } = cat;
      await cat.delete();
      assert.lengthOf(sent, 2);
      assert.oneOf(sent[1], [`DELETE /cat?rev=${rev}`, "PUT /cat"]);
    },
  },
  {
    name: "Document.delete: is a Conflict where something is not saved",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      const cat = await db.get("cat");
      cat.data.legs = 3;
      await rejects(cat.delete(), ConflictError);
      assert.match(cat.rev ?? "", /^1-/);
      assert.deepEqual(await db.keys().toArray(), ["cat"]);
      await cat.delete({ discardChanges: true });
      assert.deepEqual(await db.keys().toArray(), []);
    },
  },
  {
    name: "Document.delete: is a Conflict for new content that is not saved",
    async run(context) {
      await fill(context.db, { cat: {} });
      const { db, sent } = watch(context);
      await rejects(db.document("cat", { legs: 4 }).delete(), ConflictError);
      assert.deepEqual(sent, []);
    },
  },
  {
    name: "Document.delete: is a Conflict if the server has another revision",
    async run({ db }) {
      await fill(db, { cat: {} });
      const [mine, theirs] = [await db.get("cat"), await db.get("cat")];
      theirs.data.theirs = true;
      await theirs.save();
      await rejects(mine.delete(), ConflictError);
      assert.deepEqual(await db.keys().toArray(), ["cat"]);
    },
  },
  {
    name: "Document.delete: resolves to CouchDB's answer",
    async run({ db }) {
      await fill(db, { cat: {} });
      const answer = await (await db.get("cat")).delete();
      assert.deepInclude(answer, { ok: true, id: "cat" });
      assert.match(answer.rev, /^2-/);
    },
  },
];
