import { assert } from "chai";
import { ConflictError, DesignDocument, designDoc, View } from "couchfetch";
import { type Case, fill, rejects, watch } from "../../case.js";

const map = "function (doc) { emit(doc._id, null); }";

export const designs: Case[] = [
  {
    name: "Database.designDoc: gives a new design document, which is here only",
    async run({ db }) {
      const zoo = await designDoc(db, "zoo");
      assert.instanceOf(zoo, DesignDocument);
      assert.equal(zoo.id, "_design/zoo");
      assert.deepEqual(await db.keys().toArray(), []);
      await zoo.save();
      assert.deepEqual(await db.keys().toArray(), ["_design/zoo"]);
    },
  },
  {
    name: "Database.designDoc: rejects one that exists with Conflict",
    async run({ db }) {
      await fill(db, { "_design/zoo": {} });
      await rejects(designDoc(db, "zoo"), ConflictError);
    },
  },
  {
    name: "Database.designDoc: with existsOk, gives the one that exists",
    async run({ db }) {
      await fill(db, { "_design/zoo": { views: { ids: { map } } } });
      const zoo = await designDoc(db, "zoo", { existsOk: true });
      assert.deepEqual(zoo.data.views, { ids: { map } });
      assert.isFalse(zoo.dirty);
    },
  },
  {
    name: "Database.designDoc: with existsOk, gives a new one if there is none",
    async run({ db }) {
      const zoo = await designDoc(db, "zoo", { existsOk: true });
      assert.isFalse(zoo.exists);
      assert.deepEqual(zoo.data, { _id: "_design/zoo" });
    },
  },
  {
    name: "Database.designDoc: asks the server once",
    async run(context) {
      const { db, sent } = watch(context);
      await designDoc(db, "zoo");
      await designDoc(db, "zoo", { existsOk: true });
      assert.deepEqual(sent, ["GET /_all_docs?keys=%5B%22_design%2Fzoo%22%5D", "GET /_design/zoo"]);
    },
  },
  {
    name: "DesignDocument.data: takes what a design document may have",
    async run({ db }) {
      const zoo = await designDoc(db, "zoo");
      Object.assign(zoo.data, {
        language: "javascript",
        options: {},
        filters: { cats: "function (doc) { return doc.kind === 'cat'; }" },
        lists: {},
        rewrites: [],
        shows: {},
        updates: {},
        validate_doc_update: "function () {}",
        views: {},
      });
      await zoo.save();
      assert.equal(Object.keys((await db.get("_design/zoo")).json).length, 9);
    },
  },
  {
    name: "DesignDocument.save: refuses a member that no design document has, and sends nothing",
    async run(context) {
      const { db, sent } = watch(context);
      const zoo = await designDoc(db, "zoo");
      sent.length = 0;
      Object.assign(zoo.data, { animals: ["cat"] });
      await rejects(zoo.save(), TypeError);
      assert.deepEqual(sent, []);
    },
  },
  {
    name: "DesignDocument.createView: saves a view, and gives it",
    async run({ db }) {
      await fill(db, { cat: {}, dog: {} });
      const zoo = await designDoc(db, "zoo");
      const view = await zoo.createView("ids", { map });
      assert.instanceOf(view, View);
      assert.deepEqual(await view.ids().toArray(), ["cat", "dog"]);
      const { data } = await db.get("_design/zoo");
      assert.deepEqual(data.views, { ids: { map } });
      assert.equal(data.language, "javascript");
    },
  },
  {
    name: "DesignDocument.createView: keeps the views there are",
    async run({ db }) {
      const zoo = await designDoc(db, "zoo");
      await zoo.createView("ids", { map });
      await zoo.createView("more", { map });
      assert.hasAllKeys((await db.get("_design/zoo")).data.views, ["ids", "more"]);
    },
  },
  {
    name: "DesignDocument.createView: with a reduce, makes a view that reduces",
    async run({ db }) {
      await fill(db, { cat: {}, dog: {} });
      const zoo = await designDoc(db, "zoo");
      const count = await zoo.createView("count", { map, reduce: "_count" });
      assert.deepEqual(await count.values().toArray(), [2]);
    },
  },
  {
    name: "DesignDocument.createView: a view that exists is a Conflict, and nothing is sent",
    async run(context) {
      await fill(context.db, { "_design/zoo": { views: { ids: { map } } } });
      const { db, sent } = watch(context);
      const zoo = await designDoc(db, "zoo", { existsOk: true });
      sent.length = 0;
      await rejects(zoo.createView("ids", { map: "function () {}" }), ConflictError);
      assert.deepEqual(sent, []);
    },
  },
  {
    name: "DesignDocument.createView: with existsOk, replaces a view that exists",
    async run({ db }) {
      await fill(db, { "_design/zoo": { views: { ids: { map: "function () {}" } } }, cat: {} });
      const zoo = await designDoc(db, "zoo", { existsOk: true });
      const view = await zoo.createView("ids", { map, existsOk: true });
      assert.deepEqual(await view.ids().toArray(), ["cat"]);
    },
  },
  {
    name: "DesignDocument.view: gives a view, and sends nothing",
    async run(context) {
      await fill(context.db, { "_design/zoo": { views: { ids: { map } } }, cat: {} });
      const { db, sent } = watch(context);
      const zoo = await designDoc(db, "zoo", { existsOk: true });
      sent.length = 0;
      const view = zoo.view("ids");
      assert.deepEqual(sent, []);
      assert.deepEqual(await view.ids().toArray(), ["cat"]);
    },
  },
];
