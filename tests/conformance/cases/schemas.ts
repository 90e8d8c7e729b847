import { assert } from "chai";
import {
  bulkGet,
  type ChangedEvent,
  CouchDB,
  type Database,
  type Document,
  designDoc,
  fetchAttachments,
  localCheckpoint,
  multiQuery,
  NetworkError,
  openRevs,
  partition,
  resolveConflicts,
  saveWithAttachments,
} from "couchfetch";
import {
  type SchemaOptions,
  type SchemaResult,
  type StandardSchema,
  standardSchema,
  ValidationError,
} from "couchfetch/schema";
import { exportDocs, importDocs } from "couchfetch/transfer";
import { type Case, type Context, eventually, fill, fillMany, rejects, watch } from "../case.js";
import { throughProxy } from "../proxies.js";

interface Animal {
  legs: number;
  born?: Date;
  home?: { place: string };
}

type AnimalSchema = StandardSchema<unknown, Animal>;

const schemaBy = (
  validate: (value: unknown) => SchemaResult<Animal> | Promise<SchemaResult<Animal>>,
): AnimalSchema => ({ "~standard": { version: 1, vendor: "tests", validate } });

/** As zod's objects do: it makes dates of texts, and leaves away what it does not know. */
function judge(value: unknown): SchemaResult<Animal> {
  const { legs, born, home, ...others } = value as Record<string, unknown>;
  const own = Object.keys(others).find((name) => name.startsWith("_"));
  if (own) return { issues: [{ message: `${own} is CouchDB's` }] };
  if (typeof legs !== "number") return { issues: [{ message: "a number", path: ["legs"] }] };
  if (born !== undefined && typeof born !== "string") {
    return { issues: [{ message: "a text", path: [{ key: "born" }] }] };
  }
  return {
    value: {
      legs,
      ...(born ? { born: new Date(born) } : {}),
      ...(home ? { home: { place: (home as { place: string }).place } } : {}),
    },
  };
}

const schema = schemaBy(judge);

function open(
  { couch, db }: Pick<Context, "couch" | "db">,
  { schema: by = schema, ...options }: SchemaOptions & { schema?: AnimalSchema } = {},
) {
  return couch.database(db.id, { schema: standardSchema(by, options) });
}

/** A Document of which only the id is known, which has no data yet. */
const unread = (animals: Database<Animal>, id: string) =>
  (animals as object as Database).document(id) as object as Document<Animal>;

const born = "2020-01-02T03:04:05.000Z";

interface Order {
  lines: { sku: string }[];
}

const order = {
  lines: [
    { sku: "a", price: 1 },
    { sku: "b", price: 2 },
    { sku: "c", price: 3 },
  ],
};

/** Strips what it does not know from the lines and the order, as zod's objects do. */
const orderSchema = (
  made: (lines: Order["lines"]) => Order["lines"] = (lines) => lines,
): StandardSchema<unknown, Order> => ({
  "~standard": {
    version: 1,
    vendor: "tests",
    validate: (value) => ({
      value: { lines: made((value as Order).lines.map(({ sku }) => ({ sku }))) },
    }),
  },
});

const openOrders = (
  { couch, db }: Pick<Context, "couch" | "db">,
  {
    schema: by = orderSchema(),
    ...options
  }: SchemaOptions & { schema?: StandardSchema<unknown, Order> } = {},
) => couch.database(db.id, { schema: standardSchema(by, options) });

const orderOf = (orders: Database<Order>, id: string) =>
  unread(orders as never, id) as object as Document<Order>;

/** The lines in the database, by the order's id. */
async function linesOf({ db }: Context): Promise<Record<string, unknown>> {
  const docs = await db.docs().toArray();
  return Object.fromEntries(docs.map(({ id, json }) => [id, json.lines]));
}

/** Every way to read the document `bad`, which is none of the schema's. */
const readings: Record<string, (animals: Database<Animal>) => Promise<unknown>> = {
  get: (animals) => animals.get("bad"),
  "create, if it exists": (animals) => animals.create("bad", { legs: 4 }, { existsOk: true }),
  fetch: (animals) => unread(animals, "bad").fetch(),
  fetchAttachments: (animals) => fetchAttachments(unread(animals, "bad")).next(),
  openRevs: (animals) => openRevs(unread(animals, "bad")),
  update: (animals) => unread(animals, "bad").update((data) => Object.assign(data, { legs: 4 })),
  docs: (animals) => animals.docs().toArray(),
  "docs of ids": (animals) => animals.docs({ ids: ["bad"] }).toArray(),
  updateDocs: (animals) => animals.updateDocs(["bad"], () => {}),
  find: (animals) => animals.find({}).toArray(),
  query: (animals) => animals.query({}).toArray(),
  "query for all fields": (animals) => animals.query({}, { fields: [] }).toArray(),
  rows: (animals) => animals.allDocs.rows({ include_docs: true }).toArray(),
  "rows in memory": (animals) => animals.allDocs.get({ include_docs: true }),
  queries: async (animals) => {
    const queries = multiQuery(animals.allDocs, [{ key: "bad", include_docs: true }]);
    for await (const rows of queries) await rows.toArray();
  },
  bulkGet: (animals) => bulkGet(animals, [{ id: "bad" }]).toArray(),
  changes: async (animals) => {
    for await (const _change of animals.changes({ include_docs: true }));
  },
  "a live feed": async (animals) => {
    const feed = animals.changes({ feed: "continuous", include_docs: true, limit: 1 });
    for await (const _change of feed);
  },
  "a change's document": async (animals) => {
    for await (const change of animals.changes({ doc_ids: ["bad"] })) {
      await (change as ChangedEvent<Animal>).doc();
    }
  },
};

