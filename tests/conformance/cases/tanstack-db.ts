import { type Collection, createCollection, createLiveQueryCollection, eq } from "@tanstack/db";
import { assert } from "chai";
import {
  basic,
  ConflictError,
  CouchDB,
  type Database,
  type Fetch,
  ForbiddenError,
  NotFoundError,
} from "couchfetch";
import { type StandardSchema, standardSchema } from "couchfetch/schema";
import { type CouchCollectionOptions, couchCollectionOptions } from "couchfetch/tanstack-db";
import { type Case, eventually, fill, rejects, watch } from "../case.js";
import { throughProxy } from "../proxies.js";

const animals = {
  cat: { legs: 4, name: "Tom" },
  dog: { legs: 4, name: "Rex" },
  fish: { legs: 0, name: "Nemo" },
};

interface Animal {
  legs: number;
  name?: string;
}

/** A collection that is ready, for as long as the work takes. */
async function collecting(
  options: CouchCollectionOptions<Animal>,
  work: (collection: Collection<Animal & { _id: string; _rev?: string }, string>) => Promise<void>,
): Promise<void> {
  const collection = createCollection(couchCollectionOptions(options));
  await collection.preload();
  try {
    await work(collection as never);
  } finally {
    await collection.cleanup();
  }
}

const typed = (db: Database) => db as unknown as Database<Animal>;

const keysOf = (collection: { keys(): Iterable<string> }) => [...collection.keys()].sort().join();

