import { assert } from "chai";
import { BadRequestError, ConflictError, Document, NotFoundError } from "couchfetch";
import { type Case, fill, rejects, watch } from "../../case.js";

export const document: Case[] = [
  {
    name: "Database.document: represents a document, and sends nothing",
    async run(context) {
      const { db, sent } = watch(context);
      const cat = db.document("cat");
      assert.instanceOf(cat, Document);
      assert.deepEqual(cat.data, { _id: "cat" });
      assert.isTrue(cat.dirty);
      assert.deepEqual(sent, []);
    },
  },
  {
    name: "Database.document: data is what the document holds, and save puts on the server",
    async run(context) {
      const { db, sent } = watch(context);
      const cat = db.document("cat", { legs: 4 });
      assert.deepEqual(cat.data, { _id: "cat", legs: 4 });
      await cat.save();
      assert.deepEqual(sent, ["PUT /cat"]);
      assert.deepEqual((await db.get("cat")).json, { legs: 4 });
    },
  },
  {
    name: "Database.document: does with fetch what get does",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 } });
      const { db, sent } = watch(context);
      const cat = db.document("cat");
      await cat.fetch();
      assert.deepEqual(cat.data, (await context.db.get("cat")).data);
      assert.deepEqual(sent, ["GET /cat"]);
    },
  },
  {
    name: "Document.id: is the document's id",
    async run({ db }) {
      assert.equal((await db.create("cat")).id, "cat");
    },
  },
  {
    name: "Document.data: is a copy of what the server has",
    async run({ db }) {
      await fill(db, { cat: { legs: 4, home: { city: "Rome" } } });
      const cat = await db.get("cat");
      const content = { legs: 4, home: { city: "Rome" } };
      assert.deepEqual(cat.data, { _id: "cat", _rev: cat.rev as string, ...content });
    },
  },
  {
    name: "Document.data: is a plain object: its members are set, found, counted and deleted as ever",
    async run({ db }) {
      const { data } = await db.create("cat");
      assert.deepEqual(Object.keys(data), ["_id"]);
      assert.isUndefined(data.legs);
      assert.equal(data.legs ?? 4, 4);
      data.legs ??= 3;
      data.legs ??= 5;
      Object.assign(data, { name: "Tom", lives: 9 });
      delete data.lives;
      assert.isTrue("legs" in data);
      assert.deepEqual(Object.values(data), ["cat", 3, "Tom"]);
      assert.deepEqual(Object.fromEntries(Object.entries(data)), data);
    },
  },
  {
    name: "Document.data: has id, revision and content, also where it was changed and is not saved",
    async run({ db }) {
      const cat = await db.create("cat");
      await cat.save();
      assert.hasAllKeys(cat.data, ["_id", "_rev"]);
      cat.data.zebra = "🦓";
      assert.hasAllKeys(cat.data, ["_id", "_rev", "zebra"]);
    },
  },
  {
    name: "Document.data: asks nobody",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 } });
      const { db, sent } = watch(context);
      const cat = await db.get("cat");
      assert.equal(cat.data.legs, 4);
      assert.deepEqual(sent, ["GET /cat"]);
    },
  },
  {
    name: "Document.json: is the content without what CouchDB keeps in it",
    async run({ db }) {
      const _attachments = { note: { content_type: "text/plain", data: btoa("miaow") } };
      await fill(db, { cat: { legs: 4, _attachments } });
      const cat = await db.get("cat");
      assert.deepEqual(cat.json, { legs: 4 });
      cat.data.zebra = "🦓";
      assert.deepEqual(cat.json, { legs: 4, zebra: "🦓" });
    },
  },
  {
    name: "Document.json: is empty for a document without content",
    async run({ db }) {
      const cat = await db.create("cat");
      assert.deepEqual(cat.json, {});
      await cat.save();
      assert.deepEqual(cat.json, {});
    },
  },
  {
    name: "Document.json: asks nobody",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 } });
      const { db, sent } = watch(context);
      const cat = await db.get("cat");
      assert.deepEqual(cat.json, { legs: 4 });
      assert.deepEqual(sent, ["GET /cat"]);
    },
  },
  {
    name: "Document.json: is what another document can be made of",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      const cat = await db.get("cat");
      const clone = await db.create("clone", cat.json);
      assert.deepEqual(clone.data, { _id: "clone", legs: 4 });
      assert.isUndefined(clone.rev);
      const other = await db.create("other");
      Object.assign(other.data, cat.json);
      assert.deepEqual(other.data, { _id: "other", legs: 4 });
    },
  },
  {
    name: "Document.rev: is undefined for a document that was neither read nor saved",
    async run({ db }) {
      assert.isUndefined((await db.create("cat")).rev);
    },
  },
  {
    name: "Document.rev: is the revision that is here",
    async run({ db }) {
      const cat = await db.create("cat");
      await cat.save();
      assert.match(cat.rev ?? "", /^1-/);
      assert.equal(cat.rev, cat.data._rev);
      assert.equal((await db.get("cat")).rev, cat.rev);
    },
  },
  {
    name: "Document.rev: can be set, to a string",
    async run({ db }) {
      await fill(db, { cat: {} });
      const cat = await db.get("cat");
      const { rev } = cat;
      await rejects(() => {
        cat.rev = 42 as never;
      }, TypeError);
      assert.equal(cat.rev, rev);
      cat.rev = "2-b";
      assert.equal(cat.rev, "2-b");
      assert.equal(cat.data._rev, "2-b");
    },
  },
  {
    name: "Document.exists: is true for a document that was read",
    async run({ db }) {
      await fill(db, { cat: {} });
      assert.isTrue((await db.get("cat")).exists);
    },
  },
  {
    name: "Document.exists: is false for a revision that is a deletion",
    async run({ db }) {
      await fill(db, { cat: {} });
      const { rev } = await (await db.get("cat")).delete();
      const gone = await db.get("cat", { rev });
      assert.isTrue(gone.data._deleted);
      assert.isFalse(gone.exists);
    },
  },
  {
    name: "Document.exists: is true for a new document once it is saved",
    async run({ db }) {
      const cat = await db.create("cat");
      assert.isFalse(cat.exists);
      await cat.save();
      assert.isTrue(cat.exists);
    },
  },
  {
    name: "Document.exists: asks nobody",
    async run(context) {
      await fill(context.db, { cat: {} });
      const { db, sent } = watch(context);
      const cat = await db.get("cat");
      await (await context.db.get("cat")).delete();
      assert.isTrue(cat.exists);
      assert.deepEqual(sent, ["GET /cat"]);
    },
  },
  {
    name: "Document.fetch: takes over what the server has",
    async run({ db }) {
      await fill(db, { cat: { legs: 4, tail: true } });
      const [mine, theirs] = [await db.get("cat"), await db.get("cat")];
      delete theirs.data.tail;
      theirs.data.legs = 3;
      await theirs.save();
      await mine.fetch();
      assert.deepEqual(mine.data, theirs.data);
      assert.isFalse(mine.dirty);
    },
  },
  {
    name: "Document.fetch: is a request",
    async run(context) {
      await fill(context.db, { cat: {} });
      const { db, sent } = watch(context);
      const cat = await db.get("cat");
      sent.length = 0;
      await cat.fetch();
      assert.deepEqual(sent, ["GET /cat"]);
    },
  },
  {
    name: "Document.fetch: is a Conflict where something is not saved, and sends nothing",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 } });
      const { db, sent } = watch(context);
      const cat = await db.get("cat");
      cat.data.legs = 3;
      sent.length = 0;
      await rejects(cat.fetch(), ConflictError);
      assert.equal(cat.data.legs, 3);
      assert.deepEqual(sent, []);
    },
  },
  {
    name: "Document.fetch: is a Conflict for new content that is not saved",
    async run({ db }) {
      await fill(db, { cat: {} });
      const cat = db.document("cat");
      cat.data.legs = 4;
      await rejects(cat.fetch(), ConflictError);
    },
  },
  {
    name: "Document.fetch: a document that holds nothing yet has nothing to lose",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      const cat = db.document("cat");
      await cat.fetch();
      assert.deepEqual(cat.json, { legs: 4 });
    },
  },
  {
    name: "Document.fetch: with discardChanges, puts what the server has in place of changes",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      const cat = await db.get("cat");
      cat.data.legs = 3;
      await cat.fetch({ discardChanges: true });
      assert.deepEqual(cat.json, { legs: 4 });
      assert.isFalse(cat.dirty);
    },
  },
  {
    name: "Document.fetch: an invalid rev is BadRequest",
    async run({ db }) {
      await fill(db, { cat: {} });
      const cat = await db.get("cat");
      await rejects(cat.fetch({ rev: "nonsense" }), BadRequestError);
    },
  },
  {
    name: "Document.fetch: rev is the revision to read",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      const cat = await db.get("cat");
      const rev = cat.rev as string;
      cat.data.legs = 3;
      await cat.save();
      assert.notEqual(cat.rev, rev);
      await cat.fetch({ rev });
      assert.equal(cat.rev, rev);
      assert.deepEqual(cat.json, { legs: 4 });
      assert.deepEqual(cat.data, (await db.get("cat", { rev })).data);
    },
  },
  {
    name: "Document.fetch: a rev that the server does not have is NotFound",
    async run({ db }) {
      await fill(db, { cat: {} });
      const cat = await db.get("cat");
      await rejects(cat.fetch({ rev: `1-${"a".repeat(32)}` }), NotFoundError);
    },
  },
];