/** Every way to write a document that is none of the schema's. */
const writings: Record<string, (animals: Database<Animal>) => Promise<unknown>> = {
  save: (animals) => animals.document("new", { legs: "many" } as never).save(),
  "save with attachments": (animals) =>
    saveWithAttachments(animals.document("new", {} as never), { a: new Blob(["a"]) }),
  createDocs: (animals) =>
    animals.createDocs((docs) => {
      docs.create("right", { legs: 4 });
      docs.create("new", {} as never);
    }),
  updateDocs: (animals) =>
    animals.updateDocs(["cat"], (docs) => {
      for (const { data } of docs) (data as { legs: unknown }).legs = "four";
    }),
  update: (animals) =>
    unread(animals, "cat").update((data) => Object.assign(data, { legs: "four" })),
};

export const schemas: Case[] = [
  {
    name: "data is what a schema makes of it, however it is read, and has not changed by that",
    async run(context) {
      await fill(context.db, { cat: { legs: 4, born } });
      const { sent, ...watched } = watch(context);
      const animals = open(watched);
      const cat = await animals.get("cat");
      const asked = [
        [cat],
        await animals.docs().toArray(),
        await animals.find({ legs: 4 }).toArray(),
        (await animals.allDocs.get({ include_docs: true })).docs(),
      ].flat();
      for await (const change of animals.changes({ include_docs: true })) {
        asked.push(await (change as ChangedEvent<Animal>).doc());
      }
      const fresh = unread(animals, "cat");
      await fresh.fetch();
      for await (const _part of fetchAttachments(fresh));
      asked.push(fresh);
      assert.lengthOf(asked, 6);
      const before = sent.length;
      for (const document of asked) {
        assert.deepEqual(document.json, { legs: 4, born: new Date(born) });
        assert.isFalse(document.dirty);
        assert.isUndefined(await document.save());
      }
      assert.lengthOf(sent, before, "a save was sent");
    },
  },
  {
    name: "rows have what a schema makes of their documents",
    async run(context) {
      await fill(context.db, { cat: { legs: 4, born } });
      const animals = open(context);
      const date = new Date(born);
      const [row] = await animals.allDocs.rows({ include_docs: true }).toArray();
      assert.deepEqual(row?.doc?.born, date);
      const [plain] = await animals.query({}).toArray();
      assert.deepEqual(plain?.born, date);
      const [part] = await animals.query({}, { fields: ["born"] }).toArray();
      assert.deepEqual(part as object, { born });
      const [got] = await bulkGet(animals, [{ id: "cat" }]).toArray();
      assert.deepEqual(got?.docs[0]?.ok?.born, date);
      const [leaf] = await openRevs(unread(animals, "cat"));
      assert.deepEqual(leaf?.ok?.born, date);
    },
  },
  {
    name: "a save writes the document as it came, with what was changed since",
    async run(context) {
      const { db } = context;
      const home = { place: "barn", since: 2021 };
      // As no Date would write it.
      const came = { legs: 4, born: "2020-01-02T03:04:05.678901Z", name: "Tom", home };
      await fill(db, { cat: came, dog: came, owl: came, bee: came });
      const animals = open(context);
      const cat = await animals.get("cat");
      cat.data.legs = 3;
      await cat.save();
      assert.isFalse(cat.dirty);
      assert.deepEqual((await db.get("cat")).json, { ...came, legs: 3 });
      cat.data.born = new Date(born);
      if (cat.data.home) cat.data.home.place = "house";
      await cat.save();
      const moved = { ...came, legs: 3, born, home: { place: "house", since: 2021 } };
      assert.deepEqual((await db.get("cat")).json, moved);

      const dog = await animals.get("dog");
      await dog.update((data) => {
        data.legs = 3;
        delete data.born;
      });
      assert.isFalse(dog.dirty);
      const { born: _, ...ageless } = came;
      assert.deepEqual((await db.get("dog")).json, { ...ageless, legs: 3 });
      await dog.update(({ home }) => ({ legs: 2, home: { place: `${home?.place} two` } }));
      const two = { ...ageless, legs: 2, home: { ...home, place: "barn two" } };
      assert.deepEqual((await db.get("dog")).json, two);
      assert.deepEqual(dog.json, { legs: 2, home: { place: "barn two" } });

      await animals.updateDocs(["owl"], (docs) => {
        for (const { data } of docs) data.legs = 2;
      });
      assert.deepEqual((await db.get("owl")).json, { ...came, legs: 2 });

      const bee = await animals.get("bee");
      await bee.attachment("a.txt").save("a", "text/plain");
      assert.isFalse(bee.dirty);
      bee.data.legs = 6;
      await saveWithAttachments(bee, { "b.txt": new Blob(["b"], { type: "text/plain" }) });
      assert.isFalse(bee.dirty);
      const { json, data } = await db.get("bee");
      assert.deepEqual(json, { ...came, legs: 6 });
      assert.hasAllKeys(data._attachments, ["a.txt", "b.txt"]);
      bee.data.legs = 7;
      await importDocs(animals, [bee], { onConflict: "overwrite" });
      assert.deepEqual((await db.get("bee")).json, { ...came, legs: 7 });
    },
  },
  {
    name: "fields that a schema strips from a list's items stay with the items that are unchanged",
    async run(context) {
      await fill(context.db, {
        sorted: order,
        fewer: order,
        more: order,
        updated: order,
        bulk: order,
      });
      const orders = openOrders(context);
      const reverse = (data: Order) => void data.lines.reverse();
      const sorted = await orders.get("sorted");
      reverse(sorted.data);
      await sorted.save();
      // It knows what it has saved.
      assert.isFalse(sorted.dirty);
      sorted.data.lines.push({ sku: "d" });
      await sorted.save();
      const fewer = await orders.get("fewer");
      fewer.data.lines.shift();
      await fewer.save();
      const more = await orders.get("more");
      more.data.lines.unshift({ sku: "d" });
      await more.save();
      const updated = orderOf(orders, "updated");
      await updated.update(({ lines: [first, ...others] }) => ({
        lines: [...others, ...(first ? [first] : [])],
      }));
      await orders.updateDocs(["bulk"], (docs) => {
        for (const { data } of docs) reverse(data);
      });
      const [a, b, c] = order.lines;
      const d = { sku: "d" };
      const saved = await linesOf(context);
      assert.deepEqual(saved, {
        sorted: [c, b, a, d],
        fewer: [b, c],
        more: [d, a, b, c],
        updated: [b, c, a],
        bulk: [c, b, a],
      });
    },
  },
  {
    name: "a save that would lose fields that a schema strips is refused, and nothing is sent",
    async run(context) {
      await fill(context.db, { order, other: order });
      const { sent, ...watched } = watch(context);
      const orders = openOrders(watched);
      const edit = ({ lines: [, second] }: Order) => {
        if (second) second.sku = "x";
      };
      const read = await orders.get("order");
      edit(read.data);
      const ways: Record<string, () => Promise<unknown>> = {
        save: () => read.save(),
        "save with attachments": () => saveWithAttachments(read, { a: new Blob(["a"]) }),
        update: () => orderOf(orders, "order").update(edit),
        "update to another object": () =>
          orderOf(orders, "order").update(() => ({ lines: [{ sku: "x" }] })),
        updateDocs: () =>
          orders.updateDocs(["other", "order"], (docs) => {
            for (const { id, data } of docs) id === "order" ? edit(data) : data.lines.reverse();
          }),
      };
      for (const [name, work] of Object.entries(ways)) {
        const error = await rejects(work(), ValidationError);
        assert.equal(error.id, "order", name);
        const at = name.includes("object") ? 0 : 1;
        assert.deepEqual(error.issues[0]?.path as unknown[], ["lines", at, "price"], name);
        assert.include(error.message, `"order" cannot be saved: lines.${at}.price: `);
        assert.include(error.message, 'onStripped: "drop"');
      }
      const totals = await importDocs(orders, [read], { onConflict: "overwrite" });
      assert.deepInclude(totals, { read: 1, written: 0, failed: 1 });
      assert.include(totals.failures[0]?.reason, "lines.1.price");
      assert.isTrue(read.dirty);
      const reads = (each: string) => each.startsWith("GET") || each.includes("_all_docs");
      assert.isTrue(sent.every(reads), sent.join());
      // Without the edit, it can be saved.
      const again = read.data.lines[1];
      if (again) again.sku = "b";
      read.data.lines.reverse();
      await read.save();
      assert.deepEqual((await linesOf(context)).order, [...order.lines].reverse());
    },
  },
  {
    name: 'with onStripped: "drop", changed items are saved without the fields that a schema strips',
    async run(context) {
      await fill(context.db, { order });
      const orders = openOrders(context, { onStripped: "drop" });
      const read = await orders.get("order");
      read.data.lines.reverse();
      if (read.data.lines[0]) read.data.lines[0].sku = "x";
      await read.save();
      const [a, b] = order.lines;
      assert.deepEqual((await linesOf(context)).order, [{ sku: "x" }, b, a]);
      assert.isFalse(read.dirty);
      if (read.data.lines[0]) read.data.lines[0].sku = "y";
      await openOrders(context).updateDocs([], (docs) => docs.append(read));
      assert.deepEqual((await linesOf(context)).order, [{ sku: "y" }, b, a]);
    },
  },
  {
    name: "merged documents keep the fields that a schema strips, of the document that is returned",
    async run(context) {
      const { db } = context;
      const names = ["mine", "theirs", "both", "edited", "over"];
      await fill(db, Object.fromEntries(names.map((name) => [name, { ...order, note: "theirs" }])));
      const orders = openOrders(context);
      const given = names.map((_id) => ({
        _id,
        note: "mine",
        lines: [{ sku: "d", price: 4 }, order.lines[0]],
      }));
      const onConflict = (mine: Order, theirs: Order & { _id: string }) => {
        if (theirs._id === "mine") return mine;
        if (theirs._id === "theirs") theirs.lines.reverse();
        if (theirs._id === "edited") Object.assign(theirs.lines[0] ?? {}, { sku: "x" });
        if (theirs._id !== "both") return theirs;
        return { lines: [...theirs.lines, { sku: "d" }] };
      };
      const totals = await importDocs(orders, given.slice(0, 4) as Order[], { onConflict });
      assert.deepInclude(totals, { read: 4, written: 3, conflicts: 0, failed: 1 });
      assert.deepInclude(totals.failures[0], { id: "edited", error: "invalid" });
      assert.include(totals.failures[0]?.reason, "lines.0.price");
      // A Document is what its save would write.
      const over = await orders.get("over");
      over.data.lines.reverse();
      await (await db.get("over")).update((data) => {
        data.note = "changed since";
      });
      await importDocs(orders, [over], { onConflict: "overwrite" });
      const [a, b, c] = order.lines;
      assert.deepEqual(await linesOf(context), {
        mine: [{ sku: "d", price: 4 }, a],
        theirs: [c, b, a],
        both: [a, b, c, { sku: "d" }],
        edited: [a, b, c],
        over: [c, b, a],
      });
      const notes = await Promise.all(names.map(async (name) => (await db.get(name)).json.note));
      assert.deepEqual(notes, ["mine", "theirs", "theirs", "theirs", "theirs"]);
    },
  },
  {
    name: "a leaf that is merged keeps the fields that a schema strips from it",
    async run(context) {
      const { db } = context;
      const [a, b, c] = order.lines;
      const leaves = ["first", "second", "refused"].flatMap((_id) => [
        { _id, _rev: "1-b", lines: [a, b], note: "first" },
        { _id, _rev: "1-a", lines: [c], note: "second" },
      ]);
      await importDocs(db, leaves, { new_edits: false });
      const orders = openOrders(context);
      await resolveConflicts(orderOf(orders, "first"), ([first, second]) => {
        first?.lines.reverse();
        first?.lines.push(...(second?.lines ?? []));
      });
      await resolveConflicts(orderOf(orders, "second"), ([, second]) => second);
      const refused = resolveConflicts(orderOf(orders, "refused"), ([, second]) => ({
        lines: second?.lines ?? [],
      }));
      const error = await rejects(refused, ValidationError);
      assert.deepEqual(error.issues[0]?.path as unknown[], ["lines", 0, "price"]);
      assert.lengthOf(await orderOf(orders, "refused").conflicts(), 1);
      assert.deepEqual(await linesOf(context), {
        first: [b, a, { sku: "c" }],
        second: [c],
        refused: [a, b],
      });
      assert.equal((await db.get("first")).json.note, "first");
      assert.equal((await db.get("second")).json.note, "second");
    },
  },
  {
    name: "a list whose items a schema moves is saved as it came, or refused",
    async run(context) {
      await fill(context.db, { order: { lines: [...order.lines].reverse(), n: 1 } });
      const sorting = orderSchema((lines) => lines.sort((a, b) => (a.sku < b.sku ? -1 : 1)));
      const orders = openOrders(context, { schema: sorting });
      const read = await orders.get("order");
      assert.equal(read.data.lines[0]?.sku, "a");
      Object.assign(read.data, { n: 2 });
      await read.save();
      const saved = { lines: [...order.lines].reverse(), n: 2 };
      assert.deepEqual((await context.db.get("order")).json, saved);
      read.data.lines.pop();
      await rejects(read.save(), ValidationError);
      const dropping = openOrders(context, { schema: sorting, onStripped: "drop" });
      await orderOf(dropping, "order").update(({ lines }) => void lines.pop());
      assert.deepEqual((await linesOf(context)).order, [{ sku: "a" }, { sku: "b" }]);
    },
  },
  {
    name: "CouchDB's members are not the schema's to make",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 } });
      const wild = schemaBy((value) => ({
        value: { ...(value as Animal), _id: "other", _rev: "", _deleted: false } as Animal,
      }));
      const [cat] = await open(context, { schema: wild }).docs().toArray();
      assert.equal(cat?.id, "cat");
      assert.equal(cat?.data._id, "cat");
      assert.match(cat?.rev ?? "", /^1-/);
      if (cat) cat.data.legs = 3;
      await cat?.save();
      assert.deepEqual((await context.db.get("cat")).json, { legs: 3 });
    },
  },
  {
    name: "what a schema adds is written when somebody changes it",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 } });
      const adding = schemaBy((value) => ({
        value: { home: { place: "?" }, ...(value as Animal) },
      }));
      const cat = await open(context, { schema: adding }).get("cat");
      assert.deepEqual(cat.json, { legs: 4, home: { place: "?" } });
      cat.data.legs = 3;
      await cat.save();
      assert.deepEqual((await context.db.get("cat")).json, { legs: 3 });
      cat.data.home = { place: "barn" };
      await cat.save();
      assert.deepEqual((await context.db.get("cat")).json, { legs: 3, home: { place: "barn" } });
    },
  },
  {
    name: "what JSON has no word for can be read, but not saved",
    async run(context) {
      await fill(context.db, { cat: { legs: 4, tags: ["a"] } });
      const strange = [
        (tags: string[]) => new Set(tags),
        (tags: string[]) => new Map(tags.map((tag) => [tag, 1])),
        (tags: string[]) => BigInt(tags.length),
      ];
      for (const make of strange) {
        const schema = schemaBy((value) => {
          const { legs, tags } = value as Animal & { tags: string[] };
          return { value: { legs, tags: make(tags) } as Animal };
        });
        const [cat] = await open(context, { schema }).docs().toArray();
        assert.equal(cat?.data.legs, 4);
        if (cat) cat.data.legs = 3;
        await rejects(async () => cat?.save(), TypeError);
        await cat?.attachment("a").save("a", "text/plain");
      }
      assert.deepEqual((await context.db.get("cat")).json, { legs: 4, tags: ["a"] });
    },
  },
  {
    name: "an export is of what is in the database, whatever a schema would make of it",
    async run(context) {
      const docs = { bad: { legs: "four" }, cat: { legs: 4, born, name: "Tom" } };
      await fill(context.db, docs);
      const text = await new Response(exportDocs(open(context))).text();
      const lines = text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      const own = lines.map(({ _id, _rev, ...rest }) => [_id, rest]);
      assert.deepEqual(Object.fromEntries(own), docs);
    },
  },
  {
    name: "a document that no schema has seen is not known to one",
    async run(context) {
      await fill(context.db, { bad: {} });
      const known = (await context.db.get("bad")) as never;
      await rejects(open(context).get("bad", { known }), ValidationError);
      const [passed] = await open(context, { onInvalid: () => "pass" })
        .docs()
        .toArray();
      await rejects(async () => passed?.fetch({ ifChanged: true }), ValidationError);
      const animals = open(context, { validate: "write" });
      const written = await animals.get("bad");
      assert.equal(await animals.get("bad", { known: written }), written);
      await fill(context.db, { cat: { legs: 4, born } });
      const cat = await open(context).get("cat");
      assert.equal(await open(context).get("cat", { known: cat }), cat);
      assert.isFalse(await cat.fetch({ ifChanged: true }));
    },
  },
  ...Object.entries(readings).map(([name, read]) => ({
    name: `a document that is none of the schema's is a ValidationError when it is read: ${name}`,
    async run(context: Context) {
      await fill(context.db, { bad: { legs: "four" } });
      const error = await rejects(read(open(context)), ValidationError);
      assert.equal(error.id, "bad");
      assert.deepEqual(error.issues, [{ message: "a number", path: ["legs"] }]);
      assert.equal(error.data.legs, "four");
      assert.equal(error.message, '"bad" does not match its schema: legs: a number');
      await read(open(context, { validate: "write", onInvalid: () => "skip" }));
    },
  })),
  {
    name: "a document among many that is none of the schema's comes at its place, as an error",
    async run(context) {
      await fill(context.db, { ant: { legs: 6 }, bad: {}, cat: { legs: 4 } });
      const seen: string[] = [];
      const scan = async () => {
        for await (const { id } of open(context).docs()) seen.push(id);
      };
      await rejects(scan, ValidationError);
      assert.deepEqual(seen, ["ant"]);
    },
  },
  {
    name: "who scans may skip what is none of the schema's, or take it as it is, and hears of it",
    async run(context) {
      await fill(context.db, { ant: { legs: 6 }, bad: {}, cat: { legs: 4 }, dog: { born: 1 } });
      const idsWith = async (answer: "skip" | "pass") => {
        const told: string[] = [];
        const onInvalid = ({ id }: ValidationError) => {
          told.push(id);
          return answer;
        };
        const animals = open(context, { onInvalid });
        const { rows } = await animals.allDocs.get({ include_docs: true });
        assert.deepEqual(told.splice(0), ["bad", "dog"]);
        const changed: string[] = [];
        for await (const { id } of animals.changes({ include_docs: true })) changed.push(id);
        assert.sameMembers(told.splice(0), ["bad", "dog"]);
        const asked = ["ant", "bad"].map((id) => ({ id }));
        const leaves = (await bulkGet(animals, asked).toArray()).flatMap(({ docs }) => docs);
        assert.deepEqual(told.splice(0), ["bad"]);
        const docs = await animals.docs().toArray();
        assert.isFalse(docs.some(({ dirty }) => dirty));
        return [docs.length, rows.length, changed.length, leaves.length];
      };
      assert.deepEqual(await idsWith("skip"), [2, 2, 2, 1]);
      assert.deepEqual(await idsWith("pass"), [4, 4, 4, 2]);
    },
  },
  {
    name: "limit and skip of a scan count the documents that the schema lets through",
    async run(context) {
      const ids = ["a", "bad-1", "b", "bad-2", "bad-3", "c", "d", "bad-4"];
      const data = (id: string) => (id.startsWith("bad") ? {} : { legs: 4 });
      await fill(context.db, Object.fromEntries(ids.map((id) => [id, data(id)])));
      const animals = open(context, { onInvalid: () => "skip" });
      const valid = ["a", "b", "c", "d"];
      for (const skip of [0, 1, 3, 4]) {
        for (const limit of [1, 2, 5]) {
          const docs = await animals.docs({ skip, limit }).toArray();
          const wanted = valid.slice(skip, skip + limit);
          assert.deepEqual(
            docs.map(({ id }) => id),
            wanted,
          );
          const response = await animals.allDocs.get({ include_docs: true, skip, limit });
          assert.deepEqual(response.keys(), wanted);
          assert.isFalse(response.docs().some(({ dirty }) => dirty));
        }
      }
    },
  },
  {
    name: "what onInvalid throws ends the scan",
    async run(context) {
      await fill(context.db, { bad: {} });
      const onInvalid = (error: ValidationError) => {
        throw new RangeError(error.id);
      };
      const error = await rejects(open(context, { onInvalid }).docs().toArray(), RangeError);
      assert.equal(error.message, "bad");
    },
  },
  {
    name: "an answer that onInvalid cannot give is refused",
    async run(context) {
      await fill(context.db, { bad: {} });
      const onInvalid = (() => "throw") as never;
      await rejects(open(context, { onInvalid }).docs().toArray(), TypeError);
    },
  },
  {
    name: "a live feed goes on past what is skipped, and counts what it gives",
    async run(context) {
      const { db } = context;
      await fill(db, { bad: {}, worse: {}, ant: { legs: 6 }, worst: {}, cat: { legs: 4 } });
      for (const feed of ["continuous", "longpoll", "normal"] as const) {
        const told: string[] = [];
        const states: string[] = [];
        const onInvalid = ({ id }: ValidationError) => {
          told.push(id);
          return "skip" as const;
        };
        const changes = open(context, { onInvalid }).changes({
          feed,
          include_docs: true,
          limit: 2,
          onState: ({ state }) => states.push(state),
        });
        const changed: string[] = [];
        let last: unknown;
        for await (const { id, sequence } of changes) {
          changed.push(id);
          last = sequence;
        }
        assert.deepEqual(changed, ["ant", "cat"]);
        assert.equal(changes.sequence, last as string, "it went back to what was skipped");
        assert.deepEqual(told, ["bad", "worse", "worst"]);
        assert.notInclude(states, "waiting");
      }
    },
  },
  {
    name: "a normal feed ends at its limit, whatever is still to come",
    async run() {
      let sent = 0;
      let isLeft = false;
      const row = (seq: number) =>
        `{"seq":${seq},"id":"d${seq}","changes":[{"rev":"1-a"}],"doc":{"_id":"d${seq}","_rev":"1-a","legs":4}},\n`;
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          sent += 1;
          controller.enqueue(
            new TextEncoder().encode((sent === 1 ? '{"results":[\n' : "") + row(sent)),
          );
        },
        cancel: () => {
          isLeft = true;
        },
      });
      const couch = new CouchDB("http://localhost:1", { fetch: async () => new Response(body) });
      const animals = couch.database("animals", {
        schema: standardSchema(schema, { onInvalid: () => "skip" }),
      });
      const ids: string[] = [];
      for await (const { id } of animals.changes({ include_docs: true, limit: 3 })) ids.push(id);
      assert.deepEqual(ids, ["d1", "d2", "d3"]);
      await eventually(() => isLeft);
    },
  },
  {
    name: "a long poll that brings only what is skipped is one that brings something",
    async run(context) {
      const { db } = context;
      await fill(db, { bad: {} });
      const told: string[] = [];
      const states: string[] = [];
      const onInvalid = ({ id }: ValidationError) => {
        told.push(id);
        return "skip" as const;
      };
      const onState = ({ state }: { state: string }) => states.push(state);
      const options = { feed: "longpoll", include_docs: true, onState, limit: 1 } as const;
      const feed = open(context, { onInvalid }).changes(options);
      const first = feed[Symbol.asyncIterator]().next();
      await eventually(() => told.length === 1);
      await fill(db, { worse: {} });
      await eventually(() => told.length === 2);
      await fill(db, { ant: { legs: 6 } });
      assert.equal((await first).value?.id, "ant");
      assert.notInclude(states, "waiting");
      await feed.close();
    },
  },
  {
    name: "a feed whose connection is lost again and again goes on past what is skipped",
    async run(context) {
      const bad = Array.from({ length: 100 }, (_, n) => ({ _id: `bad-${n}` }));
      await fillMany(context, [...bad]);
      await fill(context.db, { ant: { legs: 6 } });
      const told = new Set<string>();
      let times = 0;
      const onInvalid = ({ id }: ValidationError) => {
        told.add(id);
        times += 1;
        return "skip" as const;
      };
      // Each answer brings some forty rows. (Of what is cut off, a browser forgets what nobody had read.)
      const rule = { of: "_changes", times: 10, fault: { after: 8_000, how: "stall" } as const };
      const retry = { retry: { limit: 2 } };
      await throughProxy(
        context,
        [rule],
        async ({ couch }) => {
          const animals = open({ couch, db: context.db }, { onInvalid });
          const feed = animals.changes({
            feed: "continuous",
            include_docs: true,
            limit: 1,
            heartbeat: 200,
          });
          for await (const { id } of feed) assert.equal(id, "ant");
        },
        retry,
      );
      assert.equal(told.size, 100);
      assert.isBelow(times, 200);
    },
  },
  {
    name: "what a schema itself fails with ends a live feed, whatever it is",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 } });
      const error = new NetworkError({ method: "GET", url: "elsewhere", mayHaveHappened: false });
      const failing = schemaBy(() => Promise.reject(error));
      const feed = open(context, { schema: failing }).changes({
        feed: "continuous",
        include_docs: true,
      });
      const read = async () => {
        for await (const _ of feed);
      };
      assert.equal(await rejects(read, NetworkError), error);
    },
  },
  {
    name: "a checkpoint moves on past what is skipped",
    async run(context) {
      const { db } = context;
      await fill(db, { ant: { legs: 6 }, bad: {}, worse: {} });
      const told: string[] = [];
      const onInvalid = ({ id }: ValidationError) => {
        told.push(id);
        return "skip" as const;
      };
      const animals = open(context, { onInvalid });
      const checkpoint = localCheckpoint(db, "place");
      const follow = async (last: string) => {
        const feed = animals.changes({ feed: "continuous", include_docs: true, checkpoint });
        const changed: string[] = [];
        const reading = (async () => {
          for await (const { id } of feed) changed.push(id);
        })();
        await fill(db, { [last]: {} });
        const { update_seq } = await db.info();
        const isThere = () => `${feed.sequence}`.split("-")[0] === `${update_seq}`.split("-")[0];
        await eventually(isThere);
        await feed.close();
        await reading;
        return changed;
      };
      assert.deepEqual(await follow("worst"), ["ant"]);
      assert.deepEqual(told.splice(0), ["bad", "worse", "worst"]);
      assert.deepEqual(await follow("last"), []);
      assert.deepEqual(told, ["last"]);
    },
  },
  ...Object.entries(writings).map(([name, write]) => ({
    name: `a document that is none of the schema's is not written, and nothing is sent: ${name}`,
    async run(context: Context) {
      await fill(context.db, { cat: { legs: 4 } });
      const { sent, ...watched } = watch(context);
      const error = await rejects(write(open(watched)), ValidationError);
      assert.include(["cat", "new"], error.id);
      assert.deepEqual(error.issues, [{ message: "a number", path: ["legs"] }]);
      const reads = (each: string) => each.startsWith("GET") || each.includes("_all_docs");
      assert.isTrue(sent.every(reads), sent.join());
      await write(open(context, { validate: "read" }));
    },
  })),
  {
    name: "what is written is looked at as JSON, and goes as it is",
    async run(context) {
      const animals = open(context);
      const cat = await animals.create("cat", { legs: 4, born: new Date(born) });
      Object.assign(cat.data, { name: "Tom" });
      await cat.save();
      assert.isFalse(cat.dirty);
      assert.deepEqual(cat.data.born, new Date(born));
      assert.deepEqual((await context.db.get("cat")).json, { legs: 4, born, name: "Tom" });
    },
  },
  {
    name: "an import counts what is none of the schema's as failed",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 }, dog: { legs: "four" } });
      const animals = open(context);
      const given = [
        { _id: "ant", legs: 6 },
        { _id: "bad" },
        { _id: "cat", legs: 1 },
        { _id: "dog", legs: 1 },
      ];
      const totals = await importDocs(animals, given as Animal[], {
        onConflict: (mine, theirs) => ({
          legs: mine.legs === theirs.legs ? 0 : (undefined as never),
        }),
      });
      assert.deepInclude(totals, { read: 4, written: 1, failed: 3, conflicts: 0 });
      assert.sameMembers(
        totals.failures.map(({ id }) => id),
        ["bad", "cat", "dog"],
      );
      for (const { error, reason } of totals.failures) {
        assert.equal(error, "invalid");
        assert.include(reason, "legs: a number");
      }
    },
  },
  {
    name: "what onConflict throws is the user's, also another schema's word",
    async run(context) {
      const { db } = context;
      await fill(db, { cat: { legs: 4 }, bad: {} });
      const onConflict = async () => {
        await open(context).get("bad");
        return undefined;
      };
      const work = importDocs(db, [{ _id: "cat", legs: 3 }], { onConflict });
      await rejects(work, ValidationError);
    },
  },
  {
    name: "leaves are merged as a schema makes them, to what it lets out",
    async run(context) {
      const { db } = context;
      const leaves = [
        { _id: "cat", _rev: "1-a", legs: 4, born },
        { _id: "cat", _rev: "1-b", legs: 3, born, name: "Tom" },
      ];
      await importDocs(db, leaves, { new_edits: false });
      const cat = unread(open(context), "cat");
      const wrong = resolveConflicts(cat, () => ({ legs: "many" }) as never);
      await rejects(wrong, ValidationError);
      await resolveConflicts(cat, ([one, other]) => ({
        legs: (one?.legs ?? 0) + (other?.legs ?? 0),
        born: new Date(Math.max(Number(one?.born), Number(other?.born))),
      }));
      assert.deepEqual(cat.json, { legs: 7, born: new Date(born) });
      assert.deepEqual(await cat.conflicts(), []);
      assert.deepEqual((await db.get("cat")).json, { legs: 7, born, name: "Tom" });
    },
  },
  {
    name: "design documents, local ones and deletions are not the schema's",
    async run(context) {
      const animals = open(context);
      const { db } = context;
      await fill(db, { cat: { legs: 4 }, "_local/mark": { at: 1 }, "_design/zoo": { views: {} } });
      assert.deepEqual((await animals.get("_local/mark")).json as object, { at: 1 });
      const all = await animals.docs({ includeDesignDocs: true }).toArray();
      assert.sameMembers(
        all.map(({ id }) => id),
        ["_design/zoo", "cat"],
      );
      await (await designDoc(animals, "zoo", { existsOk: true })).createView("by_legs", {
        map: "function (doc) { emit(doc.legs); }",
      });
      await (await animals.get("cat")).delete();
      for await (const { id, deleted } of animals.changes({ include_docs: true })) {
        assert.equal(deleted, id === "cat");
      }
    },
  },
  {
    name: "an empty document for an id that does not exist is not the schema's yet",
    async run(context) {
      const animals = open(context);
      const [cat] = await (animals as object as Database)
        .docs({ ids: ["cat"], create: true })
        .toArray();
      assert.isFalse(cat?.exists);
      if (cat) cat.data.legs = 4;
      await cat?.save();
      assert.deepEqual((await animals.get("cat")).json, { legs: 4 });
    },
  },
  {
    name: "a schema may take its time, and what aborts does not wait for it",
    async run(context) {
      await fill(context.db, { cat: { legs: 4, born }, dog: { legs: 4 } });
      const later = schemaBy(async (value) => judge(value));
      const docs = await open(context, { schema: later }).docs().toArray();
      assert.deepEqual(
        docs.map(({ id }) => id),
        ["cat", "dog"],
      );
      assert.deepEqual(docs[0]?.data.born, new Date(born));
      // Anything with a `then`: a promise of another realm is none of this one's.
      const thenable = schemaBy((value) => {
        const result = judge(value);
        // biome-ignore lint/suspicious/noThenProperty: that is what is tried
        return { then: (resolve: (_: unknown) => void) => resolve(result) } as never;
      });
      const wrong = open(context, { schema: thenable }).document("ant", {} as never);
      await rejects(wrong.save(), ValidationError);
      const second = schemaBy((value) =>
        "born" in (value as object) ? judge(value) : new Promise(() => {}),
      );
      for await (const { id } of open(context, { schema: second }).docs()) {
        assert.equal(id, "cat");
        break;
      }
      const never = open(context, { schema: schemaBy(() => new Promise(() => {})) });
      const works = [
        (signal: AbortSignal) => never.docs({ signal }).toArray(),
        (signal: AbortSignal) => never.get("cat", { signal }),
        (signal: AbortSignal) => never.document("ant", { legs: 6 }).save({ signal }),
        (signal: AbortSignal) => importDocs(never, [{ legs: 6 }], { signal }),
        (signal: AbortSignal) =>
          never.createDocs((docs) => docs.create("ant", { legs: 6 }), { signal }),
      ];
      for (const work of works) {
        const controller = new AbortController();
        const working = work(controller.signal);
        setTimeout(() => controller.abort(new RangeError("enough")), 20);
        await rejects(working, RangeError);
      }
    },
  },
  {
    name: "a partition's documents are checked, too",
    needs: "partitions",
    async run({ couch }) {
      const name = `partitioned_${crypto.randomUUID()}`;
      const db = await couch.create(name, { partitioned: true });
      try {
        await fill(db, { "land:bad": {} });
        const land = partition(couch.database(name, { schema: standardSchema(schema) }), "land");
        await rejects(land.docs().toArray(), ValidationError);
        await rejects(land.find({}).toArray(), ValidationError);
      } finally {
        await db.delete();
      }
    },
  },
  {
    name: "what is no schema, and what it cannot be asked for, is refused",
    async run({ couch }) {
      for (const options of [{ schema }, { schema: {} }, { schema: null }, {}]) {
        await rejects(() => couch.database("animals", options as never), TypeError);
      }
      for (const none of [{}, { "~standard": {} }, null]) {
        await rejects(() => standardSchema(none as never), TypeError);
      }
      const wrong = [{ validate: "never" }, { onInvalid: "skip" }, { onStripped: "keep" }];
      for (const options of [...wrong, { onDrop: "drop" }, { onStripped: null }]) {
        await rejects(() => standardSchema(schema, options as never), TypeError);
      }
    },
  },
  {
    name: "what a schema makes of a document is a plain object, or nobody could save it",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 } });
      const schema = schemaBy(() => ({ value: new Map() as never }));
      await rejects(open(context, { schema }).get("cat"), TypeError);
    },
  },
];
