import { assert } from "chai";
import {
  type Database,
  defineView,
  deploy,
  type Page,
  page,
  partition,
  type View,
} from "couchfetch";
import { type StandardSchema, standardSchema } from "couchfetch/schema";
import { type Case, type Context, fillMany, rejects, watch } from "../case.js";

/** A row of any kind of page. */
type Row = { id?: unknown; _id?: unknown; key?: unknown };

/** Reads a page, given its cursor. */
type Read = (cursor?: string | null) => Promise<Page<unknown>>;

const nameOf = (row: unknown) => {
  const { id, _id, key } = row as Row;
  return String(id ?? _id ?? JSON.stringify(key));
};

/** Reads all pages. */
async function pagesOf(read: Read, between = async (_read: unknown[]) => {}): Promise<unknown[][]> {
  const pages: unknown[][] = [];
  for (let cursor: string | undefined; ; ) {
    const { rows, next } = await read(cursor);
    pages.push(rows);
    if (next === undefined) return pages;
    assert.match(next, /^[\w-]+$/);
    assert.notEqual(next, cursor);
    cursor = next;
    await between(rows);
  }
}

const namesOf = async (read: Read) => (await pagesOf(read)).map((rows) => rows.map(nameOf));

const byLegs = defineView<number | null, number>("zoo", "by_legs", {
  map: "function (doc) { emit(doc.legs, doc.n); }",
  reduce: "_count",
});
/** Several rows for a document, at keys that are the same, or sort so. */
const several = defineView<string | number, number>("zoo", "several", {
  map: `function (doc) {
    for (var n = 0; n < doc.n; n++) emit(doc.legs, n);
    emit("\\u00e9", 1);
    emit("e\\u0301", 2);
    emit("\\u00e9", 3);
    emit("e\\u0301", 4);
  }`,
});
const numbers = defineView<number[], null>("zoo", "numbers", {
  map: "function (doc) { if (doc.n < 3) emit([9007199254740993, doc.n], null); }",
});

const idOf = (n: number) => `animal-${String(n).padStart(3, "0")}`;

/** Documents, and views of them. */
async function fillZoo(context: Context, count: number): Promise<void> {
  const legs = [4, 2, null, 6];
  await fillMany(
    context,
    Array.from({ length: count }, (_, n) => ({ _id: idOf(n), n, legs: legs[n % 4] })),
  );
  await deploy(context.db, [byLegs, several, numbers]);
}

/** Numbers from 0 to 1, the same for the same seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const remove = async (db: Database, ids: string[]) => {
  for (const id of ids) await (await db.get(id)).delete();
};

/** Everything that has pages, by name. */
const everything: Record<string, (db: Database, size: number) => Read> = {
  documents: (db, size) => (cursor) => page(db, { size, cursor }),
  "documents, descending": (db, size) => (cursor) => page(db, { size, cursor, descending: true }),
  "documents with a prefix": (db, size) => (cursor) => page(db, { size, cursor, prefix: "animal" }),
  "rows of _all_docs": (db, size) => (cursor) => page(db.allDocs, { size, cursor }),
  "a view": (db, size) => (cursor) => page(db.view(byLegs), { size, cursor }),
  "a view, descending": (db, size) => (cursor) =>
    page(db.view(byLegs), { size, cursor, descending: true }),
  "a range of a view": (db, size) => (cursor) =>
    page(db.view(byLegs), { size, cursor, startkey: null, endkey: 6, include_docs: true }),
  "a key of a view": (db, size) => (cursor) => page(db.view(byLegs), { size, cursor, key: 4 }),
  "a query": (db, size) => (cursor) => page(db, { size, cursor, selector: { n: { $gte: 0 } } }),
  "a sorted query": (db, size) => (cursor) =>
    page(db, { size, cursor, selector: { n: { $gte: 0 } }, sort: [{ n: "desc" }] }),
  "fields of a query": (db, size) => (cursor) =>
    page(db, { size, cursor, selector: { n: { $gte: 0 } }, fields: ["_id", "legs"] }),
};

