import { assert } from "chai";
import {
  ConflictError,
  type Database,
  ForbiddenError,
  type JsonObject,
  NetworkError,
  NotFoundError,
  openRevs,
  resolveConflicts,
} from "couchfetch";
import { type Case, type Context, fill, rejects } from "../case.js";
import { throughProxy } from "../proxies.js";

const revs = ["a", "b", "c"].map((digit) => `1-${digit.repeat(32)}`);

/** A document whose leaves have these items. */
async function conflict(db: Database, id: string, ...items: string[][]): Promise<void> {
  for (const [at, each] of items.entries()) {
    const leaf = db.document(id, { items: each });
    leaf.rev = revs[at] ?? "";
    await leaf.save({ new_edits: false });
  }
}

const union = (leaves: JsonObject[]) => ({ items: leaves.flatMap(({ items }) => items).sort() });

/** The leaves that are no deletions. */
const alive = async (db: Database, id: string) =>
  (await openRevs(db.document(id))).filter(({ ok }) => ok && !ok._deleted);

const watched = (context: Context, of: string) => {
  const seen: string[] = [];
  return {
    seen,
    run: (work: (db: Database) => Promise<void>) =>
      throughProxy(context, [], async ({ db, status }) => {
        await work(db);
        const { requests } = await status();
        seen.push(...requests.filter((each) => new RegExp(of).test(each)));
      }),
  };
};

