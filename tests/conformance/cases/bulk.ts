import { assert } from "chai";
import { type BulkOperation, basic, bulkGet, CouchDB, NotFoundError, purge } from "couchfetch";
import { type Case, fill, rejects } from "../case.js";

const older = "1-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

export const bulk: Case[] = [
  {
    name: "what is changed while a bulk write is under way remains to be saved",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      const operation = await db.updateDocs(["cat"], ([cat]) => {
        if (cat) cat.data.legs = 3;
      });
      const [cat] = operation.ok;
      if (!cat) throw new Error("no cat");
      cat.data.legs = 2;
      const under = operation.save();
      cat.data.legs = 1;
      await under;
      assert.isTrue(cat.dirty);
      assert.deepEqual((await db.get("cat")).json, { legs: 2 });
      await cat.save();
      assert.deepEqual((await db.get("cat")).json, { legs: 1 });
    },
  },
  {
    name: "an operation can be saved again, and sends what is still unsaved",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 }, dog: { legs: 4 } });
      const operation = await db.updateDocs(["cat", "dog"], async (docs) => {
        for (const doc of docs) doc.data.legs = 3;
        await (await db.get("cat")).update((data) => {
          data.legs = 5;
        });
      });
      assert.deepEqual(
        operation.error.map(({ id }) => id),
        ["cat"],
      );
      assert.deepEqual(
        operation.ok.map(({ id }) => id),
        ["dog"],
      );
      for (const doc of operation.error) doc.rev = (await doc.info()).rev;
      await operation.save();
      assert.deepEqual(operation.error, []);
      assert.deepEqual(
        operation.response.map(({ id }) => id),
        ["cat"],
      );
      assert.deepEqual((await db.get("cat")).json, { legs: 3 });
    },
  },
  {
    name: "documents that say so are deleted",
    async run({ db }) {
      await fill(db, { cat: {}, dog: {} });
      const { ok } = await db.updateDocs(["cat"], (docs) => {
        for (const doc of docs) doc.data._deleted = true;
      });
      assert.isFalse(ok[0]?.exists);
      await rejects(db.get("cat"), NotFoundError);
      assert.deepEqual(await db.keys().toArray(), ["dog"]);
    },
  },
  {
    name: "without new_edits a document is stored with the revision it has, and no row comes for it",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      const edit = (legs: number) => (docs: BulkOperation) => {
        docs.create("cat", { legs }).rev = older;
        docs.create("dog", { legs }).rev = older;
      };
      const { ok, error, response } = await db.createDocs(edit(3), { new_edits: false });
      assert.deepEqual(
        ok.map(({ id, rev, dirty }) => [id, rev, dirty]),
        [
          ["cat", older, false],
          ["dog", older, false],
        ],
      );
      assert.deepEqual([error, response], [[], []]);
      assert.equal((await db.get("dog")).rev, older);
      const cat = await db.get("cat");
      assert.include([cat.rev, ...(await cat.conflicts())], older);
    },
  },
  {
    name: "without new_edits, what has no revision of its own is a TypeError, for it would be lost",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      const cat = await db.get("cat");
      cat.data.legs = 3;
      const asItIs = { new_edits: false };
      await rejects(
        db.createDocs((docs) => docs.append(cat), asItIs),
        TypeError,
      );
      await rejects(
        db.createDocs(["dog"], () => {}, asItIs),
        TypeError,
      );
      assert.isTrue(cat.dirty);
      assert.deepEqual(await db.keys().toArray(), ["cat"]);
    },
  },
  {
    name: "a round through the documents leaves out those that it adds",
    async run({ db }) {
      const { ok } = await db.createDocs(["cat", "dog"], (docs) => {
        for (const { id, json } of docs) {
          assert.notInclude(id, "-copy");
          docs.create(`${id}-copy`, json);
        }
      });
      assert.deepEqual(
        ok.map(({ id }) => id),
        ["cat", "dog", "cat-copy", "dog-copy"],
      );
    },
  },
  {
    name: "an abort, or the session's end, does not wait for the function",
    async run({ url, user, password, db }) {
      const mine = new Error("mine");
      const session = new CouchDB(url, { auth: basic(user, password) });
      const own = session.database(db.id);
      await fill(db, { cat: {} });
      const never = () => new Promise<void>(() => {});
      type Edit = () => Promise<void>;
      const works: ((edit: Edit, signal: AbortSignal) => Promise<unknown>)[] = [
        (edit, signal) => own.createDocs(["dog"], edit, { signal }),
        (edit, signal) => own.updateDocs(["cat"], edit, { signal }),
        (edit, signal) => own.document("cat").update(edit, { signal }),
      ];
      for (const work of works) {
        const controller = new AbortController();
        const edit = () => {
          controller.abort(mine);
          return never();
        };
        assert.equal((await rejects(work(edit, controller.signal), Error)).message, "mine");
      }
      const under = rejects(own.createDocs(["dog"], never), Error);
      await session.close();
      assert.equal((await under).name, "AbortError");
      assert.deepEqual(await db.keys().toArray(), ["cat"]);
    },
  },
  {
    name: "a document that is there twice, has an impossible id or is another database's is a TypeError",
    async run({ url, user, password, db, couch }) {
      await fill(db, { cat: {} });
      const cat = await db.get("cat");
      const elsewhere = couch.database(`${db.id}_2`);
      await db.createDocs(async (docs) => {
        docs.append(cat);
        await rejects(() => docs.append(cat), TypeError);
        await rejects(() => docs.create("cat"), TypeError);
        for (const id of ["", "_all_docs", ".."]) await rejects(() => docs.create(id), TypeError);
        await rejects(() => docs.append({} as typeof cat), TypeError);
      });
      await rejects(
        elsewhere.createDocs((docs) => docs.append(cat)),
        TypeError,
      );
      await rejects(
        db.updateDocs(["cat", "cat"], () => {}),
        TypeError,
      );
      await rejects(db.createDocs(["dog", "dog"]), TypeError);
      await rejects(db.createDocs("dog" as unknown as string[]), TypeError);
      await rejects(
        db.updateDocs("cat" as unknown as string[], () => {}),
        TypeError,
      );
      // Another session's document of the same database is welcome.
      const other = new CouchDB(url, { auth: basic(user, password) });
      const mine = await other.database(db.id).get("cat");
      mine.data.legs = 4;
      await db.createDocs((docs) => docs.append(mine));
      assert.deepEqual((await db.get("cat")).json, { legs: 4 });
      await other.close();
    },
  },
  {
    name: "more documents than fit into a URL are fetched and saved in two requests",
    async run({ url, user, password, db }) {
      const requests: string[] = [];
      const counting = new CouchDB(url, {
        auth: basic(user, password),
        fetch: (request) => {
          requests.push(`${request.method} ${new URL(request.url).pathname.split("/").at(-1)}`);
          return fetch(request);
        },
      });
      const ids = Array.from({ length: 1000 }, (_, index) => `document-${index}`);
      const { ok, error } = await counting.database(db.id).updateDocs(
        ids,
        (docs) => {
          for (const doc of docs) doc.data.n = 1;
        },
        { create: true },
      );
      assert.deepEqual([ok.length, error.length], [1000, 0]);
      assert.deepEqual(requests, ["POST _all_docs", "POST _bulk_docs"]);
      await counting.close();
    },
  },
  {
    name: "bulkGet gives a row for each, also for a revision, and for one that is not there",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      const cat = await db.get("cat");
      const { rev = "" } = cat;
      await cat.update((data) => {
        data.legs = 3;
      });
      const rows = await bulkGet(db, [{ id: "cat" }, { id: "cat", rev }, { id: "dog" }]).toArray();
      assert.deepEqual(
        rows.map(({ id, docs }) => [id, docs[0]?.ok?.legs ?? docs[0]?.error?.error]),
        [
          ["cat", 3],
          ["cat", 4],
          ["dog", "not_found"],
        ],
      );
      const older = await db.get("cat", { rev });
      const [row] = await bulkGet(db, [older]).toArray();
      assert.equal(row?.docs[0]?.ok?.legs, 4);
    },
  },
  {
    name: "purge removes revisions without a tombstone",
    async run({ db }) {
      await fill(db, { cat: {}, dog: {} });
      const { rev = "" } = await db.get("cat");
      const { purged } = await purge(db, { cat: [rev], dog: [older] });
      assert.deepEqual(purged.cat, [rev]);
      const error = await rejects(db.get("cat"), NotFoundError);
      assert.equal(error.reason, "missing");
      assert.deepEqual(await db.keys().toArray(), ["dog"]);
    },
  },
];