export const pageCases: Case[] = [
  {
    name: "the pages of a database are its documents, those of _all_docs are rows",
    async run(context) {
      const { db } = context;
      await fillZoo(context, 7);
      const all = await db.docs().toArray();
      const first = await page(db, { size: 3 });
      assert.deepEqual(first.rows[0]?.json, all[0]?.json);
      assert.isTrue(first.rows[0]?.exists);
      const second = await page(db, { size: 3, cursor: first.next });
      const third = await page(db, { size: 3, cursor: second.next });
      const ids = [first, second, third].map(({ rows }) => rows.map(({ id }) => id));
      assert.deepEqual(ids, [[0, 1, 2].map(idOf), [3, 4, 5].map(idOf), [6].map(idOf)]);
      assert.isUndefined(third.next);
      // A page that is full may be the last one.
      const { next } = await page(db, { size: 7 });
      assert.isUndefined(next);
      // A URL without a cursor gives null.
      const url = new URL(`http://localhost/?cursor=${first.next}`);
      const again = await page(db, { size: 3, cursor: url.searchParams.get("cursor") });
      assert.deepEqual(again.rows.map(nameOf), ids[1]);
      const none = await page(db, { size: 3, cursor: url.searchParams.get("other") });
      assert.deepEqual(none.rows.map(nameOf), ids[0]);

      const { rows } = await page(db.allDocs, { size: 2, include_docs: true });
      assert.deepEqual(
        rows.map(({ key }) => key),
        ["_design/zoo", idOf(0)],
      );
      assert.equal(rows[1]?.doc?.n, 0);
      const designs = await namesOf((cursor) => page(db, { cursor, prefix: "_design/" }));
      assert.deepEqual(designs, [["_design/zoo"]]);
      const whole = await namesOf((cursor) =>
        page(db, { size: 4, cursor, includeDesignDocs: true }),
      );
      assert.equal(whole[0]?.[0], "_design/zoo");
      assert.deepEqual((await page(db, { prefix: "none" })).rows, []);
    },
  },
  {
    name: "the pages of a view are its rows, in both directions and of any size",
    async run(context) {
      const { db } = context;
      await fillZoo(context, 9);
      const views = [db.view(byLegs), db.view(several)] as View[];
      for (const view of views) {
        for (const descending of [false, true]) {
          const all = await view.rows({ reduce: false, descending }).toArray();
          for (const size of [1, 2, 3, 5, 200]) {
            const pages = await pagesOf((cursor) => page(view, { size, cursor, descending }));
            assert.deepEqual(pages.flat(), all);
            assert.isTrue(pages.slice(0, -1).every((rows) => rows.length === size));
          }
        }
      }
      const some = { startkey: null, endkey: 4, inclusive_end: false };
      const range = await pagesOf((cursor) => page(db.view(byLegs), { size: 1, cursor, ...some }));
      const rows = await db
        .view(byLegs)
        .rows({ reduce: false, ...some })
        .toArray();
      assert.deepEqual(range.flat(), rows);
    },
  },
  {
    name: "the groups of a view have pages",
    async run(context) {
      const { db } = context;
      await fillZoo(context, 9);
      const view = db.view(byLegs);
      for (const descending of [false, true]) {
        const options = { group: true, descending } as const;
        const pages = await pagesOf((cursor) => page(view, { size: 2, cursor, ...options }));
        assert.deepEqual(pages.flat(), await view.rows(options).toArray());
      }
      const one = await page(view, { size: 2, reduce: true } as object);
      const reduced: unknown[] = await view.rows({ reduce: true }).toArray();
      assert.deepEqual(one.rows as unknown[], reduced);
      assert.isUndefined(one.next);
      const { next } = await page(view, { size: 2, group: true });
      // The last group of the page vanishes.
      await remove(db, [1, 5].map(idOf));
      const { rows } = await page(view, { size: 2, group: true, cursor: next });
      assert.deepEqual(
        rows.map(({ key }) => key),
        [4, 6],
      );
    },
  },
  {
    name: "the pages of a query are documents, or objects with its fields",
    async run(context) {
      const { db } = context;
      await fillZoo(context, 9);
      await db.index({ fields: ["n"] });
      const selector = { n: { $gt: 0 } };
      const options = { selector, sort: [{ n: "desc" }], size: 3 } as const;
      const first = await page(db, options);
      assert.isTrue(first.rows[0]?.exists);
      assert.deepEqual(await namesOf((cursor) => page(db, { ...options, cursor })), [
        [8, 7, 6].map(idOf),
        [5, 4, 3].map(idOf),
        [2, 1].map(idOf),
      ]);
      const fields = ["n"] as const;
      const objects = await pagesOf((cursor) => page(db, { ...options, fields, cursor }));
      assert.deepEqual(
        objects.flat(),
        [8, 7, 6, 5, 4, 3, 2, 1].map((n) => ({ n })),
      );
      const whole = await pagesOf((cursor) => page(db, { selector, size: 4, cursor }));
      assert.deepEqual(
        whole.map(({ length }) => length),
        [4, 4],
      );
    },
  },
  ...Object.entries(everything).map(
    ([title, read]): Case => ({
      name: `documents that come and go between pages neither lose nor repeat others: ${title}`,
      async run(context) {
        const { db } = context;
        const seed = Date.now() % 2 ** 31;
        const next = random(seed);
        const count = 40;
        await fillZoo(context, count);
        await db.index({ fields: ["n"] });
        const before = (await read(db, 200)()).rows.map(nameOf);
        const size = 3 + Math.floor(next() * 6);
        const seen: string[] = [];
        const gone = new Set(before.filter((id) => id.startsWith("_design")));
        const pages = await pagesOf(read(db, size), async (rows) => {
          seen.push(...rows.map(nameOf));
          const living = before.filter((id) => !gone.has(id));
          // The rows around the page's end matter.
          const at = living.findLastIndex((id) => seen.includes(id));
          for (const by of [-1, 0, 1, 2]) {
            const id = living[at + by];
            if (id === undefined || next() < 0.6) continue;
            await (await db.get(id)).delete();
            gone.add(id);
          }
          const n = next() * count;
          const id = `${idOf(Math.floor(n))}-${seen.length}`;
          await (await db.create(id, { n, legs: [4, 2, null, 6][seen.length % 4] })).save();
        });
        const names = pages.flat().map(nameOf);
        const kept = before.filter((id) => !gone.has(id));
        const how = `seed ${seed}, size ${size}`;
        const found = names.filter((id) => kept.includes(id));
        assert.deepEqual(found, kept, how);
        assert.lengthOf(new Set(names), names.length, how);
      },
    }),
  ),
  {
    name: "a query goes on where rows at the end of a page were deleted or changed",
    async run(context) {
      const { db } = context;
      await fillZoo(context, 30);
      await db.index({ fields: ["n"] });
      const options = { size: 3, selector: { n: { $gte: 0 } }, sort: ["n"] } as const;
      const rest = async (cursor: string | undefined) =>
        (await page(db, { ...options, size: 200, cursor })).rows.map(nameOf);
      const all = (await rest(undefined)) as string[];
      const { next } = await page(db, options);
      assert.deepEqual(await rest(next), all.slice(3));
      // The last row of the page, then the first of the next one.
      await remove(db, [idOf(2)]);
      assert.deepEqual(await rest(next), all.slice(3));
      await remove(db, [idOf(3)]);
      assert.deepEqual(await rest(next), all.slice(4));

      const { next: second } = await page(db, { ...options, cursor: next });
      assert.deepEqual(await rest(second), all.slice(7));
      // All of the page.
      await remove(db, [4, 5, 6].map(idOf));
      assert.deepEqual(await rest(second), all.slice(7));
      const { next: third } = await page(db, { ...options, cursor: second });
      // The first of the next page changes, and keeps its place.
      const first = await db.get(idOf(10));
      await first.update((data) => void Object.assign(data, { legs: 100 }));
      assert.deepEqual(await rest(third), all.slice(10));
      // And moves to the end.
      await first.update((data) => void Object.assign(data, { n: 100 }));
      assert.deepEqual(await rest(third), [...all.slice(11), first.id]);
      // And does not match any more.
      await first.update((data) => void Object.assign(data, { n: -1 }));
      assert.deepEqual(await rest(third), all.slice(11));
    },
  },
  {
    name: "a cursor of another query is a TypeError, and nothing is sent",
    async run(context) {
      await fillZoo(context, 9);
      const { db, couch, sent } = watch(context);
      const view = db.view(byLegs);
      const selector = { n: { $gte: 0 } };
      const { next } = await page(view, { size: 2 });
      const { next: found } = await page(db, { size: 2, selector });
      const { next: ofDocs } = await page(db, { size: 2 });
      const before = sent.length;
      const others: Record<string, (cursor: string | undefined) => Promise<unknown>> = {
        "another view": (cursor) => page(db.view(several), { size: 2, cursor }),
        "another database": (cursor) => page(couch.database("zoo").view(byLegs), { cursor }),
        "another direction": (cursor) => page(view, { cursor, descending: true }),
        "another range": (cursor) => page(view, { cursor, startkey: 4 }),
        "another end": (cursor) => page(view, { cursor, endkey: 4 }),
        "another key": (cursor) => page(view, { cursor, key: 4 }),
        groups: (cursor) => page(view, { cursor, group: true }),
        "all documents": (cursor) => page(db, { cursor }),
        "all rows": (cursor) => page(db.allDocs, { cursor }),
        "a query": (cursor) => page(db, { cursor, selector }),
      };
      for (const [title, read] of Object.entries(others)) {
        const error = await rejects(read(next), TypeError);
        assert.include(error.message, "`cursor` belongs to another query", title);
      }
      await rejects(page(db, { cursor: found, selector: { n: { $gte: 1 } } }), TypeError);
      await rejects(page(db, { cursor: found, selector, sort: ["n"] }), TypeError);
      await rejects(page(view, { cursor: found }), TypeError);
      await rejects(page(db, { cursor: ofDocs, prefix: "a" }), TypeError);
      await rejects(page(db.allDocs, { cursor: ofDocs }), TypeError);
      assert.lengthOf(sent, before);
      // The size and what rows contain may change.
      const { rows } = await page(view, {
        size: 4,
        cursor: next,
        include_docs: true,
        stable: true,
      });
      assert.lengthOf(rows, 4);
      assert.deepEqual((await page(db, { cursor: found, selector, fields: ["n"] })).rows[0], {
        n: 2,
      });
      await couch.close();
    },
  },
  {
    name: "a damaged cursor is a TypeError that does not show it, and nothing is sent",
    async run(context) {
      await fillZoo(context, 9);
      const { db, couch, sent } = watch(context);
      const { next = "" } = await page(db.view(several), { size: 4 });
      const { next: found = "" } = await page(db, { size: 2, selector: { n: { $gte: 0 } } });
      const before = sent.length;
      const changed = (text: string) =>
        Array.from(
          text,
          (letter, at) => text.slice(0, at) + (letter === "A" ? "B" : "A") + text.slice(at + 1),
        );
      const wrong = [
        "",
        " ",
        "!",
        "e30",
        "W10",
        "bnVsbA",
        "a".repeat(100_000),
        next.slice(0, -1),
        next.slice(1),
      ];
      for (const cursor of [...wrong, ...changed(next)]) {
        const error = await rejects(page(db.view(several), { size: 4, cursor }), TypeError);
        assert.equal(error.message, "`cursor` belongs to another query, or is damaged");
        assert.isUndefined(error.cause);
      }
      for (const cursor of changed(found))
        await rejects(page(db, { cursor, selector: { n: { $gte: 0 } } }), TypeError);
      for (const cursor of [4, {}, [next], true, false, 0])
        await rejects(page(db, { cursor: cursor as unknown as string }), TypeError);
      assert.lengthOf(sent, before);
      await couch.close();
    },
  },
  {
    name: "options that would move pages, and sizes that are none, are refused",
    async run(context) {
      const { db, couch, sent } = watch(context);
      const view = db.view(byLegs);
      for (const size of [0, -1, 1.5, 201, Number.NaN, Infinity, "3", null]) {
        await rejects(page(view, { size: size as number }), RangeError);
        await rejects(page(db, { selector: {}, size: size as number }), RangeError);
      }
      const refused: object[] = [
        { limit: 3 },
        { skip: 3 },
        { keys: [4] },
        { sorted: false },
        { group_level: 1 },
        { prefix: "a" },
        { selector: {} },
        { siz: 3 },
      ];
      for (const options of refused) {
        await rejects(() => page(view, options as object), TypeError);
      }
      for (const options of [{ ids: ["a"] }, { create: true }, { limit: 3 }, { prefix: 4 }])
        await rejects(() => page(db, options as object), TypeError);
      const both = { prefix: "a", startkey: "a" };
      await rejects(page(db, both), TypeError);
      for (const options of [{ bookmark: "a" }, { limit: 3 }, { skip: 3 }, { prefix: "a" }])
        await rejects(() => page(db, { selector: {}, ...options } as object), TypeError);
      await rejects(page(db, { selector: undefined as never }), TypeError);
      for (const options of [null, 4, "a", []])
        await rejects(() => page(db, options as unknown as object), TypeError);
      assert.deepEqual(sent, []);
      await couch.close();
    },
  },
  {
    name: "documents that a schema skips do not end a page",
    async run(context) {
      const { couch, db } = context;
      await fillZoo(context, 30);
      await db.index({ fields: ["n"] });
      const byFives: StandardSchema<unknown, { n: number }> = {
        "~standard": {
          version: 1,
          vendor: "test",
          validate: (value) => {
            const data = value as { n: number };
            return data.n % 5 === 0 ? { value: data } : { issues: [{ message: "no" }] };
          },
        },
      };
      const schema = standardSchema(byFives, { onInvalid: () => "skip" });
      const animals = couch.database(db.id, { schema });
      const valid = [0, 5, 10, 15, 20, 25].map(idOf);
      const wanted = [valid.slice(0, 4), valid.slice(4)];
      const selector = { n: { $gte: 0 } };
      assert.deepEqual(await namesOf((cursor) => page(animals, { size: 4, cursor })), wanted);
      const found = await namesOf((cursor) => page(animals, { size: 4, cursor, selector }));
      assert.deepEqual(found, wanted);
      const rows = await pagesOf((cursor) =>
        page(animals.view(byLegs), { size: 4, cursor, include_docs: true }),
      );
      assert.deepEqual(
        rows.map(({ length }) => length),
        [4, 2],
      );
      assert.sameMembers(rows.flat().map(nameOf), valid);
    },
  },
  {
    name: "a partition has pages",
    needs: "partitions",
    async run({ couch }) {
      const name = `conformance_${crypto.randomUUID()}`;
      const db = await couch.create(name, { partitioned: true });
      try {
        await db.createDocs((docs) => {
          for (let n = 0; n < 7; n += 1) docs.create(`land:${n}`, { n });
          docs.create("sea:fish", { n: 0 });
          docs.create("_design/zoo", {
            views: { n: { map: "function (doc) { emit(doc.n); }" } },
          });
        });
        const land = partition(db, "land");
        const wanted = [["land:0", "land:1", "land:2"], ["land:3", "land:4", "land:5"], ["land:6"]];
        const view = land.view("zoo", "n");
        const reads: Read[] = [
          (cursor) => page(land, { size: 3, cursor }),
          (cursor) => page(land, { size: 3, cursor, prefix: "land:" }),
          (cursor) => page(view, { size: 3, cursor }),
          (cursor) => page(view, { size: 3, cursor, startkey: 0 }),
          (cursor) => page(land, { size: 3, cursor, selector: { n: { $gte: 0 } } }),
        ];
        for (const read of reads) assert.deepEqual(await namesOf(read), wanted);
        const { next } = await page(land, { size: 3 });
        await rejects(page(partition(db, "sea"), { cursor: next }), TypeError);
        await rejects(page(db, { cursor: next }), TypeError);
      } finally {
        await db.delete();
      }
    },
  },
  {
    name: "a page cannot end at a key that JSON.parse changes, unless the session keeps it",
    async run(context) {
      const { db } = context;
      await fillZoo(context, 5);
      const view = db.view(numbers);
      await rejects(page(view, { size: 2 }), RangeError);
      // A page without a next one needs no cursor.
      assert.lengthOf((await page(view, { size: 3 })).rows, 3);
    },
  },
  {
    name: "a page takes a signal",
    async run({ db }) {
      const reason = new Error("enough");
      const signal = AbortSignal.abort(reason);
      for (const read of [
        () => page(db, { signal }),
        () => page(db.allDocs, { signal }),
        () => page(db, { selector: {}, signal }),
      ])
        assert.strictEqual(await rejects(read, Error), reason);
    },
  },
];
