import { assert } from "chai";
import {
  basic,
  ConflictError,
  CouchDB,
  type Database,
  type Document,
  designDoc,
  type Fetch,
  fetchAttachments,
  type JsonObject,
  resolveConflicts,
  saveWithAttachments,
} from "couchfetch";
import { type Case, type Context, eventually, fill, rejects } from "../case.js";

/** A session whose responses are held back until they are released. */
class Held {
  readonly couch: CouchDB;
  readonly db: Database;
  /** Method and path of each request. */
  readonly sent: string[] = [];
  readonly #waiting: (() => void)[] = [];
  isHolding = false;

  constructor({ url, user, password, db }: Context) {
    const fetch: Fetch = async (request, init) => {
      this.sent.push(`${request.method} ${new URL(request.url).pathname.split(db.id)[1]}`);
      const response = await globalThis.fetch(request, init);
      if (this.isHolding) await new Promise<void>((resolve) => this.#waiting.push(resolve));
      return response;
    };
    this.couch = new CouchDB(url, { auth: basic(user, password), fetch });
    this.db = this.couch.database(db.id);
  }

  /** Read the document "cat", and hold back all responses from then on. */
  async cat(): Promise<Document> {
    const cat = await this.db.get("cat");
    this.sent.length = 0;
    this.isHolding = true;
    return cat;
  }

  /** Resolves when the server has responded to so many requests, which are held back. */
  async arrived(count: number): Promise<void> {
    await eventually(() => this.#waiting.length >= count);
  }

  /** Release all responses, the newest first, and hold back none from now on. */
  release(): void {
    this.isHolding = false;
    for (const resolve of this.#waiting.splice(0).reverse()) resolve();
  }
}

const settled = (...works: Promise<unknown>[]) =>
  Promise.allSettled(works).then((results) =>
    results.map((result) => (result.status === "fulfilled" ? "done" : result.reason)),
  );

/** Whether the object is what the server has, and saved. */
async function assertCurrent(document: Document, { db }: Context, json: object): Promise<void> {
  assert.deepEqual(document.json, json);
  const { data } = await db.get(document.id);
  assert.deepEqual(data, document.data);
  assert.isFalse(document.dirty);
}

const increment = (data: JsonObject) => {
  data.n += 1;
};

/** Saves by another client. */
async function rival({ db }: Context, change: object): Promise<void> {
  const theirs = await db.get("cat");
  Object.assign(theirs.data, change);
  await theirs.save();
}

type Call = (cat: Document, db: Database, signal?: AbortSignal) => Promise<unknown>;

/** All calls that wait for earlier ones on the same object. */
const calls: Record<string, Call> = {
  fetch: (cat, _db, signal) => cat.fetch({ signal }),
  save: (cat, _db, signal) => cat.save({ signal }),
  delete: (cat, _db, signal) => cat.delete({ signal }),
  copy: (cat, _db, signal) => cat.copy("dog", { signal }),
  update: (cat, _db, signal) => cat.update(() => {}, { signal }),
  "attachment.save": (cat, _db, signal) => cat.attachment("a").save("a", "text/plain", { signal }),
  "attachment.delete": (cat, _db, signal) => cat.attachment("a").delete({ signal }),
  saveWithAttachments: (cat, _db, signal) =>
    saveWithAttachments(cat, { a: new Blob(["a"]) }, { signal }),
  fetchAttachments: (cat, _db, signal) => fetchAttachments(cat, { signal }).next(),
  resolveConflicts: (cat, _db, signal) => resolveConflicts(cat, () => {}, { signal }),
  createDocs: (cat, db, signal) => db.createDocs((docs) => void docs.append(cat), { signal }),
};

export const callCases: Case[] = [
  {
    name: "a fetch whose response is late does not undo a save that was called after it",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 } });
      const held = new Held(context);
      const cat = await held.cat();
      for (const options of [{}, { discardChanges: true }]) {
        held.isHolding = true;
        const fetching = cat.fetch(options);
        await held.arrived(1);
        cat.data.legs -= 1;
        const json = { legs: cat.data.legs };
        const saving = cat.save();
        held.release();
        const [fetched, saved] = await settled(fetching, saving);
        assert.instanceOf(fetched, ConflictError);
        assert.equal(saved, "done");
        await assertCurrent(cat, context, json);
      }
    },
  },
  {
    name: "fetch, with discardChanges, drops the changes before the call, and keeps later ones",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 } });
      const held = new Held(context);
      const cat = await held.cat();
      cat.data.legs = 1;
      const dropping = cat.fetch({ discardChanges: true });
      await held.arrived(1);
      held.release();
      assert.isTrue(await dropping);
      await assertCurrent(cat, context, { legs: 4 });
      cat.data.legs = 1;
      const fetching = cat.fetch({ discardChanges: true });
      cat.data.legs = 2;
      await rejects(fetching, ConflictError);
      assert.deepEqual(cat.json, { legs: 2 });
      await cat.save();
      await assertCurrent(cat, context, { legs: 2 });
    },
  },
  {
    name: "fetch and delete, with discardChanges, drop what is not JSON, too",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      const cat = await db.get("cat");
      cat.data.self = cat.data;
      await rejects(cat.save(), TypeError);
      await cat.fetch({ discardChanges: true });
      assert.deepEqual(cat.json, { legs: 4 });
      cat.data.legs = 4n;
      await cat.delete({ discardChanges: true });
      assert.deepEqual(cat.data, { _id: "cat" });
    },
  },
  {
    name: "two fetches: the later call decides, whichever response comes first",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 } });
      const held = new Held(context);
      const cat = await held.cat();
      const first = cat.fetch();
      await held.arrived(1);
      await rival(context, { legs: 3 });
      const second = cat.fetch();
      held.release();
      assert.deepEqual(await settled(first, second), ["done", "done"]);
      await assertCurrent(cat, context, { legs: 3 });
    },
  },
  {
    name: "two updates of one object are both applied, and the object is current",
    async run(context) {
      await fill(context.db, { cat: { n: 0 } });
      const held = new Held(context);
      const cat = await held.cat();
      const updates = [1, 2, 3].map(() => cat.update((data) => increment(data)));
      await held.arrived(1);
      held.release();
      assert.deepEqual(await settled(...updates), ["done", "done", "done"]);
      await assertCurrent(cat, context, { n: 3 });
      // None met another one's save.
      assert.lengthOf(held.sent, 6);
    },
  },
  {
    name: "a second save without a change in between sends nothing, unless the first fails",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 } });
      const held = new Held(context);
      const cat = await held.cat();
      cat.data.legs = 3;
      const [first, second] = [cat.save(), cat.save()];
      held.release();
      assert.equal((await first)?.rev, cat.rev);
      assert.isUndefined(await second);
      assert.deepEqual(held.sent, ["PUT /cat"]);
      await assertCurrent(cat, context, { legs: 3 });

      const created = held.db.document("dog", { legs: 4 });
      const results = await Promise.all([created.save(), created.save(), created.save()]);
      assert.deepEqual(results, [
        { ok: true, id: "dog", rev: created.rev ?? "" },
        undefined,
        undefined,
      ]);

      await rival(context, { legs: 8 });
      cat.data.legs = 2;
      const lost = settled(cat.save());
      cat.rev = (await context.db.get("cat")).rev ?? "";
      const won = cat.save();
      assert.instanceOf((await lost)[0], ConflictError);
      assert.equal((await won)?.rev, cat.rev);
      await assertCurrent(cat, context, { legs: 2 });
    },
  },
  {
    name: "each save sends the data as it was when called, over the one before",
    async run(context) {
      const held = new Held(context);
      held.isHolding = true;
      const cat = held.db.document("cat", { legs: 1 });
      const saves: Promise<unknown>[] = [];
      for (const legs of [2, 3, 2]) {
        cat.data.legs = legs;
        saves.push(cat.save());
      }
      cat.data.legs = 9;
      held.release();
      const revs = await Promise.all(saves).then((all) => all.map((each) => Object(each).rev));
      assert.deepEqual((await context.db.get("cat", { rev: revs[0] })).json, { legs: 2 });
      assert.deepEqual((await context.db.get("cat", { rev: revs[1] })).json, { legs: 3 });
      assert.equal(cat.rev, revs[2]);
      assert.deepEqual((await context.db.get("cat")).json, { legs: 2 });
      assert.isTrue(cat.dirty);
      await cat.save();
      await assertCurrent(cat, context, { legs: 9 });
    },
  },
  {
    name: "a revision that is set while a save is under way is for the next save",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 } });
      const cat = await context.db.get("cat");
      cat.data.legs = 3;
      const saving = cat.save();
      cat.rev = "9-0123456789abcdef0123456789abcdef";
      await saving;
      assert.equal(cat.rev, "9-0123456789abcdef0123456789abcdef");
      assert.isTrue(cat.dirty);
      await rejects(cat.save(), ConflictError);
    },
  },
  {
    name: "save, delete and save again: each is what it was when called",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 } });
      const cat = await context.db.get("cat");
      cat.data.legs = 3;
      const works: Promise<unknown>[] = [cat.save(), cat.delete()];
      cat.data.legs = 2;
      works.push(cat.save());
      assert.deepEqual(await settled(...works), ["done", "done", "done"]);
      assert.match(cat.rev ?? "", /^4-/);
      await assertCurrent(cat, context, { legs: 2 });
    },
  },
  {
    name: "delete, with discardChanges, keeps what is changed after the call",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 } });
      const cat = await context.db.get("cat");
      cat.data.legs = 3;
      const deleting = cat.delete({ discardChanges: true });
      cat.data.legs = 2;
      await deleting;
      assert.deepEqual(cat.data, { _id: "cat", legs: 2 });
      await cat.save();
      await assertCurrent(cat, context, { legs: 2 });
    },
  },
  {
    name: "what is changed while a delete is under way is saved without the attachments that are gone",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 } });
      const cat = await context.db.get("cat");
      await cat.attachment("a").save("a");
      const deleting = cat.delete();
      cat.data.legs = 3;
      Object.assign(cat.data._attachments ?? {}, {
        b: { content_type: "text/plain", data: btoa("b") },
      });
      await Promise.all([deleting, cat.save()]);
      const { data, json } = await context.db.get("cat");
      assert.deepEqual(json, { legs: 3 });
      assert.hasAllKeys(data._attachments, ["b"]);
    },
  },
  {
    name: "saves of attachments and of the document that follow each other keep all of it",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 } });
      const cat = await context.db.get("cat");
      const works: Promise<unknown>[] = [cat.attachment("a").save("a", "text/plain")];
      cat.data.legs = 3;
      works.push(cat.save(), cat.attachment("b").save("b", "text/plain"));
      cat.data.legs = 2;
      works.push(saveWithAttachments(cat, { c: new Blob(["c"]) }));
      works.push(cat.attachment("a").delete());
      cat.data.legs = 1;
      works.push(cat.save(), cat.copy("copy"));
      assert.deepEqual(new Set(await settled(...works)), new Set(["done"]));
      assert.hasAllKeys(cat.data._attachments, ["b", "c"]);
      assert.equal(cat.rev, (await context.db.get("cat")).rev);
      assert.isFalse(cat.dirty);
      const copy = await context.db.get("copy");
      assert.deepEqual(copy.json, { legs: 1 });
      assert.hasAllKeys(copy.data._attachments, ["b", "c"]);
      assert.equal(await (await copy.attachment("b").fetch()).text(), "b");
    },
  },
  {
    name: "bulk writes and saves of the same object follow each other",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 }, dog: { legs: 4 } });
      const [cat, dog] = [await context.db.get("cat"), await context.db.get("dog")];
      const first = await context.db.createDocs(() => {});
      const second = await context.db.createDocs(() => {});
      cat.data.legs = 3;
      const works: Promise<unknown>[] = [cat.save()];
      cat.data.legs = 2;
      dog.data.legs = 2;
      for (const each of [cat, dog]) first.append(each);
      for (const each of [dog, cat]) second.append(each);
      works.push(first.save(), second.save());
      cat.data.legs = 1;
      works.push(cat.save(), dog.save());
      assert.deepEqual(new Set(await settled(...works)), new Set(["done"]));
      const idsOf = (all: Document[]) => all.map(({ id }) => id);
      assert.deepEqual(idsOf(first.ok), ["cat", "dog"]);
      assert.deepEqual([second.ok, second.error], [[], []]);
      await assertCurrent(cat, context, { legs: 1 });
      await assertCurrent(dog, context, { legs: 2 });
    },
  },
  {
    name: "two views that are defined at once are both saved",
    async run({ db }) {
      const zoo = await designDoc(db, "zoo");
      const map = "function (doc) { emit(doc.legs); }";
      const names = ["one", "two", "three"];
      const twice = zoo.createView("one", { map });
      await Promise.all([...names.slice(1).map((name) => zoo.createView(name, { map })), twice]);
      await rejects(zoo.createView("two", { map }), ConflictError);
      assert.hasAllKeys((await db.get("_design/zoo")).data.views, names);
      assert.isFalse(zoo.dirty);
    },
  },
  ...Object.entries(calls).map(
    ([name, call]): Case => ({
      name: `${name}: leaves the queue if it is aborted while it waits, and nothing overtakes`,
      async run(context) {
        await fill(context.db, { cat: { legs: 4 } });
        const held = new Held(context);
        const cat = await held.cat();
        cat.data.legs = 3;
        const first = cat.save();
        await held.arrived(1);
        const aborting = new AbortController();
        const waiting = call(cat, held.db, aborting.signal);
        cat.data.legs = 2;
        const last = cat.save();
        const reason = new Error("enough");
        aborting.abort(reason);
        assert.deepEqual(await settled(waiting), [reason]);
        assert.deepEqual(held.sent, ["PUT /cat"]);
        held.release();
        assert.deepEqual(await settled(first, last), ["done", "done"]);
        assert.deepEqual(held.sent, ["PUT /cat", "PUT /cat"]);
        await assertCurrent(cat, context, { legs: 2 });
      },
    }),
  ),
  {
    name: "close ends the calls that wait, too",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 } });
      const held = new Held(context);
      const cat = await held.cat();
      cat.data.legs = 3;
      const works = [cat.save(), cat.fetch(), cat.update(() => {}), cat.delete(), cat.copy("dog")];
      await held.arrived(1);
      await held.couch.close();
      for (const reason of await settled(...works)) assert.equal(reason.name, "AbortError");
      held.release();
      assert.equal((await settled(cat.fetch({ discardChanges: true })))[0].name, "AbortError");
    },
  },
  ...Object.entries(calls).map(
    ([name, call]): Case => ({
      name: `${name}: is a TypeError within a callback of update on the same object`,
      async run({ db }) {
        await fill(db, { cat: { n: 0 } });
        const cat = await db.get("cat");
        await cat.attachment("a").save("text");
        for (const isLate of [false, true]) {
          const inner: unknown[] = [];
          await cat.update(async (data) => {
            if (isLate) await db.info();
            inner.push(...(await settled(call(cat, db))));
            data.n += 1;
          });
          assert.lengthOf(inner, 1);
          assert.instanceOf(inner[0], TypeError);
        }
        await rejects(
          cat.update(async () => void (await call(cat, db))),
          TypeError,
        );
        assert.deepEqual((await db.get("cat")).json, { n: 2 });
        assert.deepEqual(await settled(call(cat, db)), ["done"]);
      },
    }),
  ),
  {
    name: "resolveConflicts: a call within merge on the same object is a TypeError",
    async run({ db }) {
      await fill(db, { cat: { n: 0 } });
      const leaf = db.document("cat", { n: 5 });
      leaf.rev = "1-0123456789abcdef0123456789abcdef";
      await leaf.save({ new_edits: false });
      const cat = await db.get("cat");
      const merge = async () => {
        await db.info();
        await cat.save();
      };
      await rejects(resolveConflicts(cat, merge), TypeError);
      await resolveConflicts(cat, (leaves) => ({ n: leaves.length }));
      assert.deepEqual(cat.json, { n: 2 });
    },
  },
  {
    name: "a callback that throws, rejects or is aborted lets the next call pass",
    async run({ db }) {
      await fill(db, { cat: { n: 0 } });
      const cat = await db.get("cat");
      const mine = new RangeError("mine");
      const aborting = new AbortController();
      const works = [
        cat.update(() => {
          throw mine;
        }),
        cat.update(() => Promise.reject(mine)),
        cat.update(
          () => {
            setTimeout(() => aborting.abort(mine));
            return new Promise(() => {});
          },
          { signal: aborting.signal },
        ),
        cat.update((data) => increment(data)),
      ];
      assert.deepEqual(await settled(...works), [mine, mine, mine, "done"]);
      assert.deepEqual((await db.get("cat")).json, { n: 1 });
    },
  },
  {
    name: "a callback may use another object of the same document: update starts again",
    async run({ db }) {
      await fill(db, { cat: { n: 0 } });
      const cat = await db.get("cat");
      const other = await db.get("cat");
      let calls = 0;
      await cat.update(async (data) => {
        calls += 1;
        if (calls === 1) await other.update((same) => increment(same));
        increment(data);
      });
      assert.equal(calls, 2);
      assert.deepEqual((await db.get("cat")).json, { n: 2 });
      assert.deepEqual(cat.json, { n: 2 });
    },
  },
  {
    name: "the loop over fetchAttachments may use the document",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      const cat = await db.get("cat");
      await saveWithAttachments(cat, { a: new Blob(["a"]), b: new Blob(["b"]) });
      const same = await db.get("cat");
      const names: string[] = [];
      for await (const { name, body } of fetchAttachments(same)) {
        names.push(name);
        same.data.legs -= 1;
        await same.save();
        await new Response(body).text();
      }
      assert.sameMembers(names, ["a", "b"]);
      assert.deepEqual((await db.get("cat")).json, { legs: 2 });
    },
  },
];
