import { assert } from "chai";
import { Document, NotFoundError, ViewResponse } from "couchfetch";
import { type Case, type Context, fill, rejects, watch } from "../../case.js";

const animals = { cat: { n: 1 }, cow: { n: 2 }, dog: { n: 3 }, hen: { n: 4 } };

/** A database with four animals, a view of them by id, and one by number. */
async function zoo(context: Context) {
  const ids = { map: "function (doc) { emit(doc._id, doc.n); }" };
  const numbers = { map: "function (doc) { emit(doc.n, null); }" };
  await fill(context.db, { ...animals, "_design/zoo": { views: { ids, numbers } } });
  const { db, sent } = watch(context);
  const byNumber = db.view<number, null>("zoo", "numbers");
  return { db, sent, view: db.view<string, number>("zoo", "ids"), byNumber };
}

const idsOf = (documents: Document[]) => documents.map(({ id }) => id);

export const views: Case[] = [
  {
    name: "Database.view: gives a view of a design document, and sends nothing",
    async run(context) {
      const { view, sent } = await zoo(context);
      assert.deepEqual(sent, []);
      await view.get();
      assert.deepEqual(sent, ["GET /_design/zoo/_view/ids"]);
    },
  },
  {
    name: "View.keys: gives the keys of the rows",
    async run(context) {
      const { byNumber } = await zoo(context);
      assert.deepEqual(await byNumber.keys().toArray(), [1, 2, 3, 4]);
    },
  },
  {
    name: "View.values: gives the values of the rows",
    async run(context) {
      const { view } = await zoo(context);
      assert.deepEqual(await view.values().toArray(), [1, 2, 3, 4]);
    },
  },
  {
    name: "View.items: gives keys and values",
    async run(context) {
      const { view } = await zoo(context);
      const items = await view.items({ limit: 2 }).toArray();
      assert.deepEqual(items, [
        ["cat", 1],
        ["cow", 2],
      ]);
    },
  },
  {
    name: "View.items: of all documents, too, gives keys and values",
    async run(context) {
      const { db } = await zoo(context);
      const items = await db.allDocs.items({ startkey: "c" }).toArray();
      assert.deepEqual(
        items.map(([id, { rev }]) => [id, rev.slice(0, 2)]),
        ["cat", "cow", "dog", "hen"].map((id) => [id, "1-"]),
      );
    },
  },
  {
    name: "View.ids: gives the ids of the documents",
    async run(context) {
      const { byNumber } = await zoo(context);
      assert.deepEqual(await byNumber.ids().toArray(), ["cat", "cow", "dog", "hen"]);
    },
  },
  {
    name: "View.ids: with ids, gives those there are",
    async run(context) {
      const { view } = await zoo(context);
      const ids = await view.ids({ ids: ["cat", "cow", "hen", "unicorn"] }).toArray();
      assert.deepEqual(ids, ["cat", "cow", "hen"]);
    },
  },
  {
    name: "View.ids: with a prefix, gives those that begin with it",
    async run(context) {
      const { view } = await zoo(context);
      assert.deepEqual(await view.ids({ prefix: "c" }).toArray(), ["cat", "cow"]);
    },
  },
  {
    name: "View.ids: of all documents, too, takes ids or a prefix",
    async run(context) {
      const { allDocs } = (await zoo(context)).db;
      assert.deepEqual(await allDocs.ids({ prefix: "c" }).toArray(), ["cat", "cow"]);
      assert.deepEqual(await allDocs.ids({ ids: ["hen", "unicorn"] }).toArray(), ["hen"]);
    },
  },
  {
    name: "View.ids: takes ids, and not key or keys",
    async run(context) {
      const { view, sent } = await zoo(context);
      for (const wrong of [{ key: "cat" }, { keys: ["cat"] }] as object[]) {
        await rejects(async () => view.ids(wrong).toArray(), TypeError);
      }
      assert.deepEqual(sent, []);
    },
  },
  {
    name: "View.docs: gives the documents",
    async run(context) {
      const { view } = await zoo(context);
      const documents = await view.docs().toArray();
      assert.deepEqual(idsOf(documents), ["cat", "cow", "dog", "hen"]);
      for (const document of documents) assert.instanceOf(document, Document);
      assert.deepEqual(documents[0]?.json, { n: 1 });
    },
  },
  {
    name: "View.docs: with ids, does not give one that was deleted",
    async run(context) {
      const { db, view } = await zoo(context);
      await (await db.get("cat")).delete();
      assert.deepEqual(await view.docs({ ids: ["cat"] }).toArray(), []);
    },
  },
  {
    name: "View.docs: with a prefix, gives those that begin with it",
    async run(context) {
      const { view } = await zoo(context);
      assert.deepEqual(idsOf(await view.docs({ prefix: "c" }).toArray()), ["cat", "cow"]);
    },
  },
  {
    name: "View.docs: takes either ids or a prefix, and no prefix with create",
    async run(context) {
      const { view, sent } = await zoo(context);
      await rejects(async () => view.docs({ ids: ["cat"], prefix: "d" }).toArray(), TypeError);
      await rejects(async () => view.docs({ prefix: "d", create: true }).toArray(), TypeError);
      assert.deepEqual(sent, []);
    },
  },
  {
    name: "View.docs: takes ids, and not key or keys",
    async run(context) {
      const { view, sent } = await zoo(context);
      for (const wrong of [{ key: "cat" }, { keys: ["cat"] }] as object[]) {
        await rejects(async () => view.docs(wrong).toArray(), TypeError);
      }
      assert.deepEqual(sent, []);
    },
  },
  {
    name: "View.get: gives all rows at once, and what CouchDB counted",
    async run(context) {
      const { view } = await zoo(context);
      const response = await view.get({ skip: 1 });
      assert.instanceOf(response, ViewResponse);
      assert.deepEqual(response.rows[0], { id: "cow", key: "cow", value: 2 });
      assert.equal(response.rows.length, 3);
      assert.equal(response.total_rows, 4);
      assert.equal(response.offset, 1);
    },
  },
  {
    name: "View.get: takes key and keys, as values",
    async run(context) {
      const { byNumber, view } = await zoo(context);
      assert.deepEqual((await view.get({ key: "cat" })).keys(), ["cat"]);
      assert.deepEqual((await byNumber.get({ keys: [3, 1] })).keys(), [3, 1]);
    },
  },
  {
    name: "View.get: with update_seq, tells what the view knows of",
    async run(context) {
      const { view } = await zoo(context);
      assert.exists((await view.get({ update_seq: true })).update_seq);
      assert.isUndefined((await view.get()).update_seq);
    },
  },
  {
    name: "View.get: writes true and false as words, and leaves out what is undefined",
    async run(context) {
      const { view, sent } = await zoo(context);
      const params = { descending: true, reduce: false, limit: undefined as never };
      await view.get(params);
      assert.deepEqual(sent, ["GET /_design/zoo/_view/ids?descending=true&reduce=false"]);
    },
  },
  {
    name: "View.get: gives the rows of the keys",
    async run(context) {
      const { view } = await zoo(context);
      const response = await view.get({ keys: ["dog", "unicorn", "cat"] });
      assert.deepEqual(response.items(), [
        ["dog", 3],
        ["cat", 1],
      ]);
    },
  },
  {
    name: "ViewResponse: gives keys, values and items of the rows, without those that do not exist",
    async run(context) {
      const { allDocs } = (await zoo(context)).db;
      const response = await allDocs.get({ keys: ["hen", "unicorn"] });
      assert.deepEqual(response.keys(), ["hen"]);
      assert.equal(response.values().length, 1);
      assert.deepEqual(
        response.items().map(([key, value]) => [key, value.rev.slice(0, 2)]),
        [["hen", "1-"]],
      );
    },
  },
  {
    name: "ViewResponse.docs: gives the documents, with create also those that do not exist",
    async run(context) {
      const { allDocs } = (await zoo(context)).db;
      const response = await allDocs.get({ keys: ["hen", "unicorn"], include_docs: true });
      await rejects(async () => response.docs(), NotFoundError);
      const [hen, unicorn] = response.docs({ create: true });
      assert.deepEqual(hen?.json, { n: 4 });
      assert.deepEqual(unicorn?.data, { _id: "unicorn" });
    },
  },
  {
    name: "ViewResponse.docs: leaves design documents out, unless includeDesignDocs",
    async run(context) {
      const { allDocs } = (await zoo(context)).db;
      const response = await allDocs.get({ include_docs: true });
      assert.deepEqual(idsOf(response.docs()), ["cat", "cow", "dog", "hen"]);
      assert.equal(response.docs({ includeDesignDocs: true })[0]?.id, "_design/zoo");
    },
  },
];
