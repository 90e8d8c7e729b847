import { assert } from "chai";
import { basic, CouchDB, type Database, NotFoundError, type Rows, readRows } from "couchfetch";
import { type Case, fill, fillMany, rejects, watch } from "../case.js";

interface Change {
  id: string;
  seq: string;
}

/** A capability of a user's own, with public means alone. */
function rawChanges(db: Database, signal?: AbortSignal): Rows<Change> {
  return readRows<Change>(db, "_changes", { member: "results", signal });
}

export const readRowsCases: Case[] = [
  {
    name: "readRows streams the rows of an endpoint, and what stands beside them",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 }, dog: { legs: 4 } });
      const rows = rawChanges(db);
      const ids: string[] = [];
      for await (const { id } of rows) ids.push(id);
      assert.sameMembers(ids, ["cat", "dog"]);
      assert.isDefined((await rows.summary).last_seq);
    },
  },
  {
    name: "readRows posts a body, and encodes keys as a view does",
    async run(context) {
      const { db, sent, bodies } = watch(context);
      await fill(context.db, { cat: {}, dog: {} });
      const byKeys = readRows<{ id: string }>(db, "_all_docs", { body: { keys: ["dog"] } });
      assert.deepEqual(
        (await byKeys.toArray()).map(({ id }) => id),
        ["dog"],
      );
      const byKey = readRows<{ id: string }>(db, "_all_docs", { query: { startkey: "d" } });
      assert.deepEqual(
        (await byKey.toArray()).map(({ id }) => id),
        ["dog"],
      );
      assert.deepEqual(sent, ["POST /_all_docs", "GET /_all_docs?startkey=%22d%22"]);
      assert.deepEqual(bodies, [{ keys: ["dog"] }]);
    },
  },
  {
    name: "readRows ends with its signal, and with break",
    async run(context) {
      await fillMany(
        context,
        Array.from({ length: 2_000 }, (_, n) => ({ n })),
      );
      const controller = new AbortController();
      const reason = new Error("enough");
      const reading = async () => {
        for await (const _ of rawChanges(context.db, controller.signal)) controller.abort(reason);
      };
      assert.equal(await rejects(reading(), Error), reason);
      let count = 0;
      for await (const _ of rawChanges(context.db)) {
        count += 1;
        if (count === 3) break;
      }
      assert.equal(count, 3);
    },
  },
  {
    name: "readRows is retried while the server is busy, and has couchfetch's errors",
    async run({ couch, db, url, user, password }) {
      let refusals = 2;
      const fetch = async (request: Request) => {
        refusals -= 1;
        if (refusals >= 0) return Response.json({ error: "busy" }, { status: 503 });
        return globalThis.fetch(request);
      };
      await fill(db, { cat: {} });
      const session = new CouchDB(url, { auth: basic(user, password), fetch });
      assert.equal((await rawChanges(session.database(db.id)).toArray()).length, 1);
      assert.isBelow(refusals, 0);
      const missing = couch.database("no_such_database");
      await rejects(rawChanges(missing).toArray(), NotFoundError);
    },
  },
  {
    name: "readRows refuses a path that leads out of the database",
    async run({ db }) {
      for (const path of ["../_users", "a/../../_users", "%2e%2e/_users", "_changes#"]) {
        await rejects(() => readRows(db, path), TypeError);
      }
    },
  },
];
