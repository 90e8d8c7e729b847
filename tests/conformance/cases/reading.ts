import { assert } from "chai";
import {
  BadRequestError,
  CouchDB,
  deleteIndex,
  deleteIndexes,
  designDocs,
  explain,
  IncompleteResponseError,
  indexes,
  localDocs,
  missingRevs,
  multiQuery,
  NotFoundError,
  partition,
  type Rows,
  revsDiff,
  type ViewRow,
} from "couchfetch";
import { type Case, fill, fillMany, rejects } from "../case.js";
import { throughProxy } from "../proxies.js";

const zoo = {
  legs: { map: "function (doc) { emit(doc.legs, doc._id); }", reduce: "_count" },
};

const animals = { cat: { legs: 4 }, dog: { legs: 4 }, owl: { legs: 2 } };

/** The ids, or else the keys, of each Rows. */
async function all(results: AsyncIterable<Rows<ViewRow>>): Promise<unknown[][]> {
  const told: unknown[][] = [];
  for await (const rows of results) {
    told.push((await rows.toArray()).map(({ id, key }) => id ?? key));
  }
  return told;
}

export const reading: Case[] = [
  {
    name: "an error that arrives in pieces is read whole, also instead of rows",
    async run() {
      const pieces = ['{"error":"bad_request",', '"reason":"not this"}'];
      const bytes = pieces.map((piece) => new TextEncoder().encode(piece));
      const respond = async () => {
        const left = [...bytes];
        const body = new ReadableStream({
          type: "bytes",
          async pull(controller) {
            await new Promise((resolve) => setTimeout(resolve, 1));
            const piece = left.shift();
            if (piece) controller.enqueue(piece.slice());
            else controller.close();
            if (!piece) controller.byobRequest?.respond(0);
          },
        });
        return new Response(body, {
          status: 400,
          headers: { "content-type": "application/json" },
        });
      };
      const db = new CouchDB("http://localhost:1", { fetch: respond }).database("animals");
      for (const work of [() => db.docs().toArray(), () => db.get("cat")]) {
        const error = await rejects(work, BadRequestError);
        assert.equal(error.reason, "not this");
      }
    },
  },
  {
    name: "several queries are asked at once, and each has its Rows",
    async run({ db }) {
      await fill(db, { ...animals, "_design/zoo": { views: zoo } });
      const view = db.view<number>("zoo", "legs");
      const queries = [{ key: 4, reduce: false }, { group: true }, { limit: 0, reduce: false }];
      assert.deepEqual(await all(multiQuery(view, queries)), [["cat", "dog"], [2, 4], []]);
      const docs = multiQuery(db.allDocs, [
        { keys: ["owl", "cat"], include_docs: true },
        { limit: 1 },
      ]);
      const seen = [];
      for await (const rows of docs) {
        seen.push([
          (await rows.toArray()).map(({ doc }) => doc?.legs),
          (await rows.summary).total_rows,
        ]);
      }
      assert.deepEqual(seen, [
        [[2, 4], 4],
        [[undefined], 4],
      ]);
      assert.deepEqual(await all(multiQuery(db.allDocs, [])), []);
      await rejects(() => multiQuery(view, {} as never), TypeError);
      await rejects(all(multiQuery(db.view("zoo", "no"), [{}])), NotFoundError);
    },
  },
  {
    name: "what is not read of one query is read past, and cannot be read any more",
    async run(context) {
      const { db } = context;
      const text = "x".repeat(500);
      await fillMany(
        context,
        Array.from({ length: 300 }, (_, n) => ({ _id: `${1000 + n}`, text })),
      );
      const whole = { include_docs: true };
      const results = multiQuery(db.allDocs, [whole, { limit: 2 }, whole, { limit: 1 }]);
      const first = (await results.next()).value as Rows<ViewRow>;
      for await (const { id } of first) if (id === "1100") break;
      const second = (await results.next()).value as Rows<ViewRow>;
      const third = (await results.next()).value as Rows<ViewRow>;
      await rejects(second.toArray(), TypeError);
      assert.lengthOf(await third.toArray(), 300);
      const fourth = (await results.next()).value as Rows<ViewRow>;
      assert.deepEqual(
        (await fourth.toArray()).map(({ id }) => id),
        ["1000"],
      );
      assert.isTrue((await results.next()).done);
      let left: Rows<ViewRow> | undefined;
      for await (const rows of multiQuery(db.allDocs, [whole, whole])) {
        left = rows;
        break;
      }
      assert.match((await rejects(async () => left?.toArray(), DOMException)).message, /closed/);
    },
  },
  {
    name: "queries whose answer is cut off are incomplete",
    async run(context) {
      await fill(context.db, animals);
      const rules = [{ of: "^POST .*/queries", fault: { after: 150, how: "cut" as const } }];
      await throughProxy(context, rules, async ({ db }) => {
        await rejects(all(multiQuery(db.allDocs, [{}, {}])), IncompleteResponseError);
      });
    },
  },
  {
    name: "how a query would be answered is told",
    needs: "query plans",
    async run({ db }) {
      await fill(db, animals);
      await db.index({ fields: ["legs"] }, { name: "by_legs", ddoc: "legs" });
      const plan = await explain(db, { legs: 4 }, { limit: 7 });
      assert.equal(plan.dbname, db.id);
      assert.equal(plan.index.name, "by_legs");
      assert.equal(plan.limit, 7);
      assert.equal((await explain(db, { name: 4 })).index.type, "special");
      await rejects(explain(db, undefined as never), TypeError);
    },
  },
  {
    name: "indexes are told and deleted",
    async run({ db }) {
      await fill(db, animals);
      await db.index({ fields: ["legs"] }, { name: "by_legs", ddoc: "legs" });
      const [ids, legs] = await indexes(db);
      assert.deepInclude(ids, { ddoc: null, name: "_all_docs", type: "special" });
      assert.deepInclude(legs, { ddoc: "_design/legs", name: "by_legs", type: "json" });
      assert.deepEqual(legs?.def.fields, [{ legs: "asc" }]);
      await rejects(deleteIndex(db, "legs", "no"), NotFoundError);
      await deleteIndex(db, "legs", "by_legs");
      assert.lengthOf(await indexes(db), 1);
      await db.index({ fields: ["legs"] }, { ddoc: "legs" });
      const { success, fail } = await deleteIndexes(db, ["_design/legs", "_design/no"]);
      assert.deepEqual([success.length, fail.length], [1, 1]);
      assert.lengthOf(await indexes(db), 1);
    },
  },
  {
    name: "design documents and _local ones are views of their own",
    async run({ db }) {
      await fill(db, { ...animals, "_design/zoo": { views: zoo }, "_design/a": {} });
      await db.document("_local/one", { n: 1 }).save();
      assert.deepEqual(await designDocs(db).ids().toArray(), ["_design/a", "_design/zoo"]);
      const designs = await designDocs(db).docs({ prefix: "_design/z" }).toArray();
      assert.deepEqual(designs[0]?.data.views, zoo);
      const locals = await localDocs(db)
        .docs({ ids: ["_local/one"] })
        .toArray();
      assert.equal(locals[0]?.data.n, 1);
      assert.isFalse(locals[0]?.dirty);
      assert.include(await localDocs(db).ids().toArray(), "_local/one");
    },
  },
  {
    name: "revisions that are missing are told",
    async run({ db }) {
      await fill(db, animals);
      const { rev = "" } = await db.get("cat");
      const asked = { cat: [rev, "2-abc"], dog: [(await db.get("dog")).rev ?? ""], fox: ["1-a"] };
      assert.deepEqual(await missingRevs(db, asked), { cat: ["2-abc"], fox: ["1-a"] });
      const told = await revsDiff(db, asked);
      assert.deepEqual(told.cat, { missing: ["2-abc"], possible_ancestors: [rev] });
      assert.deepEqual(told.fox, { missing: ["1-a"] });
      assert.notProperty(told, "dog");
    },
  },
  {
    name: "a partition is read by itself",
    needs: "partitions",
    async run({ couch }) {
      const name = `conformance_${crypto.randomUUID()}`;
      const db = await couch.create(name, { partitioned: true });
      try {
        await fill(db, {
          "land:cat": { legs: 4 },
          "land:dog": { legs: 4 },
          "sea:fish": { legs: 0 },
          "_design/zoo": { views: zoo },
        });
        const land = partition(db, "land");
        const info = await land.info();
        assert.deepEqual([info.doc_count, info.partition], [2, "land"]);
        assert.deepEqual(await land.keys().toArray(), ["land:cat", "land:dog"]);
        assert.deepEqual(await land.keys({ prefix: "land:d" }).toArray(), ["land:dog"]);
        assert.deepEqual(await land.view("zoo", "legs").keys({ reduce: false }).toArray(), [4, 4]);
        const found = land.query<{ _id: string }>({ legs: { $lt: 9 } }, { fields: ["_id"] });
        assert.deepEqual(await found.toArray(), [{ _id: "land:cat" }, { _id: "land:dog" }]);
        const [cat] = await land.find({ _id: "land:cat" }).toArray();
        await cat?.update((data) => void Object.assign(data, { legs: 3 }));
        assert.equal((await db.get("land:cat")).data.legs, 3);
        assert.equal((await explain(land, { legs: 4 })).opts.partition, "land");
        assert.equal((await partition(db, "air").info()).doc_count, 0);
      } finally {
        await db.delete();
      }
    },
  },
  {
    name: "what no partition can be called is a TypeError",
    async run({ db }) {
      for (const name of ["..", "", "_land", "la:nd"]) {
        await rejects(() => partition(db, name), TypeError);
      }
    },
  },
  {
    name: "a database without partitions has none to tell of",
    needs: "partitions",
    async run({ db }) {
      await rejects(partition(db, "land").info(), BadRequestError);
    },
  },
];
