import { assert } from "chai";
import {
  basic,
  bearer,
  ConflictError,
  CouchDB,
  CouchDBError,
  cookie,
  type Database,
  NotFoundError,
  TimeoutError,
} from "couchfetch";
import { admin, type Endpoint, type ReplicationState } from "couchfetch/admin";
import { importDocs } from "couchfetch/transfer";
import { type Case, type Context, eventually, fill, rejects } from "../case.js";

const animals = { cat: { legs: 4 }, dog: { legs: 4 }, owl: { legs: 2 } };

/** Runs with another database, which is gone afterwards. */
async function withOther(
  { couch }: Context,
  work: (name: string, other: Database) => Promise<void>,
): Promise<void> {
  const name = `conformance_${crypto.randomUUID()}`;
  const other = await couch.create(name);
  try {
    await work(name, other);
  } finally {
    await other.delete();
  }
}

const keys = (db: Database) => db.keys().toArray();

const sources: [how: string, toSource: (context: Context) => Endpoint][] = [
  ["by name", ({ db }) => db.id],
  [
    "by a URL with a password",
    ({ db, url, user, password }) =>
      Object.assign(new URL(`${url}/${db.id}`), { username: user, password }),
  ],
  [
    "with basic",
    ({ db, url, user, password }) => ({ url: `${url}/${db.id}/`, auth: basic(user, password) }),
  ],
  [
    "with a cookie",
    ({ db, url, user, password }) => ({ url: `${url}/${db.id}`, auth: cookie(user, password) }),
  ],
  [
    "with an Auth of one's own",
    ({ db, url, user, password }) => {
      const own = basic(user, password);
      return { url: `${url}/${db.id}`, auth: { headers: (server) => own.headers(server) } };
    },
  ],
];

