import { assert } from "chai";
import {
  ConflictError,
  type Database,
  type Document,
  type JsonObject,
  NetworkError,
  purge,
  security,
  type UpdateOptions,
} from "couchfetch";
import { admin } from "couchfetch/admin";
import type { Fault } from "../../faults/proxy.js";
import { type Case, type Context, eventually, fill, rejects } from "../case.js";
import { answer, throughProxy } from "../proxies.js";

// The answer is lost, and what was asked is done.
const losses: [string, Fault][] = [
  ["cut before its headers' end", { after: 0, how: "reset" }],
  ["cut in its body", { after: 5, how: "cut" }],
];

const bytes = new Uint8Array(70_000).map((_, at) => at % 251);

/** What is written through a network that loses the answer, and what must be so afterwards. */
const writes: {
  name: string;
  of: string;
  write(cat: Document): Promise<unknown>;
  done(cat: Document, db: Database): Promise<void>;
}[] = [
  {
    name: "save",
    of: "^PUT .*cat$",
    write(cat) {
      cat.data.legs = 3;
      return cat.save();
    },
    async done(cat, db) {
      assert.isFalse(cat.dirty);
      assert.deepEqual((await db.get("cat")).data, cat.data);
      assert.equal(cat.data.legs, 3);
    },
  },
  {
    name: "update with a token",
    of: "^PUT .*cat$",
    write: (cat) =>
      cat.update(
        (data) => {
          data.legs += 1;
        },
        { token: "by" },
      ),
    async done(cat, db) {
      assert.equal((await db.get("cat")).data.legs, 5);
      assert.deepEqual((await db.get("cat")).data, cat.data);
    },
  },
  {
    name: "delete",
    of: "^(DELETE|PUT) .*cat",
    write: (cat) => cat.delete(),
    async done(cat, db) {
      assert.isFalse(cat.exists);
      assert.deepEqual(await db.keys().toArray(), []);
    },
  },
  {
    name: "save of an inline attachment",
    of: "^PUT .*cat$",
    write(cat) {
      cat.data._attachments = { a: { content_type: "text/plain", data: btoa("text") } };
      return cat.save();
    },
    async done(_cat, db) {
      const response = await (await db.get("cat")).attachment("a").fetch();
      assert.equal(await response.text(), "text");
    },
  },
  {
    name: "save of an attachment",
    of: "^PUT .*cat/a",
    write: (cat) => cat.attachment("a").save(bytes),
    async done(cat, db) {
      assert.deepEqual((await db.get("cat")).data, cat.data);
      const response = await cat.attachment("a").fetch();
      assert.deepEqual(new Uint8Array(await response.arrayBuffer()), bytes);
    },
  },
  {
    name: "delete of an attachment",
    of: "^DELETE .*cat/old",
    write: (cat) => cat.attachment("old").delete(),
    async done(cat, db) {
      assert.notProperty((await db.get("cat")).data, "_attachments");
      assert.deepEqual((await db.get("cat")).data, cat.data);
    },
  },
];

async function prepare({ db }: Context): Promise<void> {
  await fill(db, { cat: { legs: 4, name: "ä 🐈" } });
  await (await db.get("cat")).attachment("old").save("of old", "text/plain");
}