export const revisions: Case[] = [
  {
    name: "leaves and revisions are read at once",
    async run({ db }) {
      await conflict(db, "cart", ["x"], ["y"]);
      const cart = await db.get("cart");
      const leaves = await openRevs(cart);
      assert.sameMembers(
        leaves.map(({ ok }) => ok?._rev),
        revs.slice(0, 2),
      );
      const [there, missing] = await openRevs(cart, [revs[0] ?? "", "9-none"]);
      assert.deepEqual(there?.ok?.items, ["x"]);
      assert.equal(missing?.missing, "9-none");
      await rejects(openRevs(db.document("none")), NotFoundError);
    },
  },
  {
    name: "a document is saved with a revision of its own, as a replicator does",
    async run({ db }) {
      await conflict(db, "cart", ["x"], ["y"]);
      assert.lengthOf(await (await db.get("cart")).conflicts(), 1);
      const cart = await db.get("cart");
      cart.data.items = ["z"];
      await rejects(cart.save({ new_edits: false }), TypeError);
      cart.rev = "7-dddddddddddddddddddddddddddddddd";
      assert.equal((await cart.save({ new_edits: false }))?.rev, cart.rev);
      assert.isFalse(cart.dirty);
      assert.equal((await db.get("cart")).rev, cart.rev);
    },
  },
  {
    name: "a batched save is answered before it is written, and stays unsaved here",
    async run({ db }) {
      const cat = db.document("cat", { legs: 4 });
      const result = await cat.save({ batch: "ok" });
      assert.isTrue(result?.ok);
      assert.isUndefined(cat.rev);
      assert.isTrue(cat.dirty);
    },
  },
  {
    name: "a document that has not changed is given back as it is",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 } });
      const { seen, run } = watched(context, "^GET .*cat");
      await run(async (db) => {
        const cat = await db.get("cat");
        cat.data.legs = 5;
        assert.strictEqual(await db.get("cat", { known: cat }), cat);
        assert.equal(cat.data.legs, 5);
        assert.isFalse(await cat.fetch({ ifChanged: true, discardChanges: true }));
        await context.db.get("cat").then((other) => other.update(() => ({ legs: 3 })));
        const fresh = await db.get("cat", { known: cat });
        assert.notStrictEqual(fresh, cat);
        assert.equal(fresh.data.legs, 3);
        assert.isTrue(await cat.fetch({ ifChanged: true, discardChanges: true }));
        assert.equal(cat.rev, fresh.rev);
        await (await context.db.get("cat")).delete();
        await rejects(db.get("cat", { known: cat }), NotFoundError);
        const none = await db.get("cat", { known: cat, default: { legs: 0 } });
        assert.isUndefined(none.rev);
        await rejects(db.get("dog", { known: cat }), TypeError);
        await rejects(db.get("dog", { default: [] as never }), TypeError);
      });
      assert.lengthOf(seen, 7);
    },
  },
  {
    name: "attachments come only where they have changed since",
    async run({ db }) {
      await fill(db, { cat: {} });
      const cat = await db.get("cat");
      await cat.attachment("old").save("old", "text/plain");
      const { rev = "" } = cat;
      await cat.attachment("new").save("new", "text/plain");
      await cat.fetch({ attachments: true, atts_since: [rev] });
      assert.equal(cat.data._attachments?.new?.data, btoa("new"));
      assert.isUndefined(cat.data._attachments?.old?.data);
    },
  },
  {
    name: "resolve makes one of all leaves",
    async run(context) {
      await conflict(context.db, "cart", ["x"], ["y"], ["z"]);
      await (await context.db.get("cart")).attachment("a").save("of the winner", "text/plain");
      const { seen, run } = watched(context, "^(PUT|POST)");
      await run(async (db) => {
        const cart = await db.get("cart");
        let first: unknown;
        await resolveConflicts(cart, (leaves) => {
          first = leaves[0]?._rev;
          return union(leaves);
        });
        assert.match(String(first), /^2-/);
        assert.deepEqual(cart.data.items, ["x", "y", "z"]);
        assert.match(cart.rev ?? "", /^3-/);
        assert.isFalse(cart.dirty);
        assert.lengthOf(await alive(db, "cart"), 1);
        assert.equal(await (await cart.attachment("a").fetch()).text(), "of the winner");
        // There is nothing left to do.
        await resolveConflicts(cart, () => assert.fail("asked to merge one"));
        assert.match(cart.rev ?? "", /^3-/);
      });
      assert.lengthOf(seen, 2);
    },
  },
  {
    name: "resolve takes what merge made of the first, and of a promise",
    async run({ db }) {
      await conflict(db, "cart", ["x"], ["y"]);
      const cart = await db.get("cart");
      await resolveConflicts(cart, async (leaves) => {
        await Promise.resolve();
        const [first, other] = leaves as JsonObject[];
        first?.items.push(...(other?.items ?? []));
      });
      assert.sameMembers(cart.data.items, ["x", "y"]);
    },
  },
  {
    name: "resolve loses nothing of somebody who is faster, whichever leaf is changed",
    async run({ db }) {
      for (const at of [0, 1]) {
        const id = `cart ${at}`;
        await conflict(db, id, ["x"], ["y"]);
        let times = 0;
        const cart = await db.get(id);
        await resolveConflicts(cart, async (leaves) => {
          times += 1;
          if (times === 1) {
            const theirs = db.document(id, { items: ["x", "y"].slice(at, at + 1).concat("new") });
            theirs.rev = revs[at] ?? "";
            await theirs.save();
          }
          return { items: [...new Set(leaves.flatMap(({ items }) => items))].sort() };
        });
        assert.equal(times, 2);
        assert.deepEqual(cart.data.items, ["new", "x", "y"]);
        assert.lengthOf(await alive(db, id), 1);
      }
    },
  },
  {
    name: "resolve merges once, though the answers to its writes are lost",
    async run(context) {
      await fill(context.db, { sum: {} });
      await (await context.db.get("sum")).delete();
      for (const of of ["^PUT .*sum", "^POST .*_bulk_docs"]) {
        const id = of.startsWith("^PUT") ? "sum" : "sum too";
        for (const [at, n] of [3, 4].entries()) {
          const leaf = context.db.document(id, { n });
          leaf.rev = `8-${"ab"[at]?.repeat(32)}`;
          await leaf.save({ new_edits: false });
        }
        const rules = [{ of, times: 1, fault: { after: 0, how: "reset" as const } }];
        await throughProxy(context, rules, async ({ db }) => {
          const sum = await db.get(id);
          await resolveConflicts(sum, (leaves) => ({
            n: leaves.reduce((all, { n }) => all + n, 0),
          }));
          assert.equal(sum.data.n, 7);
          assert.lengthOf(await alive(db, id), 1);
        });
      }
    },
  },
  {
    name: "what merge makes is a document, and what it throws is thrown; nothing is written then",
    async run({ db }) {
      await conflict(db, "cart", ["x"], ["y"]);
      const cart = await db.get("cart");
      const mine = new Error("mine");
      const fail = () => {
        throw mine;
      };
      assert.strictEqual(await rejects(resolveConflicts(cart, fail), Error), mine);
      for (const made of [null, 4, "text", []]) {
        await rejects(
          resolveConflicts(cart, () => made as never),
          TypeError,
        );
      }
      await rejects(resolveConflicts(cart, union, { attempts: 0 }), RangeError);
      cart.data.items = [];
      await rejects(resolveConflicts(cart, union), ConflictError);
      await rejects(resolveConflicts(db.document("none"), union), NotFoundError);
      assert.lengthOf(await alive(db, "cart"), 2);
    },
  },
  {
    name: "resolve takes the obvious merge, and one of the leaves, and refuses a part of one",
    async run({ db }) {
      await conflict(db, "cart", ["x"], ["y"]);
      const cart = await db.get("cart");
      let times = 0;
      await resolveConflicts(cart, ([first, ...others]) => {
        times += 1;
        return Object.assign(first as JsonObject, ...others, { merged: true });
      });
      assert.equal(times, 1);
      assert.isTrue(cart.data.merged);
      assert.lengthOf(await alive(db, "cart"), 1);

      await conflict(db, "other", ["x"], ["y"]);
      const other = await db.get("other");
      const part = ([first]: JsonObject[]) => first?.items;
      await rejects(resolveConflicts(other, part as never), TypeError);
      const inner = ([first]: JsonObject[]) => {
        if (first) first.inner = { a: 1 };
        return first?.inner;
      };
      await rejects(resolveConflicts(other, inner as never), TypeError);
      await rejects(
        resolveConflicts(other, () => ({ _deleted: true }) as never),
        TypeError,
      );
      assert.lengthOf(await alive(db, "other"), 2);
      await resolveConflicts(other, (leaves) => leaves[1] as JsonObject);
      assert.deepEqual(other.data.items, ["x"]);
      await rejects(openRevs(db.document("_local/a")), TypeError);
      await rejects(resolveConflicts(db.document("_local/a"), union), TypeError);
    },
  },
  {
    name: "what fails after the merger was saved may have happened",
    async run(context) {
      const cut = { how: "cut" as const };
      const looks = { of: "^GET .*open_revs" };
      for (const rules of [
        [
          { of: "^POST .*_bulk_docs", fault: cut },
          { ...looks, times: 1, fault: {} },
          { ...looks, fault: cut },
        ],
        [{ of: "^GET .*/[^?]*$", fault: cut }],
      ]) {
        const id = crypto.randomUUID();
        await conflict(context.db, id, ["x"], ["y"]);
        await throughProxy(context, rules, async ({ db }) => {
          const error = await rejects(resolveConflicts(db.document(id), union), NetworkError);
          assert.isTrue(error.mayHaveHappened);
        });
        assert.deepEqual((await context.db.get(id)).data.items, ["x", "y"]);
      }
    },
  },
  {
    name: "a known document is one of this database, and many revisions are read at once",
    async run(context) {
      const { couch, db } = context;
      await fill(db, { cat: { legs: 4 } });
      const other = await couch.create(`conformance_${crypto.randomUUID()}`);
      try {
        await fill(other, { cat: { legs: 4 } });
        const known = await db.get("cat");
        await rejects(other.get("cat", { known }), TypeError);
      } finally {
        await other.delete();
      }
      const cat = await db.get("cat");
      const asked = Array.from({ length: 500 }, (_, n) => `${n + 2}-none`);
      const { seen, run } = watched(context, "open_revs");
      await run(async (far) => {
        const told = await openRevs(far.document("cat"), [...asked, cat.rev ?? ""]);
        assert.lengthOf(told, 501);
        assert.equal(told.find(({ ok }) => ok)?.ok?.legs, 4);
      });
      // Servers and proxies refuse what is longer.
      for (const request of seen) assert.isBelow(request.length, 4_000);
      // A revision that was set is not what is here.
      const fresh = await db.get("cat");
      await fresh.update(() => ({ legs: 3 }));
      cat.rev = fresh.rev ?? "";
      assert.isTrue(await cat.fetch({ ifChanged: true }));
      assert.equal(cat.data.legs, 3);
    },
  },
  {
    name: "leaves whose merger is refused stay",
    async run({ db }) {
      await conflict(db, "cart", ["x"], ["y"]);
      const validate_doc_update =
        "function (doc) { if (doc.items && doc.items.length > 1) throw { forbidden: 'too many' }; }";
      await fill(db, { "_design/rules": { validate_doc_update } });
      await rejects(resolveConflicts(await db.get("cart"), union), ForbiddenError);
      assert.lengthOf(await alive(db, "cart"), 2);
    },
  },
  {
    name: "leaves whose merger is lost in a gateway stay, and it may have happened",
    async run(context) {
      await conflict(context.db, "cart", ["x"], ["y"]);
      await throughProxy(context, [{ of: "^PUT", fault: { how: "cut" } }], async ({ db }) => {
        const error = await rejects(resolveConflicts(await db.get("cart"), union), NetworkError);
        assert.isTrue(error.mayHaveHappened);
        assert.lengthOf(await alive(context.db, "cart"), 2);
      });
    },
  },
];
