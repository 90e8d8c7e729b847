import { assert } from "chai";
import { BadRequestError } from "couchfetch";
import { type Case, fill, fillMany, rejects, watch } from "../case.js";

const numbered = (count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, n) => [
      `doc-${String(n).padStart(4, "0")}`,
      { n, even: n % 2 === 0 },
    ]),
  );

export const queries: Case[] = [
  {
    name: "find gives whole documents, which can be changed and saved",
    async run({ db }) {
      await fill(db, numbered(4));
      const found = await db.find({ even: true }).toArray();
      assert.deepEqual(
        found.map(({ id }) => id),
        ["doc-0000", "doc-0002"],
      );
      const [first] = found;
      assert.isFalse(first?.dirty);
      assert.equal(first?.data.n, 0);
      if (first) first.data.n = 100;
      await first?.save();
      assert.equal((await db.get("doc-0000")).data.n, 100);
    },
  },
  {
    name: "find gives each document once, however many there are",
    async run(context) {
      const ids = Array.from({ length: 2100 }, (_, n) => `doc-${String(n).padStart(4, "0")}`);
      await fillMany(
        context,
        ids.map((_id, n) => ({ _id, n })),
      );
      const found = await context.db.find({ n: { $gte: 0 } }).toArray();
      assert.deepEqual(
        found.map(({ id }) => id),
        ids,
      );
      const some = await context.db.query({ n: { $gte: 0 } }, { skip: 50, limit: 1500 }).toArray();
      assert.deepEqual(
        some.map(({ _id }) => _id),
        ids.slice(50, 1550),
      );
    },
  },
  {
    name: "find loses none of the documents that are deleted as they come",
    async run(context) {
      const docs = Array.from({ length: 120 }, (_, n) => ({ _id: `doc-${n}`, n }));
      await fillMany(context, docs);
      for await (const document of context.db.find({ n: { $gte: 0 } })) await document.delete();
      assert.deepEqual(await context.db.keys().toArray(), []);
    },
  },
  ...[
    { what: "each", title: () => "" },
    // Another kind of bookmark: CouchDB compresses long ones.
    {
      what: "with long keys each",
      title: (n: number) => `${n} ${"The Sleeping Gypsy ".repeat(n)}`,
    },
  ].map(
    ({ what, title }): Case => ({
      name: `find meets none of the documents that the loop writes: ${what} comes once`,
      async run(context) {
        const { db, sent } = watch(context);
        const count = 60;
        await db.index({ fields: ["seen", "title"] });
        await fillMany(
          context,
          Array.from({ length: count }, (_, n) => ({ seen: 0, title: title(n) })),
        );
        sent.length = 0;
        const found: string[] = [];
        for await (const document of db.find({ seen: { $gte: 0 } }, { sort: ["seen", "title"] })) {
          found.push(document.id);
          assert.isAtMost(found.length, count);
          document.data.seen += 1;
          await document.save();
        }
        assert.equal(new Set(found).size, count);
        assert.equal(found.length, count);
        assert.lengthOf(
          sent.filter((line) => line === "POST /_find"),
          1,
        );
      },
    }),
  ),
  {
    name: "find sends one request, however many documents there are",
    async run(context) {
      const { db, sent } = watch(context);
      await fillMany(
        context,
        Array.from({ length: 300 }, (_, n) => ({ _id: `doc-${n}`, n })),
      );
      const rows = db.find({ n: { $gte: 0 } }, { execution_stats: true });
      assert.lengthOf(await rows.toArray(), 300);
      assert.deepEqual(sent, ["POST /_find"]);
      assert.equal((await rows.summary).execution_stats?.total_docs_examined, 300);
    },
  },
  {
    name: "find keeps limit, skip, sort and bookmark",
    async run({ db }) {
      await fill(db, numbered(8));
      await db.index({ fields: ["n"] }, { name: "by-n" });
      const sort: Record<string, "desc">[] = [{ n: "desc" }];
      const page = db.find({ n: { $gte: 0 } }, { sort, skip: 1, limit: 3 });
      const numbers = (await page.toArray()).map(({ data }) => data.n);
      assert.deepEqual(numbers, [6, 5, 4]);
      const { bookmark } = await page.summary;
      const rest = db.find({ n: { $gte: 0 } }, { sort, ...(bookmark ? { bookmark } : {}) });
      assert.deepEqual(
        (await rest.toArray()).map(({ data }) => data.n),
        [3, 2, 1, 0],
      );
      assert.deepEqual(await db.find({}, { limit: 0 }).toArray(), []);
      const nothing = db.find({ n: -1 });
      assert.deepEqual(await nothing.toArray(), []);
      assert.notProperty(await nothing.summary, "bookmark");
    },
  },
  {
    name: "query gives plain objects, and the fields asked for",
    async run({ db }) {
      await fill(db, numbered(3));
      const rows = await db.query<{ n: number }>({ n: { $gt: 0 } }, { fields: ["n"] }).toArray();
      assert.deepEqual(rows, [{ n: 1 }, { n: 2 }]);
      const [whole] = await db.query({ n: 0 }).toArray();
      assert.equal(whole?._id, "doc-0000");
    },
  },
  {
    name: "the summary has the warning and what the query cost",
    async run({ db }) {
      await fill(db, numbered(30));
      const rows = db.find({ even: true }, { execution_stats: true });
      assert.equal((await rows.toArray()).length, 15);
      const { warning, execution_stats } = await rows.summary;
      assert.match(warning ?? "", /index/);
      assert.equal(execution_stats?.results_returned, 15);
    },
  },
  {
    name: "index creates an index, and says when it exists",
    async run({ db }) {
      const first = await db.index({ fields: ["n"] }, { name: "by-n", ddoc: "numbers" });
      assert.deepEqual(first, { result: "created", id: "_design/numbers", name: "by-n" });
      const again = await db.index({ fields: ["n"] }, { name: "by-n", ddoc: "numbers" });
      assert.equal(again.result, "exists");
    },
  },
  {
    name: "what CouchDB refuses is BadRequest",
    async run({ db }) {
      await fill(db, numbered(1));
      const operator = await rejects(db.find({ n: { $nope: 1 } }).toArray(), BadRequestError);
      assert.equal(operator.status, 400);
      const sort = db.find({ n: { $gt: 0 } }, { sort: ["unindexed"] });
      const error = await rejects(sort.toArray(), BadRequestError);
      assert.equal(error.error, "no_usable_index");
      await rejects(sort.summary, BadRequestError);
    },
  },
];
