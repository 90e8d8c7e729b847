import { assert } from "chai";
import {
  BadRequestError,
  type Document,
  designDocs,
  NotFoundError,
  partition,
  readRows,
  type ViewParams,
} from "couchfetch";
import { type Case, fill, fillMany, rejects, watch } from "../case.js";

const zoo = {
  views: {
    by_n: { map: "function (doc) { if (doc.n !== undefined) emit(doc.n, doc.kind); }" },
    by_kind: {
      map: "function (doc) { if (doc.kind) emit(doc.kind, doc.n); }",
      reduce: "_sum",
    },
  },
};

const animals = {
  "cat:1": { kind: "cat", n: 1 },
  "cat:2": { kind: "cat", n: 2 },
  "cat:🦊": { kind: "cat", n: 3 },
  dog: { kind: "dog", n: 4 },
  whale: { kind: "whale", n: 5 },
};

const idsOf = (documents: Document[]) => documents.map(({ id }) => id);

export const scans: Case[] = [
  {
    name: "docs gives all documents, without the design documents unless asked for",
    async run({ db }) {
      await fill(db, { ...animals, "_design/zoo": zoo });
      assert.deepEqual(idsOf(await db.docs().toArray()), Object.keys(animals));
      const all = idsOf(await db.docs({ includeDesignDocs: true }).toArray());
      assert.deepEqual(all, ["_design/zoo", ...Object.keys(animals)]);
      assert.deepEqual(idsOf(await db.docs({ ids: ["_design/zoo"] }).toArray()), ["_design/zoo"]);
    },
  },
  {
    name: "a key too long for a URL is sent in the body",
    async run(context) {
      const long = "x".repeat(9_000);
      const map = "function (doc) { if (doc.key) emit(doc.key, 1); }";
      const views = { by_key: { map, reduce: "_sum" } };
      await fill(context.db, { "_design/zoo": { views } });
      await fillMany(
        context,
        ["a", "b", "c"].map((_id) => ({ _id, key: long + _id })),
      );
      const { db, sent } = watch(context);
      const view = db.view<string, number>("zoo", "by_key");
      const [b, c] = [`${long}b`, `${long}c`];
      const idsIn = async (params: ViewParams<string>) =>
        (await view.rows({ reduce: false, ...params }).toArray()).map(({ id }) => id);
      assert.deepEqual(await idsIn({ key: b }), ["b"]);
      assert.deepEqual(await idsIn({ startkey: b }), ["b", "c"]);
      assert.deepEqual(await idsIn({ endkey: b, inclusive_end: false }), ["a"]);
      assert.deepEqual(await idsIn({ endkey: b, skip: 1, limit: 5, update: "true" }), ["b"]);
      assert.deepEqual(await idsIn({ startkey: c, endkey: b, descending: true }), ["c", "b"]);
      assert.deepEqual(await idsIn({ startkey: b, startkey_docid: "c", stable: false }), ["c"]);
      assert.deepEqual(await idsIn({ startkey: b, update: false, update_seq: true }), ["b", "c"]);
      const options = { startkey: b, endkey: { [long]: 1 } };
      assert.deepEqual(idsOf(await view.docs(options).toArray()), ["b", "c"]);
      assert.deepEqual(idsOf(await view.docs({ prefix: b }).toArray()), ["b"]);
      assert.deepEqual(await view.items({ group: true, key: c }).toArray(), [[c, 1]]);
      assert.equal((await view.get({ startkey: b, reduce: true })).rows[0]?.value, 2);
      assert.deepEqual(await view.ids({ ids: [c, b] }).toArray(), ["c", "b"]);
      for (const range of [
        { startkey: "b", endkey: `b${long}` },
        { startkey: `a${long}`, limit: 1 },
      ])
        assert.deepEqual(idsOf(await db.docs(range).toArray()), ["b"]);
      assert.deepEqual(await db.keys({ endkey: `_design/${long}` }).toArray(), []);
      const designs = designDocs(db).rows({ endkey: `_design/zoo${long}`, include_docs: true });
      assert.equal((await designs.toArray())[0]?.doc?._id, "_design/zoo");
      assert.match([...new Set(sent)].join(), /^POST [^?]*,POST [^?]*,POST [^?]*$/);
    },
  },
  {
    name: "a key too long for a URL is sent in the body by a partition, too",
    needs: "partitions",
    async run({ couch, db }) {
      const land = await couch.create(`${db.id}_p`, { partitioned: true });
      try {
        await fill(land, { "cat:1": {}, "cat:2": {}, "dog:1": {} });
        const cats = partition(land, "cat");
        const endkey = `cat:1${"x".repeat(9_000)}`;
        assert.deepEqual(idsOf(await cats.docs({ endkey }).toArray()), ["cat:1"]);
      } finally {
        await land.delete();
      }
    },
  },
  {
    name: "a parameter too long for a URL is a RangeError that names it, and nothing is sent",
    async run(context) {
      const { couch, db, sent } = watch(context);
      const long = "x".repeat(9_000);
      const revs = Array.from(
        { length: 300 },
        (_, n) => `${n + 1}-${"0123456789abcdef".repeat(2)}`,
      );
      const calls: Record<string, () => unknown> = {
        atts_since: () => db.get("cat", { attachments: true, atts_since: revs }),
        rev: () => db.document("cat").fetch({ rev: long, conflicts: true }),
        name: () => readRows(db, "_design/zoo/_geo/places", { query: { first: 1, name: long } }),
        place: () => couch.request(`${db.id}/_design/zoo/_geo/places`, { query: { place: long } }),
        path: () => db.get(long),
      };
      for (const [name, call] of Object.entries(calls)) {
        const { message } = await rejects(call, RangeError);
        assert.equal(message, `\`${name}\` is too long for a URL`);
      }
      assert.isEmpty(sent);
    },
  },
  ...[
    { where: "all", range: {} },
    { where: "backwards", range: { descending: true } },
    { where: "in a range before the design documents", range: { endkey: "C" } },
    { where: "in a range that begins among them", range: { startkey: "_design/b" } },
    { where: "in a range behind them", range: { startkey: "b" } },
    { where: "backwards from among them", range: { startkey: "_design/b", descending: true } },
    { where: "with a prefix", range: { prefix: "" } },
  ].map(
    ({ where, range }): Case => ({
      name: `limit and skip of docs count documents, not design documents: ${where}`,
      async run(context) {
        const { db } = context;
        const designs = ["_design/a", "_design/b", "_design/c"];
        const ids = ["0", "A", "B", ...designs, "a", "b", "é"];
        await fillMany(
          context,
          ids.map((_id) => ({ _id })),
        );
        const all = idsOf(await db.docs(range).toArray());
        const within = await db.keys({ ...range }).toArray();
        assert.deepEqual(
          all,
          within.filter((id) => !designs.includes(id)),
        );
        for (let skip = 0; skip <= all.length + 1; skip += 1) {
          assert.deepEqual(idsOf(await db.docs({ ...range, skip }).toArray()), all.slice(skip));
          for (const limit of [0, 1, 2, 4]) {
            const some = idsOf(await db.docs({ ...range, skip, limit }).toArray());
            assert.deepEqual(some, all.slice(skip, skip + limit), `skip ${skip}, limit ${limit}`);
          }
        }
      },
    }),
  ),
  {
    name: "a loop that pages by skip, or by the last id, gets all documents once",
    async run(context) {
      const { db } = context;
      const ids = Array.from({ length: 25 }, (_, n) => `doc-${String(n).padStart(2, "0")}`);
      const designs = Array.from({ length: 12 }, (_, n) => `_design/${n}`);
      await fillMany(
        context,
        [...ids, ...designs].map((_id) => ({ _id })),
      );
      const limit = 10;
      const bySkip: string[] = [];
      for (let skip = 0; ; skip += limit) {
        const page = await db.docs({ skip, limit }).toArray();
        bySkip.push(...idsOf(page));
        if (page.length < limit) break;
      }
      assert.deepEqual(bySkip, ids);
      const byId: string[] = [];
      for (let next: string | undefined = ""; next !== undefined; ) {
        const page: string[] = idsOf(await db.docs({ startkey: next, limit: limit + 1 }).toArray());
        byId.push(...page.slice(0, limit));
        next = page[limit];
      }
      assert.deepEqual(byId, ids);
    },
  },
  {
    name: "limit and skip of ids count those that exist, and deleted documents do not",
    async run({ db }) {
      await fill(db, animals);
      await (await db.get("cat:2")).delete();
      const ids = ["none", "cat:1", "cat:2", "dog", "gone", "whale", "cat:🦊"];
      const there = ["cat:1", "dog", "whale", "cat:🦊"];
      assert.deepEqual(await db.keys({ ids }).toArray(), there);
      assert.deepEqual(await db.keys({ ids, skip: 1, limit: 2 }).toArray(), ["dog", "whale"]);
      assert.deepEqual(await db.allDocs.keys({ keys: ids, limit: 3 }).toArray(), there.slice(0, 3));
      assert.lengthOf(await db.allDocs.values({ keys: ids }).toArray(), 4);
      const items = await db.allDocs.items({ keys: ids }).toArray();
      assert.deepEqual(
        items.map(([key]) => key),
        there,
      );
      for (const include_docs of [false, true]) {
        const response = await db.allDocs.get({ keys: ids, include_docs });
        assert.deepEqual(response.keys(), there);
        assert.lengthOf(response.values(), 4);
        assert.lengthOf(response.items(), 4);
        assert.lengthOf(response.rows, ids.length);
      }
      const rows = await db.allDocs.rows({ keys: ids, limit: 3 }).toArray();
      assert.deepEqual(
        rows.map(({ key }) => key),
        ids.slice(0, 3),
      );
    },
  },
  {
    name: "limit and skip of a view's docs count documents, not rows without one",
    async run({ db }) {
      const map =
        "function (doc) { doc.friends.forEach(function (id) { emit(id, { _id: id }); }); }";
      await fill(db, {
        "_design/zoo": { views: { friends: { map } } },
        a: { friends: ["_design/zoo", "a", "b", "gone", "none"] },
        b: { friends: ["a", "c", "c", "gone"] },
        c: { friends: ["b", "gone"] },
      });
      const friends = db.view<string>("zoo", "friends");
      for (const range of [{}, { descending: true }, { startkey: "b", endkey: "none" }]) {
        const all = idsOf(await friends.docs(range).toArray());
        assert.notInclude(all, "_design/zoo");
        for (let skip = 0; skip <= all.length; skip += 1) {
          for (const limit of [1, 3, 20]) {
            const some = idsOf(await friends.docs({ ...range, skip, limit }).toArray());
            assert.deepEqual(some, all.slice(skip, skip + limit), `skip ${skip}, limit ${limit}`);
          }
        }
      }
      const ids = ["c", "gone", "b"];
      assert.deepEqual(idsOf(await friends.docs({ ids }).toArray()), ["c", "c", "b", "b"]);
      assert.deepEqual(idsOf(await friends.docs({ ids, skip: 1, limit: 2 }).toArray()), ["c", "b"]);
    },
  },
  {
    name: "a view's values may look like those of deleted documents",
    async run({ db }) {
      const map = "function (doc) { emit(doc._id, { rev: doc._rev, deleted: true }); }";
      await fill(db, { cat: {}, "_design/zoo": { views: { gone: { map } } } });
      const gone = db.view<string>("zoo", "gone");
      assert.deepEqual(await gone.keys().toArray(), ["cat"]);
      assert.deepEqual((await gone.get()).keys(), ["cat"]);
      assert.deepEqual(idsOf(await gone.docs({ ids: ["cat"] }).toArray()), ["cat"]);
      await (await db.get("cat")).delete();
      assert.deepEqual(await gone.docs({ update: "false" }).toArray(), []);
    },
  },
  {
    name: "a view's prefix gives exactly what begins with it, in whatever order ICU puts that",
    async run(context) {
      const { db } = context;
      const keys = [
        ...["A", "a", "Apfel", "apfel", "Äpfel", "ab", "aB", "AB", "b", "c", "ç", "c\u0327", ""],
        ...["เ", "เก", "เกม", "ก", "กเ", "กเก", "กา", "แก", "เเก", "ไก่", "โก"],
        ...["ເ", "ເກ", "ແກ", "ກ", "ꪵꪀ", "и", "й", "иа", "\u00adsoft", "soft", "𐊀"],
      ];
      const map = "function (doc) { if (doc.name !== undefined) emit(doc.name, doc.name); }";
      await fillMany(context, [
        ...keys.map((name) => ({ name })),
        { _id: "_design/zoo", views: { names: { map, reduce: "_count" } } },
      ]);
      const view = db.view<string, string>("zoo", "names");
      const all = await view.items({ reduce: false }).toArray();
      assert.lengthOf(all, keys.length);
      for (const prefix of ["A", "c", "เ", "เก", "กเ", "เเ", "ແ", "ꪵ", "и", "z", ""]) {
        const names = all.map(([name]) => name).filter((name) => name.startsWith(prefix));
        for (const descending of [false, true]) {
          const wanted = descending ? names.toReversed() : names;
          const docs = await view.docs({ prefix, descending }).toArray();
          assert.deepEqual(
            docs.map(({ data }) => data.name),
            wanted,
            prefix,
          );
          assert.lengthOf(await view.ids({ prefix, descending }).toArray(), wanted.length);
          const some = { prefix, descending, skip: 1, limit: 2 };
          const page = await view.docs(some).toArray();
          assert.deepEqual(
            page.map(({ data }) => data.name),
            wanted.slice(1, 3),
            prefix,
          );
          const ids = await view.ids(some).toArray();
          assert.deepEqual(
            ids,
            page.map(({ id }) => id),
          );
        }
      }
    },
  },
  {
    name: "a view's prefix is a matter of its collation, whatever follows",
    async run({ db }) {
      const map = "function (doc) { emit(doc.name); }";
      const names = ["c", "C", "cat", "czz", "c€", "c🦊", "ç", "d", "b"];
      const documents = Object.fromEntries(names.map((name, index) => [`${index}`, { name }]));
      await fill(db, { ...documents, "_design/zoo": { views: { names: { map } } } });
      const found = await db.view<string>("zoo", "names").docs({ prefix: "c" }).toArray();
      assert.sameMembers(
        found.map(({ data }) => data.name),
        ["c", "cat", "czz", "c€", "c🦊"],
      );
    },
  },
  {
    name: "a value that looks like a deleted document's is a value",
    async run({ db }) {
      const map = "function (doc) { emit(doc._id, { _id: 'gone', deleted: true }); }";
      await fill(db, { cat: {}, "_design/zoo": { views: { gone: { map } } } });
      assert.deepEqual(await db.view("zoo", "gone").docs().toArray(), []);
    },
  },
  {
    name: "a response that was read without documents has none to give: a TypeError",
    async run({ db }) {
      await fill(db, { cat: {} });
      const response = await db.allDocs.get();
      await rejects(() => response.docs(), TypeError);
      await rejects(() => response.docs({ create: true }), TypeError);
      const gone = await rejects(db.docs({ ids: ["dog"] }).toArray(), NotFoundError);
      assert.equal(gone.status, 404);
    },
  },
  {
    name: "a prefix that names design documents gives them",
    async run({ db }) {
      await fill(db, { cat: {}, "_design/zoo": {}, "_design/ark": {} });
      const designs = await db.docs({ prefix: "_design/" }).toArray();
      assert.deepEqual(
        designs.map(({ id }) => id),
        ["_design/ark", "_design/zoo"],
      );
      assert.deepEqual(
        await db.docs({ prefix: "_design/", includeDesignDocs: false }).toArray(),
        [],
      );
    },
  },
  {
    name: "docs that were read can be changed and saved, and are not dirty before",
    async run({ db }) {
      await fill(db, animals);
      for await (const animal of db.docs()) {
        assert.isTrue(animal.exists);
        assert.isFalse(animal.dirty);
        animal.data.n += 10;
        assert.isTrue(animal.dirty);
        await animal.save();
      }
      const found = await db.docs({ prefix: "cat" }).toArray();
      assert.deepEqual(
        found.map(({ data }) => data.n),
        [11, 12, 13],
      );
    },
  },
  {
    name: "docs takes the ids, in their order, and rejects one that is missing or deleted",
    async run({ db }) {
      await fill(db, animals);
      const wanted = ["dog", "cat:1", "dog"];
      assert.deepEqual(idsOf(await db.docs({ ids: wanted }).toArray()), wanted);
      const given: string[] = [];
      const read = async () => {
        for await (const { id } of db.docs({ ids: ["dog", "unicorn", "whale"] })) given.push(id);
      };
      const error = await rejects(read(), NotFoundError);
      assert.include(error.message, "unicorn");
      assert.deepEqual(given, ["dog"]);
      await (await db.get("dog")).delete();
      await rejects(db.docs({ ids: ["dog"] }).toArray(), NotFoundError);
    },
  },
  {
    name: "docs with create gives an empty document for one that is missing",
    async run({ db }) {
      await fill(db, animals);
      const [dog, unicorn] = await db.docs({ ids: ["dog", "unicorn"], create: true }).toArray();
      assert.isTrue(dog?.exists);
      assert.deepEqual(unicorn?.data, { _id: "unicorn" });
      assert.isFalse(unicorn?.exists);
      await unicorn?.save();
      assert.isTrue((await db.get("unicorn")).exists);
    },
  },
  {
    name: "prefix gives those that begin with it, whatever follows",
    async run({ db }) {
      await fill(db, { ...animals, "cat:\u{10ffff}": {}, "cat;": {}, "cat:\uffff\uffff": {} });
      const wanted = ["cat:1", "cat:2", "cat:\uffff\uffff", "cat:🦊", "cat:\u{10ffff}"];
      const found = idsOf(await db.docs({ prefix: "cat:" }).toArray());
      assert.sameMembers(found, wanted);
      assert.sameMembers(await db.allDocs.ids({ prefix: "cat:" }).toArray(), wanted);
      assert.deepEqual(idsOf(await db.docs({ prefix: "none" }).toArray()), []);
      const backwards = await db.docs({ prefix: "cat:", descending: true }).toArray();
      assert.deepEqual(idsOf(backwards), found.reverse());
    },
  },
  {
    name: "keys and values take CouchDB's parameters",
    async run({ db }) {
      await fill(db, animals);
      assert.deepEqual(await db.keys({ startkey: "dog" }).toArray(), ["dog", "whale"]);
      assert.deepEqual(await db.keys({ descending: true, limit: 2 }).toArray(), ["whale", "dog"]);
      assert.deepEqual(await db.keys({ prefix: "do" }).toArray(), ["dog"]);
      assert.deepEqual(await db.keys({ skip: 4 }).toArray(), ["whale"]);
      assert.deepEqual(await db.keys({ ids: ["dog", "nope"] }).toArray(), ["dog"]);
      assert.deepEqual(idsOf(await db.values({ endkey: "cat:2" }).toArray()), ["cat:1", "cat:2"]);
    },
  },
  {
    name: "more ids than fit into a URL",
    async run({ db }) {
      const ids = Array.from({ length: 500 }, (_, index) => `none ${index} ${"x".repeat(30)}`);
      await fill(db, animals);
      const documents = await db.docs({ ids: [...ids, "dog"], create: true }).toArray();
      assert.deepEqual(idsOf(documents), [...ids, "dog"]);
      assert.isTrue(documents.at(-1)?.exists);
    },
  },
  {
    name: "the summary tells what stands beside the rows",
    async run({ db }) {
      await fill(db, animals);
      const rows = db.allDocs.rows({ limit: 2, skip: 1, update_seq: true });
      const found = await rows.toArray();
      assert.deepEqual(
        found.map(({ key }) => key),
        ["cat:2", "cat:🦊"],
      );
      const { total_rows, offset, update_seq } = await rows.summary;
      assert.deepEqual({ total_rows, offset }, { total_rows: 5, offset: 1 });
      assert.exists(update_seq);
    },
  },
  {
    name: "a missing key is a row of its own",
    async run({ db }) {
      await fill(db, animals);
      const { rows } = await db.allDocs.get({ keys: ["dog", "nope"] });
      assert.equal(rows[0]?.id, "dog");
      assert.deepEqual({ ...rows[1] } as object, { key: "nope", error: "not_found" });
    },
  },
  {
    name: "a view gives keys, values, items, ids and documents",
    async run({ db }) {
      await fill(db, { ...animals, "_design/zoo": zoo });
      const view = db.view<number, string>("zoo", "by_n");
      assert.deepEqual(await view.keys({ limit: 2 }).toArray(), [1, 2]);
      assert.deepEqual(await view.values({ startkey: 4 }).toArray(), ["dog", "whale"]);
      assert.deepEqual(await view.items({ key: 5 }).toArray(), [[5, "whale"]]);
      assert.deepEqual(await view.ids({ descending: true, limit: 1 }).toArray(), ["whale"]);
      assert.deepEqual(idsOf(await view.docs({ endkey: 1 }).toArray()), ["cat:1"]);
      const response = await view.get({ include_docs: true, keys: [4, 2] });
      assert.deepEqual(response.keys(), [4, 2]);
      assert.deepEqual(response.values(), ["dog", "cat"]);
      assert.deepEqual(response.items(), [
        [4, "dog"],
        [2, "cat"],
      ]);
      assert.equal(response.total_rows, 5);
      const [dog] = response.docs();
      assert.deepEqual(dog?.json, animals.dog);
      assert.isFalse(dog?.dirty);
    },
  },
  {
    name: "the documents of a response notice changes, however often they are asked for",
    async run({ db }) {
      await fill(db, animals);
      const response = await db.allDocs.get({ include_docs: true });
      response.rows.reverse();
      const [first, ...rest] = response.docs();
      for (const { dirty } of response.docs()) assert.isFalse(dirty);
      Object.assign(first?.data ?? {}, { n: 8 });
      response.rows.reverse();
      const again = response.docs().find(({ id }) => id === first?.id);
      assert.isTrue(first?.dirty);
      assert.isTrue(again?.dirty);
      assert.exists(await again?.save());
      assert.isUndefined(await rest[0]?.save());
      assert.equal((await db.get(`${first?.id}`)).data.n, 8);
    },
  },
  {
    name: "a view reduces, and groups",
    async run({ db }) {
      await fill(db, { ...animals, "_design/zoo": zoo });
      const view = db.view<string, number>("zoo", "by_kind");
      assert.deepEqual(await view.values().toArray(), [15]);
      assert.deepEqual(await view.items({ group: true }).toArray(), [
        ["cat", 6],
        ["dog", 4],
        ["whale", 5],
      ]);
      assert.equal((await view.get({ reduce: false })).rows.length, 5);
      const cats = ["cat:1", "cat:2", "cat:🦊"];
      assert.deepEqual(await view.ids({ prefix: "ca" }).toArray(), cats);
      assert.deepEqual(
        await view.ids({ prefix: "ca", descending: true }).toArray(),
        cats.reverse(),
      );
      assert.deepEqual(idsOf(await view.docs({ ids: ["dog", "nope"] }).toArray()), ["dog"]);
    },
  },
  {
    name: "a view's linked documents come, and those that are gone do not",
    async run({ db }) {
      const map = "function (doc) { if (doc.friend) emit(doc.friend, { _id: doc.friend }); }";
      await fill(db, {
        "_design/zoo": { views: { friends: { map } } },
        a: { friend: "b" },
        b: { friend: "gone" },
        c: { friend: "a" },
      });
      const friends = db.view<string>("zoo", "friends");
      assert.deepEqual(idsOf(await friends.docs().toArray()), ["a", "b"]);
      assert.deepEqual(idsOf(await friends.docs({ create: true }).toArray()), ["a", "b"]);
      const response = await friends.get({ include_docs: true });
      assert.deepEqual(idsOf(response.docs()), ["a", "b"]);
    },
  },
  {
    name: "a view that is not there, and a parameter that CouchDB does not take, are its errors",
    async run({ db }) {
      await fill(db, { "_design/zoo": zoo });
      await rejects(db.view("zoo", "nope").get(), NotFoundError);
      await rejects(db.view("nope", "nope").rows().toArray(), NotFoundError);
      await rejects(db.view("zoo", "by_n").get({ limit: "x" as never }), BadRequestError);
    },
  },
  {
    name: "break and a second iteration",
    async run({ db }) {
      await fill(db, animals);
      const rows = db.docs();
      for await (const _document of rows) break;
      await rejects(() => rows[Symbol.asyncIterator](), TypeError);
    },
  },
];
