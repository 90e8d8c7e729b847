import { assert } from "chai";
import {
  type ChangesOptions,
  type Database,
  dbUpdates,
  type Feed,
  type FeedState,
  localCheckpoint,
} from "couchfetch";
import { type Case, type Context, eventually, fill, fillMany } from "../case.js";
import { answer, throughProxy } from "../proxies.js";

const live = ["continuous", "longpoll"] as const;

/** A feed that is read in the background. */
interface Reading {
  feed: Feed<unknown>;
  states: FeedState[];
  ids: string[];
  /** How many changes had come when it had caught up; more than one number if it said so again. */
  caughtUpAt: number[];
  hasCaughtUp(): boolean;
  is(state: FeedState["state"]): boolean;
  /** Ends the feed, and gives the names of its states. */
  close(): Promise<string[]>;
}

function read<E>(
  open: (onState: (state: FeedState) => void) => Feed<E>,
  idOf: (event: E) => string,
  onChange: (id: string) => unknown = () => {},
): Reading {
  const states: FeedState[] = [];
  const ids: string[] = [];
  const caughtUpAt: number[] = [];
  const feed = open((state) => {
    states.push(state);
    if (state.caughtUp) caughtUpAt.push(ids.length);
  });
  const reading = (async () => {
    for await (const event of feed) {
      const id = idOf(event);
      ids.push(id);
      await onChange(id);
    }
  })();
  reading.catch(() => {});
  return {
    feed,
    states,
    ids,
    caughtUpAt,
    hasCaughtUp: () => caughtUpAt.length > 0,
    is: (state) => states.at(-1)?.state === state,
    async close() {
      await feed.close();
      await reading;
      return states.map(({ state }) => state);
    },
  };
}

const follow = (db: Database, options: ChangesOptions, onChange?: (id: string) => unknown) =>
  read(
    (onState) => db.changes({ ...options, onState }),
    ({ id }) => id,
    onChange,
  );

const fillWith = (context: Context, count: number) =>
  fillMany(
    context,
    Array.from({ length: count }, (_, n) => ({ _id: `doc-${n}`, n })),
  );

const pendingIn = ({ states }: Reading) => states.flatMap(({ pending }) => pending ?? []);
const waitsIn = ({ states }: Reading) => states.filter((state) => state.state === "waiting");

/** Dispatches `online` as a browser does. A runtime without global events gets them meanwhile. */
async function withOnline(work: (goOnline: () => void) => Promise<void>): Promise<void> {
  const scope = globalThis as { dispatchEvent?: EventTarget["dispatchEvent"] };
  if (scope.dispatchEvent) return work(() => scope.dispatchEvent?.(new Event("online")));
  const target = new EventTarget();
  const names = ["addEventListener", "removeEventListener"] as const;
  for (const name of names) {
    Object.defineProperty(scope, name, { configurable: true, value: target[name].bind(target) });
  }
  try {
    await work(() => target.dispatchEvent(new Event("online")));
  } finally {
    for (const name of names) Reflect.deleteProperty(scope, name);
  }
}

/** An answer after which a feed waits for a minute. A page on another origin may read it, too. */
const inAMinute = answer(503, '{"error":"busy"}', {
  "retry-after": "60",
  "access-control-expose-headers": "retry-after",
});

const filters: Record<string, ChangesOptions> = {
  doc_ids: { doc_ids: ["doc-7", "doc-300"] },
  selector: { selector: { n: { $in: [7, 300] } } },
  function: { filter: "zoo/some" },
  view: { view: "zoo/some" },
};
const some = "(doc.n === 7 || doc.n === 300)";