export const tanstackDbCases: Case[] = [
  {
    name: "a collection has the documents, and follows the database",
    async run({ db }) {
      await fill(db, { ...animals, "_design/zoo": {} });
      await collecting({ db: typed(db) }, async (collection) => {
        assert.equal(keysOf(collection), "cat,dog,fish");
        const cat = await db.get("cat");
        assert.deepInclude(collection.get("cat"), {
          ...{ _id: "cat", _rev: cat.rev as string },
          ...animals.cat,
        });
        await fill(db, { fox: { legs: 4 } });
        cat.data.legs = 3;
        await cat.save();
        await (await db.get("dog")).delete();
        await eventually(() => keysOf(collection) === "cat,fish,fox");
        await eventually(() => collection.get("cat")?.legs === 3);
      });
    },
  },
  {
    name: "a collection may have a selection of the documents",
    async run({ db }) {
      await fill(db, animals);
      await collecting({ db: typed(db), selector: { legs: { $gt: 3 } } }, async (collection) => {
        assert.equal(keysOf(collection), "cat,dog");
      });
      await collecting({ db: typed(db), ids: ["fish", "fox"] }, async (collection) => {
        assert.equal(keysOf(collection), "fish");
        // The feed of these ids does not bring it.
        await collection.insert({ _id: "ant", legs: 6 }).isPersisted.promise;
        assert.isTrue(await db.exists("ant"));
        assert.equal(keysOf(collection), "fish");
      });
    },
  },
  {
    name: "a transaction is one request, and is shown until the feed brings it",
    async run(context) {
      const { db, sent } = watch(context);
      await fill(context.db, animals);
      await collecting({ db: typed(db) }, async (collection) => {
        const shown: string[] = [];
        collection.subscribeChanges(() => void shown.push(keysOf(collection)));
        const begin = sent.length;
        const inserted = collection.insert([
          { _id: "ant", legs: 6 },
          { _id: "fly", legs: 6 },
        ]);
        assert.equal(keysOf(collection), "ant,cat,dog,fish,fly");
        await inserted.isPersisted.promise;
        const updated = collection.update(["cat", "dog"], (drafts) => {
          for (const draft of drafts) draft.legs = 3;
        });
        assert.equal(collection.get("cat")?.legs, 3);
        await updated.isPersisted.promise;
        await collection.delete(["ant", "fly"]).isPersisted.promise;
        assert.deepEqual(
          sent.slice(begin).filter((request) => request.startsWith("POST")),
          Array.from({ length: 3 }, () => "POST /_bulk_docs"),
        );
        // Nothing disappears, nor comes back, between the optimistic state and the feed's.
        assert.sameMembers([...new Set(shown)], ["ant,cat,dog,fish,fly", "cat,dog,fish"]);
        assert.equal(collection.get("cat")?.legs, 3);
        const cat = await context.db.get("cat");
        assert.equal(cat.data.legs, 3);
        assert.equal(collection.get("cat")?._rev, cat.rev);
        assert.isFalse(await context.db.exists("ant"));
      });
    },
  },
  {
    name: "changes of one document follow each other without conflicts",
    async run({ db }) {
      await collecting({ db: typed(db) }, async (collection) => {
        const transactions = [
          collection.insert({ _id: "cat", legs: 1 }),
          ...[2, 3, 4].map((legs) =>
            collection.update("cat", (draft) => {
              draft.legs = legs;
            }),
          ),
        ];
        assert.equal(collection.get("cat")?.legs, 4);
        await Promise.all(transactions.map(({ isPersisted }) => isPersisted.promise));
        const cat = await db.get("cat");
        assert.deepEqual([cat.data.legs, cat.rev?.slice(0, 2)], [4, "4-"]);
        await Promise.all([
          collection.delete("cat").isPersisted.promise,
          collection.insert({ _id: "cat", legs: 5 }).isPersisted.promise,
        ]);
        assert.equal(collection.get("cat")?.legs, 5);
        assert.equal((await db.get("cat")).data.legs, 5);
      });
    },
  },
  {
    name: "a document that another client has changed is rolled back with the ConflictError",
    async run({ url, user, password, db }) {
      await fill(db, animals);
      const overtaking: Fetch = async (request, init) => {
        if (request.url.endsWith("/_bulk_docs")) {
          const cat = await db.get("cat");
          cat.data.name = "Garfield";
          await cat.save();
        }
        return fetch(request, init);
      };
      const couch = new CouchDB(url, { auth: basic(user, password), fetch: overtaking });
      await collecting({ db: typed(couch.database(db.id)) }, async (collection) => {
        const { isPersisted } = collection.update("cat", (draft) => {
          draft.name = "Kitty";
        });
        assert.equal(collection.get("cat")?.name, "Kitty");
        const error = await rejects(isPersisted.promise, ConflictError);
        assert.equal(error.status, 409);
        assert.include(error.message, "`cat` was not saved");
        await eventually(() => collection.get("cat")?.name === "Garfield");
      });
      await couch.close();
      await collecting({ db: typed(db), ids: ["dog"] }, async (collection) => {
        const { isPersisted } = collection.insert({ _id: "cat", legs: 2 });
        await rejects(isPersisted.promise, ConflictError);
        assert.equal(keysOf(collection), "dog");
      });
    },
  },
  {
    name: "a document that the server refuses is rolled back with its ForbiddenError",
    async run({ db }) {
      await fill(db, {
        ...animals,
        "_design/rules": {
          validate_doc_update: 'function (doc) { if (doc.legs < 0) throw({ forbidden: "legs" }); }',
        },
      });
      await collecting({ db: typed(db) }, async (collection) => {
        const { isPersisted } = collection.insert({ _id: "ant", legs: -6 });
        assert.isTrue(collection.has("ant"));
        const error = await rejects(isPersisted.promise, ForbiddenError);
        assert.include(error.message, "`ant` was not saved: legs");
        assert.isFalse(collection.has("ant"));
      });
    },
  },
  {
    name: "a document that has a conflict shows that when it is deleted",
    async run({ db }) {
      for (const [legs, digit] of ["a", "b"].entries()) {
        const cat = { _id: "cat", _rev: `1-${digit.repeat(32)}`, legs };
        await db.createDocs([cat], undefined, { new_edits: false });
      }
      await collecting({ db: typed(db) }, async (collection) => {
        assert.equal(collection.get("cat")?.legs, 1);
        await collection.delete("cat").isPersisted.promise;
        assert.equal(collection.get("cat")?.legs, 0);
      });
    },
  },
  {
    name: "a change by which a document leaves the selection removes it",
    async run({ db }) {
      await fill(db, animals);
      await collecting({ db: typed(db), selector: { legs: 4 } }, async (collection) => {
        const { isPersisted } = collection.update("cat", (draft) => {
          draft.legs = 3;
        });
        await isPersisted.promise;
        assert.equal(keysOf(collection), "dog");
      });
    },
  },
  {
    name: "after an outage a collection is exact, and waits no longer for what it has written",
    async run(context) {
      await fill(context.db, animals);
      await throughProxy(context, [], async (proxy) => {
        await collecting({ db: typed(proxy.db) }, async (collection) => {
          await proxy.refuse(true);
          await fill(context.db, { fox: { legs: 4 } });
          await (await context.db.get("dog")).delete();
          await proxy.refuse(false);
          const { isPersisted } = collection.insert({ _id: "ant", legs: 6 });
          await isPersisted.promise;
          await eventually(() => keysOf(collection) === "ant,cat,fish,fox");
        });
      });
    },
  },
  {
    name: "collections of one database share a connection, and say its status",
    async run(context) {
      const { db, sent } = watch(context);
      await fill(context.db, animals);
      const options = ["c", "d"].map((prefix) => couchCollectionOptions({ db, prefix }));
      const collections = options.map((each) => createCollection(each));
      await Promise.all(collections.map((collection) => collection.preload()));
      assert.deepEqual(collections.map(keysOf), ["cat", "dog"]);
      assert.equal(options[0]?.utils.query.current.status, "live");
      assert.lengthOf(
        sent.filter((request) => request.includes("feed=continuous")),
        1,
      );
      await Promise.all(collections.map((collection) => collection.cleanup()));
    },
  },
  {
    name: "a join of two collections shows changes of both, those of this client at once",
    async run({ db }) {
      await fill(db, {
        "animal-cat": { name: "Tom", owner: "person-ann" },
        "animal-dog": { name: "Rex", owner: "person-bob" },
        "person-ann": { name: "Ann" },
      });
      const named = db as unknown as Database<{ name: string; owner?: string }>;
      const animals = createCollection(couchCollectionOptions({ db: named, prefix: "animal-" }));
      const people = createCollection(couchCollectionOptions({ db: named, prefix: "person-" }));
      const pairs = createLiveQueryCollection((query) =>
        query
          .from({ animal: animals })
          .innerJoin({ person: people }, ({ animal, person }) => eq(animal.owner, person._id))
          .select(({ animal, person }) => ({ animal: animal.name, person: person.name })),
      );
      const shown = () =>
        pairs.toArray
          .map(({ animal, person }) => `${animal} of ${person}`)
          .sort()
          .join();
      await pairs.preload();
      assert.equal(shown(), "Tom of Ann");
      await fill(db, { "person-bob": { name: "Bob" } });
      await eventually(() => shown() === "Rex of Bob,Tom of Ann");
      const { isPersisted } = animals.update("animal-cat", (draft) => {
        draft.owner = "person-bob";
      });
      assert.equal(shown(), "Rex of Bob,Tom of Bob");
      await isPersisted.promise;
      assert.equal(shown(), "Rex of Bob,Tom of Bob");
      for (const collection of [pairs, animals, people]) await collection.cleanup();
    },
  },
  {
    name: "a collection of a missing database fails with the NotFoundError",
    async run({ couch }) {
      const db = couch.database("missing-database");
      const collection = createCollection(couchCollectionOptions({ db }));
      await rejects(collection.preload(), NotFoundError);
      await collection.cleanup();
    },
  },
  {
    name: "what the schema of the database strips is kept",
    async run({ couch, db }) {
      await fill(db, { cat: { legs: 4, owner: "Jon" } });
      const schema: StandardSchema<Animal> = {
        "~standard": {
          version: 1,
          vendor: "test",
          validate: (value) => {
            const { _id, _rev, legs } = value as { _id: string; _rev?: string; legs: number };
            if (typeof legs !== "number") return { issues: [{ message: "legs must be a number" }] };
            return { value: { _id, _rev, legs } as Animal };
          },
        },
      };
      const strict = couch.database(db.id, { schema: standardSchema(schema) });
      await collecting({ db: strict }, async (collection) => {
        assert.notProperty(collection.get("cat"), "owner");
        const { isPersisted } = collection.update("cat", (draft) => {
          draft.legs = 3;
        });
        await isPersisted.promise;
        assert.deepInclude((await db.get("cat")).data, { legs: 3, owner: "Jon" });
        await collection.insert({ _id: "ant", legs: 6 }).isPersisted.promise;
        await Promise.all([
          collection.delete("ant").isPersisted.promise,
          collection.insert({ _id: "ant", legs: 5 }).isPersisted.promise,
        ]);
        await collection.delete("ant").isPersisted.promise;
        assert.equal(keysOf(collection), "cat");
      });
    },
  },
  {
    name: "wrong options of a collection are refused",
    async run({ db }) {
      for (const wrong of [{ limit: 3 }, { prefix: undefined }, { prefix: "a", ids: [] }])
        await rejects(() => couchCollectionOptions({ db, ...(wrong as object) }), TypeError);
    },
  },
];