export const replication: Case[] = [
  ...sources.map(
    ([how, toSource]): Case => ({
      name: `a database is replicated once: ${how}`,
      needs: how === "with a cookie" ? ["replication", "Cookie headers"] : "replication",
      async run(context) {
        const { couch, db } = context;
        await fill(db, animals);
        await withOther(context, async (name, other) => {
          const told = await admin(couch).replicate(toSource(context), name);
          assert.isTrue(told.ok);
          assert.equal(told.history[0]?.docs_written, 3);
          assert.deepEqual(await keys(other), ["cat", "dog", "owl"]);
        });
      },
    }),
  ),
  {
    name: "only what is asked for is replicated, and the target is created where it is not there",
    needs: "replication",
    async run({ couch, db }) {
      await fill(db, animals);
      const name = `conformance_${crypto.randomUUID()}`;
      const server = admin(couch);
      await rejects(server.replicate(db.id, name), CouchDBError);
      try {
        await server.replicate(db.id, name, { create_target: true, selector: { legs: 2 } });
        assert.deepEqual(await keys(couch.database(name)), ["owl"]);
        await server.replicate(db.id, name, { doc_ids: ["cat"] });
        assert.deepEqual(await keys(couch.database(name)), ["cat", "owl"]);
      } finally {
        await couch.delete(name);
      }
    },
  },
  {
    name: "a replication that is given up ends, and tells until then how far it is",
    needs: "replication",
    async run(context) {
      const { couch, db } = context;
      await importDocs(
        db,
        Array.from({ length: 20_000 }, (_, n) => ({ _id: `d${n}`, text: "x".repeat(500) })),
      );
      const server = admin(couch);
      await withOther(context, async (name) => {
        const stop = new AbortController();
        const reason = new Error("enough");
        const told: number[] = [];
        const onProgress = ({ docs_written }: { docs_written: number }) => {
          told.push(docs_written);
          stop.abort(reason);
        };
        const { signal } = stop;
        // Slow enough to be seen.
        const slow = { worker_batch_size: 10, worker_processes: 1, http_connections: 2 };
        const work = server.replicate(db.id, name, { onProgress, signal, ...slow });
        assert.strictEqual(await rejects(work, Error), reason);
        assert.lengthOf(told, 1);
        await eventually(async () =>
          (await server.replicationJobs()).every(({ target }) => !target.includes(name)),
        );
        const mine = new Error("mine");
        const fail = () => {
          throw mine;
        };
        const failing = server.replicate(db.id, name, { onProgress: fail, ...slow });
        assert.strictEqual(await rejects(failing, Error), mine);
        await eventually(async () =>
          (await server.replicationJobs()).every(({ target }) => !target.includes(name)),
        );
      });
    },
  },
  {
    name: "a replication that goes on by itself has a document and states, and ends when it is cancelled",
    needs: "replication",
    async run(context) {
      const { couch, db } = context;
      await couch.create("_replicator", { existsOk: true });
      await fill(db, animals);
      const replicator = admin(couch).replicator();
      await withOther(context, async (name, other) => {
        const once = await replicator.create(db.id, name);
        let last: ReplicationState | undefined;
        for await (const state of once.states()) last = state;
        assert.equal(last?.state, "completed");
        assert.equal(last?.info?.docs_written, 3);
        assert.deepEqual(await keys(other), ["cat", "dog", "owl"]);
        await once.cancel();
        await rejects(once.cancel(), NotFoundError);

        const _id = `of ${crypto.randomUUID()}`;
        const ever = await replicator.create(db.id, name, { _id, continuous: true });
        await rejects(replicator.create(db.id, name, { _id }), ConflictError);
        for await (const { state } of replicator.get(_id).states()) if (state === "running") break;
        await db.document("fox", { legs: 4 }).save();
        await eventually(async () => (await keys(other)).includes("fox"));
        const all = await replicator.states();
        assert.include(
          all.map(({ doc_id }) => doc_id),
          _id,
        );
        const stop = new AbortController();
        const reason = new Error("enough");
        const watching = (async () => {
          for await (const _ of ever.states({ signal: stop.signal })) stop.abort(reason);
        })();
        assert.strictEqual(await rejects(watching, Error), reason);
        await ever.cancel();
        // The scheduler hears of it a moment later.
        const ending = async () => {
          for await (const _ of ever.states());
        };
        await rejects(ending(), NotFoundError);
      });
    },
  },
  {
    name: "no credential is in what the scheduler shows, in an error, or in what is not the server's",
    needs: "replication",
    async run(context) {
      const { couch, db } = context;
      await couch.create("_replicator", { existsOk: true });
      const server = admin(couch);
      const secret = "hunter2-the-secret";
      const wrong = { url: `${context.url}/${db.id}`, auth: basic("nobody", secret) };
      const error = await rejects(server.replicate(wrong, db.id), CouchDBError);
      assert.notInclude(`${error} ${error.stack} ${JSON.stringify(error)}`, secret);
      const replication = await server.replicator().create(wrong, db.id, { continuous: true });
      try {
        for await (const state of replication.states()) {
          assert.notInclude(JSON.stringify(state), secret);
          if (state.error_count > 0 || state.state !== "initializing") break;
        }
      } finally {
        await replication.cancel();
      }
    },
  },
  {
    name: "what is no endpoint is an error before anything is sent",
    async run({ couch, db }) {
      const server = admin(couch);
      const password = "hunter2-the-password";
      for (const bad of [
        ...["No Database", "ftp://host/db", `admin:${password}@host:5984/db`],
        ...[{ url: "no url" }, { url: "file:///a" }],
        ...[
          `http://admin:2024/${password}@host/db`,
          { url: `http://admin:2024?${password}@host/db` },
        ],
      ]) {
        const error = await rejects(server.replicate(bad, db.id), TypeError);
        assert.notInclude(error.message, password);
        await rejects(server.replicate(db.id, bad), TypeError);
      }
      // As in a browser, whose cookie no page can see.
      const hidden = { url: "http://127.0.0.1:1/a", auth: { headers: () => ({ cookie: "" }) } };
      await rejects(server.replicate(hidden, db.id), TypeError);
      await rejects(server.replicate(db.id, "a", { continuous: true } as object), TypeError);
      await rejects(server.replicate(db.id, "a", { cancel: true } as object), TypeError);
      const enough = new Error("enough");
      const signal = AbortSignal.abort(enough);
      assert.strictEqual(await rejects(server.replicate(db.id, "a", { signal }), Error), enough);
      const hurried = admin(new CouchDB("http://127.0.0.1:1", { timeout: 50 }));
      const never = { url: "http://127.0.0.1:1/a", auth: bearer(() => new Promise(() => {})) };
      await rejects(hurried.replicate(never, "a"), TimeoutError);
      const broken = { url: "http://127.0.0.1:1/a", auth: bearer("no\ntoken") };
      await rejects(server.replicate(broken, db.id), TypeError);
      await rejects(() => server.replicator("a/.."), TypeError);
      const closed = new CouchDB("http://127.0.0.1:1");
      await closed.close();
      await rejects(admin(closed).replicate("a", "b"), DOMException);
    },
  },
];