export const feedStates: Case[] = [
  ...live.flatMap((feed): Case[] => [
    {
      name: `${feed}: onState says when all changes so far were delivered, once`,
      async run({ db }) {
        await fill(db, { cat: {}, dog: {} });
        const reading = follow(db, { feed });
        await eventually(reading.hasCaughtUp);
        await fill(db, { fox: {}, owl: {} });
        await eventually(() => reading.ids.length === 4);
        await reading.close();
        assert.deepEqual(reading.caughtUpAt, [2]);
        assert.deepEqual(reading.states, [
          { state: "connecting" },
          { state: "catchingUp" },
          { state: "live", caughtUp: true },
          { state: "closed" },
        ]);
      },
    },
    {
      name: `${feed}: a feed has caught up only when the consumer has finished with the last change`,
      async run({ db }) {
        await fill(db, { cat: {}, dog: {} });
        const states: FeedState[] = [];
        const onState = (state: FeedState) => states.push(state);
        const hasCaughtUp = () => states.some(({ caughtUp }) => caughtUp);
        const events = db.changes({ feed, onState })[Symbol.asyncIterator]();
        await events.next();
        await events.next();
        assert.isFalse(hasCaughtUp());
        const next = events.next();
        await eventually(hasCaughtUp);
        await events.return?.();
        await next;
      },
    },
    {
      name: `${feed}: a feed of an empty database, and one from now on, have caught up at once`,
      async run({ db }) {
        for (const since of [undefined, 0, "now"]) {
          const reading = follow(db, { feed, since });
          await eventually(reading.hasCaughtUp);
          assert.exists(reading.feed.sequence);
          const states = await reading.close();
          assert.deepEqual(states, ["connecting", "catchingUp", "live", "closed"]);
          assert.deepEqual(pendingIn(reading), []);
          // Only a feed from now on has nothing to catch up with after this.
          if (since === 0) await fill(db, { cat: {} });
        }
      },
    },
    {
      name: `${feed}: a feed that limit ends has not caught up`,
      async run({ db }) {
        await fill(db, { cat: {}, dog: {} });
        const states: FeedState[] = [];
        const onState = (state: FeedState) => states.push(state);
        let count = 0;
        for await (const _event of db.changes({ feed, limit: 2, onState })) count += 1;
        assert.equal(count, 2);
        assert.deepEqual(
          states.map(({ state }) => state),
          ["connecting", "catchingUp", "closed"],
        );
      },
    },
    {
      name: `${feed}: pending says how many changes are to come, until there are none`,
      async run(context) {
        const { db } = context;
        await fillWith(context, 1_000);
        const options = { feed, include_docs: true, seq_interval: 50, heartbeat: 1_000 };
        const checkpoint = localCheckpoint(db, "index");
        const reading = follow(db, { ...options, checkpoint });
        await eventually(reading.hasCaughtUp);
        assert.deepEqual(reading.caughtUpAt, [1_000]);
        assert.equal(new Set(reading.ids).size, 1_000);
        const pending = pendingIn(reading);
        assert.equal(pending[0], 900);
        assert.equal(pending.at(-1), 0);
        assert.deepEqual(
          pending,
          [...new Set(pending)].sort((one, other) => other - one),
        );
        await reading.close();
        // Its place is the end.
        const { sequence } = reading.feed;
        assert.deepEqual(await checkpoint.load(), sequence);
        for await (const { id } of db.changes({ since: sequence })) assert.fail(id);
      },
    },
    {
      name: `${feed}: what is written while a feed catches up comes, too, before or after`,
      async run(context) {
        const { db } = context;
        await fillWith(context, 300);
        const written: string[] = [];
        const reading = follow(db, { feed }, async () => {
          const id = `new-${written.length}`;
          if (written.length < 40) await fill(db, { [id]: {} });
          if (written.length < 40) written.push(id);
        });
        await eventually(() => reading.hasCaughtUp() && reading.ids.length >= 340);
        await reading.close();
        assert.equal(reading.caughtUpAt.length, 1);
        assert.isAtLeast(reading.caughtUpAt[0] ?? 0, 300);
        assert.equal(new Set(reading.ids).size, 340);
      },
    },
    {
      name: `${feed}: a filtered feed catches up, and goes on`,
      async run(context) {
        const { db } = context;
        await fillWith(context, 400);
        const views = { some: { map: `function (doc) { if (${some}) emit(1); }` } };
        const design = { filters: { some: `function (doc) { return ${some}; }` }, views };
        await fill(db, { "_design/zoo": design });
        for (const [name, options] of Object.entries(filters)) {
          const reading = follow(db, { ...options, feed });
          await eventually(reading.hasCaughtUp);
          assert.deepEqual(reading.caughtUpAt, [2], name);
          const doc = await db.get("doc-7");
          doc.data.by = name;
          await doc.save();
          await eventually(() => reading.ids.length === 3);
          await reading.close();
          assert.sameMembers(reading.ids, ["doc-7", "doc-300", "doc-7"], name);
          assert.equal(reading.caughtUpAt.length, 1, name);
        }
      },
    },
    {
      name: `${feed}: an outage is one state, with the number of attempts`,
      async run(context) {
        await fill(context.db, { cat: {} });
        await throughProxy(context, [], async ({ db, refuse }) => {
          const reading = follow(db, { feed });
          await eventually(reading.hasCaughtUp);
          await refuse(true);
          await eventually(() => waitsIn(reading).length >= 3);
          await refuse(false);
          reading.feed.retryNow();
          await eventually(() => reading.is("live"));
          await fill(context.db, { dog: {} });
          await eventually(() => reading.ids.includes("dog"));
          const states = await reading.close();
          const waits = waitsIn(reading);
          assert.deepEqual(
            waits.map(({ attempt }) => attempt),
            waits.map((_, index) => index + 1),
          );
          for (const { reason, delay } of waits) {
            assert.exists(reason);
            assert.isAtLeast(delay, 0);
          }
          const waiting = waits.map(({ state }) => state);
          const before = ["connecting", "catchingUp", "live"];
          assert.deepEqual(states, [...before, ...waiting, "live", "closed"]);
          assert.equal(reading.caughtUpAt.length, 1);
        });
      },
    },
    {
      name: `${feed}: a feed whose connection is lost while it catches up misses nothing`,
      async run(context) {
        await fillWith(context, 500);
        const rule = {
          of: "^GET .*_changes",
          times: 4,
          fault: { after: 30_000, how: "cut" as const },
        };
        await throughProxy(context, [rule], async ({ db }) => {
          const reading = follow(db, { feed, include_docs: true });
          await eventually(reading.hasCaughtUp);
          await reading.close();
          assert.equal(new Set(reading.ids).size, 500);
          assert.equal(reading.caughtUpAt.length, 1);
          assert.isAtLeast(waitsIn(reading).length, 1);
        });
      },
    },
    {
      name: `${feed}: retryNow reconnects at once, and does nothing while the feed does not wait`,
      async run(context) {
        await fill(context.db, { cat: {} });
        const rule = { of: "^GET .*_changes", times: 1, fault: inAMinute };
        await throughProxy(context, [rule], async ({ db, status }) => {
          const reading = follow(db, { feed });
          reading.feed.retryNow();
          await eventually(() => reading.is("waiting"));
          assert.equal(waitsIn(reading)[0]?.delay, 60_000);
          reading.feed.retryNow();
          await eventually(reading.hasCaughtUp);
          const live = async () =>
            (await status()).requests.filter((each) => /^GET .*feed=continuous/.test(each)).length;
          if (feed === "continuous") await eventually(async () => (await live()) === 1);
          reading.feed.retryNow();
          await fill(context.db, { dog: {} });
          await eventually(() => reading.ids.includes("dog"));
          if (feed === "continuous") assert.equal(await live(), 1);
          const states = await reading.close();
          reading.feed.retryNow();
          assert.equal(states.filter((state) => state === "waiting").length, 1);
        });
      },
    },
    {
      name: `${feed}: the browser's online event ends the wait`,
      async run(context) {
        await fill(context.db, { cat: {} });
        const rule = { of: "^GET .*_changes", times: 1, fault: inAMinute };
        const work = (goOnline: () => void) =>
          throughProxy(context, [rule], async ({ db }) => {
            const reading = follow(db, { feed });
            await eventually(() => reading.is("waiting"));
            goOnline();
            await eventually(reading.hasCaughtUp);
            assert.deepEqual(reading.ids, ["cat"]);
            await reading.close();
          });
        await withOnline(work);
      },
    },
    {
      name: `${feed}: updates catch up, and go on`,
      async run({ couch }) {
        for (const since of [0, "now"]) {
          const reading = read(
            (onState) => dbUpdates(couch, { feed, since, heartbeat: 1_000, onState }),
            ({ db_name }) => db_name,
          );
          await eventually(reading.hasCaughtUp);
          const name = `conformance_${crypto.randomUUID()}`;
          const db = await couch.create(name);
          await eventually(() => reading.ids.includes(name));
          await db.delete();
          await reading.close();
          assert.equal(reading.caughtUpAt.length, 1);
          if (since === "now") assert.deepEqual(reading.caughtUpAt, [0]);
        }
      },
    },
  ]),
  {
    name: "a normal feed is connecting, catching up and closed",
    async run({ db }) {
      await fill(db, { cat: {} });
      const states: FeedState[] = [];
      const onState = (state: FeedState) => states.push(state);
      for await (const _event of db.changes({ onState }));
      assert.deepEqual(states, [
        { state: "connecting" },
        { state: "catchingUp" },
        { state: "closed" },
      ]);
    },
  },
];
