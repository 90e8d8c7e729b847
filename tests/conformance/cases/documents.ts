import { assert } from "chai";
import {
  BadRequestError,
  basic,
  ConflictError,
  CouchDB,
  type Database,
  type Fetch,
  type JsonObject,
  NotFoundError,
  saveWithAttachments,
  security,
} from "couchfetch";
import { type StandardSchema, standardSchema } from "couchfetch/schema";
import { type Case, fill, rejects, watch, withUser } from "../case.js";

const ids = [
  "cat",
  "a/b",
  "a b",
  "cat/ünï 漢字+?#&%2F",
  "%2e%2e",
  "...",
  "🦊",
  "quote\"'<>\\",
  "_design/zoo",
  "_local/check/point",
  "x".repeat(500),
];

const strings = [
  "",
  "\u0000",
  "\u2028\u2029",
  'braces }{ ][ "quoted\\" \n\r\t',
  "\ud83e\udd8a",
  "é",
];

export const documents: Case[] = [
  {
    name: "create is local until save",
    async run({ db }) {
      const cat = await db.create("cat", { legs: 4 });
      assert.deepEqual(cat.data, { _id: "cat", legs: 4 });
      assert.deepInclude({ ...cat }, { id: "cat" });
      assert.isFalse(cat.exists);
      assert.isTrue(cat.dirty);
      assert.isUndefined(cat.rev);
      await rejects(db.get("cat"), NotFoundError);
      const answer = await cat.save();
      assert.equal(answer?.rev, cat.rev);
      assert.match(cat.rev ?? "", /^1-/);
      assert.isTrue(cat.exists);
      assert.isFalse(cat.dirty);
      assert.deepEqual((await db.get("cat")).data, cat.data);
    },
  },
  {
    name: "document sends nothing, and can be fetched, saved, updated, or deleted by its revision",
    async run({ db }) {
      const cat = db.document("cat", { legs: 4 });
      assert.isFalse(cat.exists);
      await cat.save();
      const same = db.document("cat");
      await same.fetch();
      assert.deepEqual(same.data, cat.data);
      await rejects(db.document("cat", { legs: 3 }).fetch(), ConflictError);
      await db.document("cat").update((data) => {
        data.legs = 3;
      });
      const other = db.document("cat");
      other.rev = (await other.info()).rev;
      await other.delete();
      await rejects(db.document("cat").fetch(), NotFoundError);
      for (const id of ["", "_all_docs", ".."]) await rejects(() => db.document(id), TypeError);
    },
  },
  {
    name: "JSON.stringify writes a document's data",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      const cat = await db.get("cat");
      assert.deepEqual(JSON.parse(JSON.stringify({ cat })), { cat: cat.data });
    },
  },
  {
    name: "what is no object is no document's data: a TypeError",
    async run({ db }) {
      const cat = db.document("cat", { legs: 4 });
      for (const wrong of [4, "cat", true, ["cat"], () => ({ legs: 4 }), cat]) {
        await rejects(() => db.document("dog", wrong as unknown as JsonObject), TypeError);
      }
    },
  },
  {
    name: "data that is no JSON is a TypeError that names the document, and nothing is written",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 } });
      const { db, sent } = watch(context);
      const cycle: JsonObject = {};
      cycle.self = cycle;
      for (const bad of [{ n: 1n }, { cycle }]) {
        const cat = await db.get("cat");
        Object.assign(cat.data, bad);
        const works: (() => unknown)[] = [
          () => db.document("cat", bad).save(),
          () => cat.save(),
          () => cat.dirty,
          () => db.document("cat").update((data) => void Object.assign(data, bad)),
          () => db.createDocs((docs) => void docs.create("cat", bad)),
          () => db.updateDocs(["cat"], ([doc]) => void Object.assign(doc?.data ?? {}, bad)),
          () => saveWithAttachments(db.document("cat", bad), { a: new Blob(["a"]) }),
        ];
        for (const work of works) {
          const error = await rejects(work, TypeError);
          assert.equal(error.message, 'the document "cat" must be JSON');
        }
      }
      assert.isFalse(sent.some((each) => /^PUT|_bulk_docs/.test(each)));
    },
  },
  {
    name: "what a read was asked to tell is not sent for the next revision's",
    async run({ db }) {
      const _attachments = { a: { content_type: "text/plain", data: btoa("a") } };
      await fill(db, { cat: { legs: 0, _attachments } });
      const options = [
        { revs: true },
        { revs_info: true },
        { conflicts: true, deleted_conflicts: true },
        { local_seq: true },
        { meta: true },
        { attachments: true },
      ];
      for (const each of options) {
        const id = Object.keys(each).join();
        await db.document(id, { legs: 0 }).save();
        const gone = await db.get(id, each);
        const deleting = gone.delete();
        gone.data.legs = 9;
        await deleting;
        await gone.save();
        assert.deepEqual((await db.get(id)).json, { legs: 9 });

        const cat = await db.get("cat", each);
        for (const legs of [1, 2]) {
          cat.data.legs = legs;
          await cat.save();
          assert.isFalse(cat.dirty);
        }
        await cat.attachment("b").save("b");
        cat.data.legs = 3;
        const { error } = await db.createDocs((docs) => docs.append(cat));
        assert.deepEqual(error, []);
        assert.deepEqual(
          Object.keys((await db.get("cat")).data).sort(),
          Object.keys(cat.data).sort(),
        );
      }
    },
  },
  {
    name: "an empty document can be saved",
    async run({ db }) {
      await (await db.create("cat")).save();
      assert.deepEqual((await db.get("cat")).json, {});
    },
  },
  {
    name: "create rejects a document that exists, unless existsOk",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      const error = await rejects(db.create("cat"), ConflictError);
      assert.equal(error.status, 409);
      const cat = await db.create("cat", { legs: 1 }, { existsOk: true });
      assert.deepEqual(cat.json, { legs: 4 });
      assert.isTrue(cat.exists);
      const dog = await db.create("dog", { legs: 3 }, { existsOk: true });
      assert.deepEqual(dog.json, { legs: 3 });
      assert.isFalse(dog.exists);
    },
  },
  {
    name: "data and default are copied: documents made of the same object share nothing",
    async run({ db }) {
      const empty = { lines: [] as object[], by: { name: "Jan" } };
      const bulk = await db.createDocs((docs) => void docs.create("e", empty));
      const made = [
        await db.get("a", { default: empty }),
        await db.get("b", { default: empty }),
        await db.create("c", empty),
        db.document("d", empty),
        ...bulk,
      ];
      made.push(db.document("f", made[0]?.json));
      for (const [at, cart] of made.entries()) {
        cart.data.lines.push({ at });
        cart.data.by.name += at;
      }
      assert.deepEqual(empty, { lines: [], by: { name: "Jan" } });
      for (const [at, cart] of made.slice(0, 5).entries()) {
        assert.deepEqual(cart.json, { lines: [{ at }], by: { name: `Jan${at}` } });
        await cart.save();
        assert.deepEqual((await db.get(cart.id)).json, cart.json);
      }
    },
  },
  {
    name: "what mutate returns is copied, also if a schema makes the data",
    async run({ couch, db }) {
      const validate = (value: unknown) => ({ value: { ...(value as JsonObject) } });
      const copying: StandardSchema<JsonObject> = {
        "~standard": { version: 1, vendor: "tests", validate },
      };
      const schema = standardSchema(copying);
      for (const animals of [db, couch.database(db.id, { schema })] as Database[]) {
        await fill(db, { cat: {} });
        const cat = await animals.get("cat");
        const empty = { lines: [] as object[] };
        await cat.update(() => empty);
        cat.data.lines.push({});
        assert.deepEqual(empty, { lines: [] });
        await cat.delete({ discardChanges: true });
      }
    },
  },
  {
    name: "values that are not plain objects are kept in data, and saved as JSON writes them",
    async run({ url, user, password, db }) {
      class Money {
        constructor(readonly cents: number) {}
        toJSON() {
          return `${this.cents} cents`;
        }
      }
      const born = new Date(0);
      const price = new Money(5);
      const nested = JSON.parse('{"__proto__":{"a":[1]}}');
      const none = Object.create(null);
      none.a = [undefined];
      const cat = db.document("cat", { born, list: [{ price }], nested, none, left: undefined });
      assert.equal(cat.data.born, born);
      assert.equal(cat.data.list[0].price, price);
      assert.property(cat.data, "left");
      await cat.save();
      assert.deepEqual((await db.get("cat")).json, {
        born: "1970-01-01T00:00:00.000Z",
        list: [{ price: "5 cents" }],
        nested,
        none: { a: [null] },
      });
      assert.isUndefined(({} as { a?: unknown }).a);
      const json = {
        parse: JSON.parse,
        stringify: (value: unknown) =>
          JSON.stringify(value, (_name, each) => (typeof each === "bigint" ? Number(each) : each)),
      };
      const auth = basic(user, password);
      const animals = new CouchDB(url, { auth, json }).database(db.id);
      const dog = animals.document("dog", { list: [4n] });
      assert.equal(dog.data.list[0], 4n);
      await dog.save();
      assert.deepEqual((await db.get("dog")).json, { list: [4] });
    },
  },
  {
    name: "get rejects a document that is missing or deleted",
    async run({ db }) {
      const error = await rejects(db.get("cat"), NotFoundError);
      assert.equal(error.reason, "missing");
      await fill(db, { cat: {} });
      await (await db.get("cat")).delete();
      const gone = await rejects(db.get("cat"), NotFoundError);
      assert.equal(gone.reason, "deleted");
    },
  },
  {
    name: "get gives the default for a missing document, unsaved, and the document if there is one",
    async run({ db }) {
      const cat = await db.get("cat", { default: { legs: 4 } });
      assert.isFalse(cat.exists);
      assert.deepEqual(cat.data, { _id: "cat", legs: 4 });
      await cat.save();
      assert.deepEqual((await db.get("cat", { default: { legs: 1 } })).json, { legs: 4 });
    },
  },
  {
    name: "a database that does not exist is no missing document",
    async run({ couch }) {
      const db = couch.database("conformance_none");
      await rejects(db.get("cat", { default: {} }), NotFoundError);
      await rejects(db.create("cat", {}, { existsOk: true }), NotFoundError);
    },
  },
  {
    name: "get reads an older revision, and rejects an invalid one",
    async run({ db }) {
      const cat = await db.create("cat", { legs: 4 });
      await cat.save();
      const first = cat.rev ?? "";
      cat.data.legs = 3;
      await cat.save();
      assert.deepEqual((await db.get("cat", { rev: first })).json, { legs: 4 });
      await rejects(db.get("cat", { rev: "zzz" }), BadRequestError);
      await rejects(db.get("cat", { rev: "1-0123456789abcdef0123456789abcdef" }), NotFoundError);
    },
  },
  {
    name: "every kind of id reaches its document",
    async run({ db }) {
      for (const id of ids) {
        const document = await db.create(id, { a: id });
        await document.save();
        const read = await db.get(id);
        assert.equal(read.id, id);
        assert.equal(read.data._id, id);
        assert.equal(read.data.a, id);
        await read.delete();
        await rejects(db.get(id), NotFoundError);
      }
      await db.info();
    },
  },
  {
    name: "every string comes back as it was",
    async run({ db }) {
      const data = { strings, [strings.join("")]: 1, nested: { "": [null, true, -0.5, 1e21] } };
      await fill(db, { cat: data });
      assert.deepEqual((await db.get("cat")).json, data);
    },
  },
  {
    name: "__proto__ inside data stays data",
    async run({ db }) {
      const nested = JSON.parse('{"__proto__":{"polluted":true},"constructor":1}');
      await fill(db, { cat: { nested } });
      const cat = await db.get("cat");
      assert.equal(JSON.stringify(cat.data.nested), JSON.stringify(nested));
      assert.isUndefined(({} as { polluted?: boolean }).polluted);
      assert.isFalse(cat.dirty);
    },
  },
  {
    name: "save of an unchanged document sends nothing, also when changed and changed back",
    async run({ db }) {
      await fill(db, { cat: { legs: 4, tags: ["a"] } });
      const cat = await db.get("cat");
      const { rev } = cat;
      assert.isUndefined(await cat.save());
      cat.data.legs = 5;
      assert.isTrue(cat.dirty);
      delete cat.data.legs;
      cat.data.legs = 4;
      assert.isFalse(cat.dirty);
      assert.isUndefined(await cat.save());
      assert.equal((await cat.info()).rev, rev);
    },
  },
  {
    name: "a change of something nested is a change",
    async run({ db }) {
      await fill(db, { cat: { tags: ["a", { b: 1 }] } });
      const cat = await db.get("cat");
      cat.data.tags[1].b = 2;
      assert.isTrue(cat.dirty);
      await cat.save();
      assert.deepEqual((await db.get("cat")).json, { tags: ["a", { b: 2 }] });
    },
  },
  {
    name: "what is changed while a save is under way remains to be saved",
    async run({ db }) {
      const cat = await db.create("cat", { legs: 4 });
      const saving = cat.save();
      cat.data.legs = 5;
      await saving;
      assert.isTrue(cat.dirty);
      assert.deepEqual((await db.get("cat")).json, { legs: 4 });
      await cat.save();
      assert.deepEqual((await db.get("cat")).json, { legs: 5 });
    },
  },
  {
    name: "save rejects a revision that is not the server's",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      const [mine, theirs] = [await db.get("cat"), await db.get("cat")];
      theirs.data.legs = 3;
      await theirs.save();
      mine.data.legs = 5;
      const error = await rejects(mine.save(), ConflictError);
      assert.equal(error.reason, "Document update conflict.");
      assert.isTrue(mine.dirty);
      mine.rev = theirs.rev ?? "";
      await mine.save();
      assert.deepEqual((await db.get("cat")).json, { legs: 5 });
    },
  },
  {
    name: "fetch refuses to lose changes, unless told to",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      const cat = await db.get("cat");
      cat.data.legs = 5;
      await rejects(cat.fetch(), ConflictError);
      assert.equal(cat.data.legs, 5);
      await cat.fetch({ discardChanges: true });
      assert.equal(cat.data.legs, 4);
    },
  },
  {
    name: "delete refuses to lose changes, and leaves an object that can be filled and saved",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      const cat = await db.get("cat");
      cat.data.legs = 5;
      await rejects(cat.delete(), ConflictError);
      const { rev } = await cat.delete({ discardChanges: true });
      assert.match(rev, /^2-/);
      assert.isFalse(cat.exists);
      assert.isUndefined(cat.rev);
      assert.isUndefined(await cat.save());
      cat.data.legs = 3;
      await cat.save();
      assert.deepEqual((await db.get("cat")).json, { legs: 3 });
    },
  },
  {
    name: "copy makes another document of what the server has, or replaces one",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 }, "a/ü": { legs: 1 } });
      const cat = await db.get("cat");
      assert.equal((await cat.copy("dog")).id, "dog");
      assert.deepEqual((await db.get("dog")).json, { legs: 4 });
      await rejects(cat.copy("a/ü"), ConflictError);
      const { rev } = await db.get("a/ü");
      await cat.copy("a/ü", rev === undefined ? {} : { rev });
      assert.deepEqual((await db.get("a/ü")).json, { legs: 4 });
    },
  },
  {
    name: "info tells the current revision, or that there is none",
    async run({ db }) {
      const cat = await db.create("cat");
      await rejects(cat.info(), NotFoundError);
      await cat.save();
      assert.deepEqual(await cat.info(), { ok: true, id: "cat", rev: cat.rev ?? "" });
    },
  },
  {
    name: "create, info, exists and get send no HEAD, and get no 404 for a document",
    async run({ url, user, password, db }) {
      await fill(db, { deleted: {}, cat: {}, "_design/zoo": {}, 'a "b"/ü\u0000': {} });
      await (await db.get("deleted")).delete();
      const saved = await db.get("cat");
      await saved.attachment("a").save("a");
      const seen: string[] = [];
      const couch = new CouchDB(url, {
        auth: basic(user, password),
        async fetch(request, init) {
          const response = await fetch(request, init);
          seen.push(`${request.method} ${response.status}`);
          return response;
        },
      });
      const animals = await couch.get(db.id);
      for (const id of ["cat", "_design/zoo", 'a "b"/ü\u0000']) {
        const { rev } = await animals.document(id).info();
        assert.equal(rev, (await db.get(id)).rev);
        await rejects(animals.create(id), ConflictError);
      }
      for (const [id, reason] of [
        ["none", "missing"],
        ["_design/none", "missing"],
        ["deleted", "deleted"],
      ] as const) {
        const error = await rejects(animals.document(id).info(), NotFoundError);
        assert.equal(error.reason, reason);
        assert.include(error.url, `/${id}`);
        assert.isFalse((await animals.create(id)).exists);
        assert.isFalse(await animals.document(id).attachment("a").exists());
      }
      assert.isTrue(await animals.document("cat").attachment("a").exists());
      assert.isFalse(await animals.document("cat").attachment("constructor").exists());
      assert.deepEqual(new Set(seen), new Set(["GET 200"]));
      await rejects(couch.get("conformance_none"), NotFoundError);
      const none = couch.database("conformance_none");
      await rejects(none.create("cat"), NotFoundError);
      await rejects(none.document("cat").attachment("a").exists(), NotFoundError);
    },
  },
  {
    name: "info works for a user, in a system database and in a partitioned one",
    needs: "partitions",
    async run(context) {
      await withUser(context, {}, async ({ name, session }) => {
        const { db, couch } = context;
        await fill(db, { cat: {} });
        const rules = await security(db);
        rules.addMember(name);
        await rules.save();
        assert.equal((await session.database(db.id).document("cat").info()).id, "cat");
        const id = `org.couchdb.user:${name}`;
        const own = await couch.database("_users").document(id).info();
        assert.equal(own.rev, (await couch.database("_users").get(id)).rev);
        await rejects(couch.database("_users").document(`${id}x`).info(), NotFoundError);
        const parts = await couch.create(`${db.id}_parts`, { partitioned: true });
        try {
          await fill(parts, { "bird:owl": {} });
          assert.match((await parts.document("bird:owl").info()).rev, /^1-/);
          await rejects(parts.document("bird:none").info(), NotFoundError);
          await rejects(parts.document("owl").info(), BadRequestError);
        } finally {
          await parts.delete();
        }
      });
    },
  },
  {
    name: "info tells the revision, whatever a proxy makes of ETags",
    async run({ url, user, password, db }) {
      await fill(db, { cat: {}, "_local/a": {} });
      const fetch: Fetch = async (request, init) => {
        const response = await globalThis.fetch(request, init);
        const headers = new Headers(response.headers);
        headers.set("etag", headers.get("etag")?.replace(/"$/, '-gzip"') ?? '"1-gzip"');
        const body = response.status === 304 ? null : await response.blob();
        return new Response(body, { status: response.status, headers });
      };
      const animals = new CouchDB(url, { auth: basic(user, password), fetch }).database(db.id);
      for (const id of ["cat", "_local/a"]) {
        const same = animals.document(id);
        same.rev = (await same.info()).rev;
        assert.equal(same.rev, (await db.get(id)).rev);
        same.data.legs = 4;
        await same.save();
      }
    },
  },
  {
    name: "delete of a document that does not exist is NotFoundError, and leaves no tombstone",
    async run({ db }) {
      await fill(db, { cat: {} });
      const cat = await db.get("cat");
      const theirs = await db.get("cat");
      await theirs.delete();
      assert.equal((await rejects(cat.delete(), NotFoundError)).reason, "deleted");
      assert.equal((await rejects(theirs.delete(), NotFoundError)).reason, "deleted");
      for (const id of ["none", "_local/none", "_design/none"]) {
        const error = await rejects(db.document(id).delete(), NotFoundError);
        assert.equal(error.reason, "missing");
      }
      const none = db.document("none");
      none.rev = "1-0123456789abcdef0123456789abcdef";
      await rejects(none.delete(), NotFoundError);
      const { doc_del_count, update_seq } = await db.info();
      assert.equal(doc_del_count, 1);
      assert.match(String(update_seq), /^2/);
    },
  },
  {
    name: "revs tells the history, newest first; conflicts tells that there are none",
    async run({ db }) {
      const cat = await db.create("cat");
      const revs: (string | undefined)[] = [];
      for (const legs of [1, 2, 3]) {
        cat.data.legs = legs;
        await cat.save();
        revs.unshift(cat.rev);
      }
      assert.deepEqual(await cat.revs(), revs as string[]);
      assert.deepEqual(await cat.conflicts(), []);
    },
  },
  {
    name: "update saves again until it wins",
    async run({ db }) {
      await fill(db, { counter: { n: 0 } });
      const counters = await Promise.all([1, 2, 3, 4].map(() => db.get("counter")));
      await Promise.all(
        counters.map((counter) =>
          counter.update((data) => {
            data.n += 1;
          }),
        ),
      );
      assert.deepEqual((await db.get("counter")).json, { n: 4 });
    },
  },
  {
    name: "update takes new data in return, gives up after its attempts, and loses no changes",
    async run({ db }) {
      await fill(db, { cat: { legs: 4, old: true } });
      const cat = await db.get("cat");
      await cat.update(({ legs }) => ({ legs: legs + 1 }));
      assert.deepEqual((await db.get("cat")).json, { legs: 5 });

      let calls = 0;
      const interfere = async () => {
        calls += 1;
        const theirs = await db.get("cat");
        theirs.data.theirs = calls;
        await theirs.save();
        return { mine: true };
      };
      await rejects(cat.update(interfere, { attempts: 2 }), ConflictError);
      assert.equal(calls, 2);

      await cat.fetch({ discardChanges: true });
      cat.data.legs = 9;
      await rejects(
        cat.update(() => {}),
        ConflictError,
      );
    },
  },
  {
    name: "update keeps attachments, and refuses what an arrow without braces returns",
    async run({ db }) {
      const data = btoa("meow");
      const _attachments = { voice: { content_type: "text/plain", data } };
      await fill(db, { cat: { legs: 4, tags: [], home: { city: "Rome" }, _attachments } });
      const cat = await db.get("cat");
      for (const returned of [5, "a", null, ["a"], true]) {
        await rejects(
          cat.update(() => returned as object),
          TypeError,
        );
      }
      const mistakes = [
        (animal: JsonObject) => (animal.home = { city: "Pisa" }),
        (animal: JsonObject) => (animal.home.street = { name: "Via" }),
        (animal: JsonObject) => animal.tags,
        () => new Date(),
        () => new Map(),
      ];
      for (const mistake of mistakes) await rejects(cat.update(mistake), TypeError);
      await rejects(
        cat.update(() => {
          throw new RangeError("mine");
        }),
        RangeError,
      );
      assert.isFalse(cat.dirty);
      assert.equal((await cat.info()).rev, cat.rev);
      await cat.update(() => ({ legs: 3 }));
      const read = await db.get("cat");
      assert.deepEqual(read.json, { legs: 3 });
      assert.hasAllKeys(read.data._attachments, ["voice"]);
      await cat.update((animal) => {
        delete animal._attachments;
      });
      assert.notProperty((await db.get("cat")).data, "_attachments");
    },
  },
  {
    name: "update leaves alone what is changed here while it runs",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      const cat = await db.get("cat");
      await cat.update((data) => {
        cat.data.mine = true;
        data.legs = 3;
      });
      assert.deepEqual((await db.get("cat")).json, { legs: 3 });
      assert.deepEqual(cat.json, { legs: 4, mine: true });
      await rejects(cat.save(), ConflictError);
    },
  },
  {
    name: "a save that is overtaken by a fetch does not lend its revision to what was fetched",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      const cat = await db.get("cat");
      const first = cat.rev ?? "";
      cat.data.legs = 3;
      const saving = cat.save();
      await cat.fetch({ discardChanges: true, rev: first });
      await saving;
      assert.equal(cat.data.legs, 4);
      assert.equal(cat.rev, first);
      assert.isFalse(cat.dirty);
      cat.data.legs = 5;
      await rejects(cat.save(), ConflictError);
    },
  },
  {
    name: "fetch does not lose what is changed while it is under way",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      const cat = await db.get("cat");
      const fetching = cat.fetch();
      cat.data.legs = 5;
      await rejects(fetching, ConflictError);
      assert.equal(cat.data.legs, 5);
    },
  },
  {
    name: "what is changed while a delete is under way remains to be saved",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      const cat = await db.get("cat");
      const deleting = cat.delete();
      cat.data.legs = 3;
      await deleting;
      assert.deepEqual(cat.data, { _id: "cat", legs: 3 });
      await cat.save();
      assert.deepEqual((await db.get("cat")).json, { legs: 3 });
    },
  },
  {
    name: "delete acts on a revision that was set",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      const [mine, theirs] = [await db.get("cat"), await db.get("cat")];
      theirs.data.legs = 3;
      await theirs.save();
      mine.rev = theirs.rev ?? "";
      await mine.delete();
      await rejects(db.get("cat"), NotFoundError);
    },
  },
  {
    name: "an _id cannot be changed",
    async run({ db }) {
      await fill(db, { cat: {} });
      const cat = await db.get("cat");
      cat.data._id = "dog";
      await rejects(cat.save(), TypeError);
    },
  },
  {
    name: "info tells a local document's revision, too",
    async run({ db }) {
      await fill(db, { "_local/a": { n: 1 } });
      const { rev = "" } = await db.get("_local/a");
      assert.deepEqual(await (await db.get("_local/a")).info(), { ok: true, id: "_local/a", rev });
    },
  },
  {
    name: "a default is no substitute for a revision that is not there",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      const rev = "1-0123456789abcdef0123456789abcdef";
      await rejects(db.get("cat", { rev, default: {} }), NotFoundError);
    },
  },
  {
    name: "the user's JSON keeps what the runtime's loses",
    async run({ url, user, password, db }) {
      await fill(db, { cat: { legs: 4 } });
      const seen: string[] = [];
      // As a class, whose methods want their `this`.
      const json = new (class {
        #four = 4n;
        parse(text: string) {
          return JSON.parse(text, (_key, value) => (value === 4 ? this.#four : value));
        }
        stringify(value: unknown) {
          seen.push("stringify");
          return JSON.stringify(value, (_key, member) =>
            member === this.#four ? Number(member) : member,
          );
        }
      })();
      const base = new URL(url);
      base.username = user;
      base.password = password;
      const animals = new CouchDB(base, { json }).database(db.id);
      const cat = await animals.get("cat");
      assert.equal(cat.data.legs, 4n);
      assert.isFalse(cat.dirty);
      for (const rows of [animals.docs(), animals.find({})]) {
        for await (const same of rows) {
          assert.equal(same.data.legs, 4n);
          assert.isFalse(same.dirty);
        }
      }
      cat.data.more = true;
      await cat.save();
      assert.isNotEmpty(seen);
      assert.deepEqual((await db.get("cat")).json, { legs: 4, more: true });
    },
  },
];
