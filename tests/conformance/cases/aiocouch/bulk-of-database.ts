import { assert } from "chai";
import { BulkOperation, bulkGet, type Document, NotFoundError } from "couchfetch";
import { type Case, fill, rejects, watch } from "../../case.js";

const idsOf = (documents: Iterable<Document>) => Array.from(documents, ({ id }) => id);

export const bulkOfDatabase: Case[] = [
  {
    name: "Database.createDocs: creates a document for each of the ids",
    async run({ db }) {
      const { response } = await db.createDocs(["cat", "dog"]);
      assert.equal(response.length, 2);
      assert.deepEqual(await db.keys().toArray(), ["cat", "dog"]);
    },
  },
  {
    name: "Database.createDocs: creates those that are made on the way, too",
    async run({ db }) {
      const { response } = await db.createDocs(["cat"], (docs) => docs.create("dog"));
      assert.equal(response.length, 2);
      assert.deepEqual(await db.keys().toArray(), ["cat", "dog"]);
    },
  },
  {
    name: "Database.createDocs: needs no ids",
    async run({ db }) {
      await db.createDocs((docs) => docs.create("cat"));
      assert.deepEqual(await db.keys().toArray(), ["cat"]);
    },
  },
  {
    name: "Database.createDocs: does not look what exists: that is a conflict in the response",
    async run(context) {
      await fill(context.db, { cat: {}, dog: {} });
      const { db, sent } = watch(context);
      const operation = await db.createDocs(["new", "cat"], (docs) => docs.create("dog"));
      const { ok, error, response } = operation;
      assert.deepEqual(sent, ["POST /_bulk_docs"]);
      assert.deepEqual(
        response.map((row) => row.error),
        [undefined, "conflict", "conflict"],
      );
      assert.deepEqual([idsOf(ok), idsOf(error)], [["new"], ["cat", "dog"]]);
    },
  },
  {
    name: "Database.updateDocs: reads the documents of the ids, in one request, and writes in another",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 }, dog: { legs: 4 }, hen: { legs: 2 } });
      const { db, sent } = watch(context);
      await db.updateDocs(["cat", "hen"], (docs) => {
        assert.deepEqual(
          Array.from(docs, ({ id, json }) => [id, json.legs]),
          [
            ["cat", 4],
            ["hen", 2],
          ],
        );
        assert.equal(sent.length, 1);
        assert.match(sent[0] ?? "", /_all_docs/);
        for (const doc of docs) doc.data.tail = true;
      });
      assert.deepEqual(sent.slice(1), ["POST /_bulk_docs"]);
      assert.deepEqual((await db.get("hen")).json, { legs: 2, tail: true });
    },
  },
  {
    name: "Database.updateDocs: an id that does not exist is NotFound",
    async run(context) {
      const { db, sent } = watch(context);
      await rejects(
        db.updateDocs(["cat"], () => {}),
        NotFoundError,
      );
      assert.notInclude(sent, "POST /_bulk_docs");
    },
  },
  {
    name: "Database.updateDocs: with create, an id that does not exist is an empty document",
    async run({ db }) {
      const edit = (docs: BulkOperation) => {
        for (const doc of docs) assert.deepEqual(doc.data, { _id: "cat" });
      };
      await db.updateDocs(["cat"], edit, { create: true });
      assert.deepEqual(await db.keys().toArray(), ["cat"]);
    },
  },
  {
    name: "Database.updateDocs: with create, one that was deleted comes to life again",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      await (await db.get("cat")).delete();
      const edit = (docs: BulkOperation) => {
        for (const doc of docs) doc.data.llama = "awesome";
      };
      await db.updateDocs(["cat"], edit, { create: true });
      const cat = await db.get("cat");
      assert.deepEqual(cat.data, { _id: "cat", _rev: cat.rev as string, llama: "awesome" });
      assert.match(cat.rev ?? "", /^3-/);
    },
  },
  {
    name: "Database.updateDocs: without ids, changes what is appended, or nothing",
    async run(context) {
      const { db, sent } = watch(context);
      const operation = await db.updateDocs([], () => {});
      assert.instanceOf(operation, BulkOperation);
      assert.deepEqual([...operation], []);
      assert.deepEqual(sent, []);
    },
  },
  {
    name: "Database.updateDocs: sends nothing if nothing has changed",
    async run(context) {
      await fill(context.db, { cat: {}, dog: {} });
      const { db, sent } = watch(context);
      await db.updateDocs(["cat", "dog"], () => {});
      assert.notInclude(sent, "POST /_bulk_docs");
    },
  },
  {
    name: "Database.updateDocs: leaves alone the documents that have not changed",
    async run({ db }) {
      await fill(db, { cat: { llama: "awesome" }, dog: {} });
      const operation = await db.updateDocs(["cat", "dog"], (docs) => {
        for (const doc of docs) doc.data.llama = "awesome";
      });
      assert.deepEqual(idsOf(operation.ok), ["dog"]);
      assert.deepEqual(operation.error, []);
      assert.match((await db.get("cat")).rev ?? "", /^1-/);
    },
  },
  {
    name: "Database.bulkGet: reads many documents, and says which are not there",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 }, dog: {} });
      const { db, sent } = watch(context);
      const rows = await bulkGet(db, [{ id: "dog" }, { id: "cat" }, { id: "hen" }]).toArray();
      assert.deepEqual(
        rows.map(({ id }) => id),
        ["dog", "cat", "hen"],
      );
      assert.equal(rows[1]?.docs[0]?.ok?.legs, 4);
      assert.equal(rows[2]?.docs[0]?.error?.error, "not_found");
      assert.deepEqual(sent, ["POST /_bulk_get"]);
    },
  },
];
