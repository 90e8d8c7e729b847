import { assert } from "chai";
import {
  type Checkpoint,
  type DatabaseUpdate,
  dbUpdates,
  type Feed,
  type FeedState,
  ForbiddenError,
  localCheckpoint,
  NotFoundError,
  type Sequence,
  UnauthorizedError,
} from "couchfetch";
import { type Case, eventually, fill, fillMany, rejects, withUser } from "../case.js";

const live: ("continuous" | "longpoll")[] = ["continuous", "longpoll"];
const newName = () => `conformance_${crypto.randomUUID()}`;

/** What happens to one database, of all that happens to a server. */
async function* of(name: string, feed: Feed<DatabaseUpdate>): AsyncGenerator<string> {
  for await (const { db_name, type, seq } of feed) {
    assert.exists(seq);
    if (db_name === name) yield type;
  }
}

export const feeds: Case[] = [
  ...live.flatMap((feed): Case[] => [
    {
      name: `${feed}: from now on means from the first request on, whatever happens before the first event`,
      async run({ db }) {
        await fill(db, { cat: {} });
        const changed = db.changes({ feed, since: "now" });
        const events = changed[Symbol.asyncIterator]();
        const next = events.next();
        await eventually(() => changed.sequence !== undefined);
        await fill(db, { dog: {} });
        assert.equal((await next).value.id, "dog");
        await events.return?.();
        assert.equal(
          (await db.changes({ since: changed.sequence }).batches().next()).value[0].id,
          "dog",
        );
      },
    },
    {
      name: `${feed}: batches give the same in arrays, and sequence moves from one to the next`,
      async run(context) {
        const { db } = context;
        await fillMany(
          context,
          Array.from({ length: 500 }, (_, n) => ({ _id: `doc-${n}`, text: "x".repeat(200) })),
        );
        const changed = db.changes({ feed });
        const ids: string[] = [];
        let before: Sequence | null | undefined;
        for await (const batch of changed.batches()) {
          assert.equal(changed.sequence ?? undefined, before ?? undefined);
          assert.isAbove(batch.length, 0);
          for (const { id } of batch) ids.push(id);
          before = batch.at(-1)?.sequence;
          if (ids.length === 500) break;
        }
        assert.equal(new Set(ids).size, 500);
      },
    },
    {
      name: `${feed}: onState tells what it ended with`,
      async run({ couch }) {
        const states: FeedState[] = [];
        const onState = (state: FeedState) => states.push(state);
        const db = couch.database(newName());
        const error = await rejects(db.changes({ feed, onState }).batches().next(), NotFoundError);
        assert.deepEqual(states, [{ state: "connecting" }, { state: "closed", reason: error }]);
      },
    },
    {
      name: `${feed}: updates tells what happens to databases`,
      async run({ couch }) {
        const name = newName();
        const feedOfAll = dbUpdates(couch, { feed, since: "now", heartbeat: 1_000 });
        const types = of(name, feedOfAll);
        const created = types.next();
        await eventually(() => feedOfAll.sequence !== undefined);
        const db = await couch.create(name);
        assert.equal((await created).value, "created");
        const updated = types.next();
        await fill(db, { cat: {} });
        assert.equal((await updated).value, "updated");
        const deleted = types.next();
        await db.delete();
        let { value } = await deleted;
        // CouchDB may tell twice that it was updated.
        while (value === "updated") ({ value } = await types.next());
        assert.equal(value, "deleted");
        await types.return(undefined);
      },
    },
    {
      name: `${feed}: close ends updates, too`,
      async run({ couch }) {
        const feedOfAll = dbUpdates(couch, { feed, since: "now", heartbeat: 1_000 });
        const events = feedOfAll[Symbol.asyncIterator]();
        const next = events.next();
        await feedOfAll.close();
        assert.deepEqual(await next, { done: true, value: undefined });
      },
    },
  ]),
  {
    name: "updates gives what has happened, and ends",
    async run({ couch, db }) {
      await fill(db, { cat: {} });
      // CouchDB takes its time to note it.
      await eventually(async () => {
        const types: string[] = [];
        for await (const type of of(db.id, dbUpdates(couch))) types.push(type);
        return types.includes("created") && types.includes("updated");
      });
    },
  },
  {
    name: "updates is for administrators",
    run: (context) =>
      withUser(context, {}, async ({ session }) => {
        const error = await dbUpdates(session)
          .batches()
          .next()
          .catch((thrown: unknown) => thrown);
        assert.isTrue(error instanceof UnauthorizedError || error instanceof ForbiddenError);
      }),
  },
  {
    name: "a checkpoint in CouchDB is where a feed goes on",
    async run({ db }) {
      await fill(db, { cat: {}, dog: {}, fox: {} });
      const checkpoint: Checkpoint = localCheckpoint(db, "a consumer/of ours");
      const ids: string[] = [];
      for await (const { id } of db.changes({ checkpoint, limit: 2 })) ids.push(id);
      for await (const { id } of db.changes({ checkpoint, since: 0 })) ids.push(id);
      assert.sameMembers(ids, ["cat", "dog", "fox"]);
      for await (const { id } of db.changes({ checkpoint })) ids.push(id);
      assert.equal(ids.length, 3);
    },
  },
];