export const fate: Case[] = [
  ...writes.flatMap(({ name, of, write, done }): Case[] => [
    ...losses.map(
      ([how, fault]): Case => ({
        name: `${name}: is done, though the answer was ${how}`,
        async run(context) {
          await prepare(context);
          await throughProxy(context, [{ of, times: 1, fault }], async ({ db, status }) => {
            const cat = await db.get("cat");
            await write(cat);
            await done(cat, context.db);
            const sent = (await status()).requests.filter((each) => new RegExp(of).test(each));
            assert.equal(sent.length, 1);
          });
        },
      }),
    ),
    {
      name: `${name}: is done, though the connection was closed without a response`,
      // Sent again, it meets itself, and is a conflict.
      needs: name === "delete of an attachment" ? "single DELETE" : "single sending",
      async run(context) {
        await prepare(context);
        const fault = { unheard: true as const };
        await throughProxy(context, [{ of, times: 1, fault }], async ({ db }) => {
          const cat = await db.get("cat");
          await write(cat);
          await done(cat, context.db);
        });
      },
    },
    {
      name: `${name}: may have happened, where it was lost on the way, or in a gateway`,
      async run(context) {
        await prepare(context);
        for (const fault of [
          { how: "cut" as const },
          answer(502, "<p>", { "content-type": "text/html" }),
        ]) {
          await throughProxy(context, [{ of, fault }], async ({ db }) => {
            const cat = await db.get("cat");
            const error = await rejects(write(cat), NetworkError);
            assert.isTrue(error.mayHaveHappened);
            assert.equal(cat.rev, (await context.db.get("cat")).rev);
          });
        }
      },
    },
    ...(name === "update with a token"
      ? [] // It reads anew, and loses no race that was before.
      : [
          {
            name: `${name}: is a conflict, though it was lost, if somebody else was faster`,
            async run(context: Context) {
              await prepare(context);
              await throughProxy(context, [{ of, fault: { how: "cut" } }], async ({ db }) => {
                const cat = await db.get("cat");
                const theirs = await context.db.get("cat");
                theirs.data.legs = 8;
                await theirs.save();
                await rejects(write(cat), ConflictError);
                assert.deepEqual((await context.db.get("cat")).data, theirs.data);
              });
            },
          },
        ]),
  ]),
  {
    name: "a write may have happened, if the server that is asked has no trace of the document",
    async run(context) {
      const rules = [{ of: "^(PUT|DELETE) .*cat", fault: { how: "cut" as const } }];
      await throughProxy(context, rules, async ({ db }) => {
        for (const { write } of writes.filter(({ name }) => name !== "update with a token")) {
          await prepare(context);
          const cat = await db.get("cat");
          await purge(context.db, { cat: [cat.rev ?? ""] });
          assert.isTrue((await rejects(write(cat), NetworkError)).mayHaveHappened);
        }
      });
    },
  },
  {
    name: "delete: is a conflict with an emptied document, which is no deleted one",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 } });
      await throughProxy(
        context,
        [{ of: "^(DELETE|PUT)", fault: { how: "cut" } }],
        async ({ db }) => {
          const cat = await db.get("cat");
          await (await context.db.get("cat")).update((data) => void delete data.legs);
          await rejects(cat.delete(), ConflictError);
          assert.deepEqual((await context.db.get("cat")).json, {});
        },
      );
    },
  },
  {
    name: "save: is done, though somebody else has saved since",
    async run(context) {
      await prepare(context);
      const rules = [
        { of: "^PUT .*cat$", fault: { after: 0, how: "reset" as const } },
        { of: "_bulk_get", times: 1, fault: { delay: 300 } },
      ];
      await throughProxy(context, rules, async ({ db }) => {
        const cat = await db.get("cat");
        cat.data.legs = 3;
        const saving = cat.save();
        await eventually(async () => (await context.db.get("cat")).data.legs === 3);
        const theirs = await context.db.get("cat");
        theirs.data.legs = 8;
        await theirs.save();
        const result = await saving;
        assert.equal(result?.rev, cat.rev);
        assert.match(cat.rev ?? "", /^3-/);
        assert.isFalse(cat.dirty);
      });
    },
  },
  {
    name: "update: is not done, though lost, if another client wrote what it computed",
    async run(context) {
      const increment = (data: JsonObject) => {
        data.n += 1;
      };
      /** Two clients count at once, and the response to the second one, a conflict, is lost. */
      const count = async (options: UpdateOptions) => {
        await context.db.document("cat", { n: 0 }).save();
        const rules = [{ of: "^PUT", times: 1, fault: { after: 0, how: "reset" as const } }];
        let error: unknown;
        await throughProxy(context, rules, async ({ db }) => {
          const cat = await db.get("cat");
          let isFirst = true;
          const mutate = async (data: JsonObject) => {
            if (isFirst) await (await context.db.get("cat")).update(increment);
            isFirst = false;
            increment(data);
          };
          error = await cat.update(mutate, options).catch((reason) => reason);
        });
        const cat = await context.db.get("cat");
        const { n } = cat.data;
        await cat.delete();
        return { error, n };
      };
      const plain = await count({});
      assert.instanceOf(plain.error, NetworkError);
      assert.isTrue((plain.error as NetworkError).mayHaveHappened);
      assert.equal(plain.n, 1);
      assert.deepEqual(await count({ token: "by" }), { error: undefined, n: 2 });
      // The caller says that this is enough.
      assert.deepEqual(await count({ idempotent: true }), { error: undefined, n: 1 });
    },
  },
  {
    name: "update: is unknown, though done, without a token, and done if it is idempotent",
    async run(context) {
      await fill(context.db, { cat: { n: 0 } });
      const fault = { after: 0, how: "reset" as const };
      await throughProxy(context, [{ of: "^PUT .*cat", fault }], async ({ db }) => {
        const cat = await db.get("cat");
        const mutate = (data: JsonObject) => {
          data.n += 1;
        };
        assert.isTrue((await rejects(cat.update(mutate), NetworkError)).mayHaveHappened);
        assert.equal(cat.data.n, 0);
        assert.equal((await context.db.get("cat")).data.n, 1);
        await cat.update(mutate, { idempotent: true });
        await cat.update(mutate, { token: "by" });
        assert.deepEqual((await context.db.get("cat")).data, cat.data);
        assert.hasAllKeys(cat.json, ["n", "by"]);
        assert.equal(cat.data.n, 3);
      });
    },
  },
  {
    name: "update: a token is new for each change, sent only with one, and must be a name of one's own",
    async run({ db }) {
      await fill(db, { cat: { n: 0 } });
      const cat = await db.get("cat");
      const tokens = new Set<unknown>();
      for (const n of [1, 2]) {
        await cat.update(() => ({ n }), { token: "by" });
        tokens.add(cat.data.by);
      }
      assert.lengthOf([...tokens], 2);
      const { rev } = cat;
      await cat.update(() => {}, { token: "by" });
      assert.equal((await db.get("cat")).rev, rev);
      for (const token of ["_by", "__proto__", 5])
        await rejects(
          cat.update(() => {}, { token: token as string }),
          TypeError,
        );
    },
  },
  ...losses.map(
    ([how, fault]): Case => ({
      name: `save of a new document: is done, though the answer was ${how}`,
      async run(context) {
        await throughProxy(context, [{ of: "^PUT .*cat", fault }], async ({ db }) => {
          const cat = db.document("cat", { legs: 4 });
          await cat.save();
          assert.deepEqual((await context.db.get("cat")).data, cat.data);
          await rejects(db.document("cat", { legs: 5 }).save(), ConflictError);
        });
      },
    }),
  ),
  ...losses.map(
    ([how, fault]): Case => ({
      name: `a bulk write: each document is told what became of it, though the answer was ${how}`,
      async run(context) {
        await prepare(context);
        const rules = [{ of: "^POST .*_bulk_docs", times: 1, fault }];
        await throughProxy(context, rules, async ({ db }) => {
          const cat = await db.get("cat");
          const stale = await db.get("cat");
          const theirs = await context.db.document("dog", { legs: 4 });
          await theirs.save();
          cat.data.legs = 3;
          const { ok, error, response } = await db.createDocs((docs) => {
            docs.append(cat);
            docs.create("dog", { legs: 9 });
            docs.create("fox", { legs: 4 });
          });
          assert.sameMembers(
            ok.map(({ id }) => id),
            ["cat", "fox"],
          );
          assert.deepEqual(
            error.map(({ id }) => id),
            ["dog"],
          );
          assert.equal(response.find(({ id }) => id === "dog")?.error, "conflict");
          assert.deepEqual((await context.db.get("cat")).data, cat.data);
          assert.notEqual(stale.rev, cat.rev);
        });
      },
    }),
  ),
  {
    name: "a bulk write: what nobody knows is an error, and what is known is told",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 } });
      const rules = [{ of: "^POST .*_bulk_docs", fault: { how: "cut" as const } }];
      await throughProxy(context, rules, async ({ db }) => {
        const operation = await db.createDocs(() => {});
        const fox = operation.create("fox", { legs: 4 });
        const cat = operation.create("cat", { legs: 9 });
        const error = await rejects(operation.save(), NetworkError);
        assert.isTrue(error.mayHaveHappened);
        assert.deepEqual(operation.error, [cat]);
        assert.deepEqual(operation.ok, []);
        assert.isTrue(fox.dirty);
      });
    },
  },
  {
    name: "a new document of the same content as an older one is not ours for that",
    async run(context) {
      await fill(context.db, { lock: {}, counter: { n: 0 } });
      await (await context.db.get("lock")).delete();
      await (await context.db.get("counter")).update(() => ({ n: 5 }));
      await throughProxy(context, [{ of: "^PUT", fault: { how: "cut" } }], async ({ db }) => {
        for (const document of [db.document("lock", {}), db.document("counter", { n: 0 })]) {
          assert.isTrue((await rejects(document.save(), NetworkError)).mayHaveHappened);
          assert.isUndefined(document.rev);
        }
      });
    },
  },
  {
    name: "a creation is not done by a third revision whose parents are forgotten",
    needs: "nodes",
    async run({ couch, ...context }) {
      await admin(couch).database(context.db.id).setRevsLimit(1);
      const theirs = context.db.document("cat");
      for (const legs of [2, 3, 4]) {
        theirs.data.legs = legs;
        await theirs.save();
      }
      const fault = { after: 0, how: "reset" as const };
      await throughProxy({ couch, ...context }, [{ of: "^PUT", fault }], async ({ db }) => {
        const cat = db.document("cat", { legs: 4 });
        assert.isTrue((await rejects(cat.save(), NetworkError)).mayHaveHappened);
        assert.isUndefined(cat.rev);
      });
    },
  },
  {
    name: "save: is done, whatever its numbers, and update once",
    async run(context) {
      await fill(context.db, { cat: { n: 1 } });
      const fault = { after: 0, how: "reset" as const };
      await throughProxy(context, [{ of: "^PUT .*cat", fault }], async ({ db }) => {
        const numbers = { at: 1_700_000_000_000_000_000, tiny: 5e-324, large: 1.5e22 };
        const cat = await db.get("cat");
        const mutate = (data: JsonObject) =>
          void Object.assign(data, { n: data.n + 1, ...numbers });
        await cat.update(mutate, { idempotent: true });
        assert.equal((await context.db.get("cat")).data.n, 2);
        cat.data.n = 5;
        await cat.save();
        assert.equal((await context.db.get("cat")).rev, cat.rev);
      });
    },
  },
  {
    name: "save of a new document: is done, also after a tombstone",
    async run(context) {
      await fill(context.db, { cat: { legs: 3 } });
      await (await context.db.get("cat")).delete();
      const fault = { after: 0, how: "reset" as const };
      await throughProxy(context, [{ of: "^PUT .*cat", fault }], async ({ db }) => {
        const cat = db.document("cat", { legs: 4 });
        await cat.save();
        assert.deepEqual((await context.db.get("cat")).data, cat.data);
      });
    },
  },
  {
    name: "a _local document: is unknown, whatever it has become, for nobody can be asked",
    async run(context) {
      const fault = { after: 0, how: "reset" as const };
      await throughProxy(context, [{ of: "^PUT", fault }], async ({ db }) => {
        for (let n = 0; n < 2; n += 1) {
          const local = context.db.document("_local/a");
          await local.fetch({ discardChanges: true }).catch(() => {});
          const ours = db.document("_local/a", { n });
          if (local.rev) ours.rev = local.rev;
          assert.isTrue((await rejects(ours.save(), NetworkError)).mayHaveHappened);
        }
      });
    },
  },
  {
    name: "a copy, and a bulk write of given revisions: may have happened, where a gateway answers",
    async run(context) {
      await prepare(context);
      const fault = answer(502, "<p>", { "content-type": "text/html" });
      await throughProxy(context, [{ of: "^(COPY|POST .*_bulk_docs)", fault }], async ({ db }) => {
        const cat = await db.get("cat");
        assert.isTrue((await rejects(cat.copy("dog"), NetworkError)).mayHaveHappened);
        const given = db.document("fox", { legs: 4 });
        given.rev = "1-967a00dff5e02add41819138abb3284d";
        const writing = db.createDocs((docs) => docs.append(given), { new_edits: false });
        assert.isTrue((await rejects(writing, NetworkError)).mayHaveHappened);
      });
    },
  },
  {
    name: "what may be sent twice is: a database that may exist, its security",
    async run(context) {
      const name = `conformance_${crypto.randomUUID()}`;
      const rules = [
        { of: `^PUT /${name}$`, times: 1, fault: { after: 0, how: "reset" as const } },
        { of: "^PUT .*_security", times: 1, fault: { how: "cut" as const } },
      ];
      await throughProxy(context, rules, async ({ couch }) => {
        const db = await couch.create(name, { existsOk: true });
        const rules = await security(db);
        rules.addMemberRole("zoo");
        await rules.save();
        assert.deepEqual((await security(db)).memberRoles.includes("zoo"), true);
        await db.delete();
      });
    },
  },
];
