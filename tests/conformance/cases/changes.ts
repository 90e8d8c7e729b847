import { assert } from "chai";
import {
  BadRequestError,
  basic,
  ChangedEvent,
  type ChangeEvent,
  type ChangesFeed,
  type ChangesOptions,
  CouchDB,
  DeletedEvent,
  type Fetch,
  NotFoundError,
} from "couchfetch";
import { type Case, fill, rejects, watch } from "../case.js";

async function all(feed: ChangesFeed): Promise<ChangeEvent[]> {
  const events: ChangeEvent[] = [];
  for await (const event of feed) events.push(event);
  return events;
}

const live: ("continuous" | "longpoll")[] = ["continuous", "longpoll"];

export const changes: Case[] = [
  {
    name: "a normal feed gives what has changed, once for each document, and ends",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 }, dog: {} });
      await (await db.get("dog")).delete();
      const feed = db.changes();
      const events = await all(feed);
      assert.sameMembers(
        events.map(({ id }) => id),
        ["cat", "dog"],
      );
      for (const event of events) {
        if (event.id === "cat") {
          assert.instanceOf(event, ChangedEvent);
          assert.isFalse(event.deleted);
          assert.match(event.rev, /^1-/);
        } else {
          assert.instanceOf(event, DeletedEvent);
          assert.isTrue(event.deleted);
          assert.match(event.rev, /^2-/);
        }
        assert.exists(event.sequence);
        assert.equal(event.json.id, event.id);
      }
      assert.exists(feed.sequence);
    },
  },
  {
    name: "a feed goes on after since, which is also lastEventId",
    async run({ db }) {
      await fill(db, { cat: {} });
      const first = db.changes();
      await all(first);
      await fill(db, { dog: {} });
      const since = first.sequence ?? 0;
      assert.deepEqual(
        (await all(db.changes({ since }))).map(({ id }) => id),
        ["dog"],
      );
      const again = await all(db.changes({ lastEventId: since }));
      assert.deepEqual(
        again.map(({ id }) => id),
        ["dog"],
      );
      assert.deepEqual(await all(db.changes({ since: "now" })), []);
    },
  },
  {
    name: "doc gives what came with include_docs, or fetches that revision",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      for (const include_docs of [true, false]) {
        const [event] = await all(db.changes({ include_docs }));
        assert.instanceOf(event, ChangedEvent);
        const document = await (event as ChangedEvent).doc();
        assert.deepEqual(document.json, { legs: 4 });
        assert.equal(document.rev, event?.rev);
        assert.isFalse(document.dirty);
      }
    },
  },
  {
    name: "limit, descending and style are CouchDB's",
    async run({ db }) {
      await fill(db, { a: {}, b: {}, c: {} });
      assert.equal((await all(db.changes({ limit: 2 }))).length, 2);
      const newest = await all(db.changes({ descending: true }));
      assert.equal(newest.length, 3);
      const [event] = await all(db.changes({ style: "all_docs", limit: 1 }));
      assert.equal(event?.json.changes.length, 1);
    },
  },
  {
    name: "seq_interval leaves most sequences out, and the feed keeps its place",
    async run({ db }) {
      await fill(db, { a: {}, b: {}, c: {}, d: {} });
      const feed = db.changes({ seq_interval: 3 });
      const events = await all(feed);
      assert.equal(events.length, 4);
      assert.include(
        events.map(({ sequence }) => sequence),
        null,
      );
      assert.deepEqual(await all(db.changes({ since: feed.sequence ?? 0 })), []);
    },
  },
  {
    name: "a feed filters by ids, selector, view and function",
    async run({ db }) {
      await fill(db, {
        cat: { kind: "cat" },
        dog: { kind: "dog" },
        "_design/zoo": {
          filters: {
            cats: "function (doc) { return doc.kind === 'cat'; }",
            kind: "function (doc, req) { return doc.kind === req.query.kind; }",
          },
          views: { dogs: { map: "function (doc) { if (doc.kind === 'dog') emit(1); }" } },
        },
      });
      const only = async (feed: ChangesFeed) => (await all(feed)).map(({ id }) => id);
      assert.deepEqual(await only(db.changes({ doc_ids: ["dog", "none"] })), ["dog"]);
      assert.deepEqual(await only(db.changes({ selector: { kind: "cat" } })), ["cat"]);
      assert.deepEqual(await only(db.changes({ filter: "zoo/cats" })), ["cat"]);
      const kind = { filter: "zoo/kind", params: { kind: "dog" } };
      assert.deepEqual(await only(db.changes(kind)), ["dog"]);
      assert.deepEqual(await only(db.changes({ view: "zoo/dogs" })), ["dog"]);
      assert.deepEqual(await only(db.changes({ filter: "_design" })), ["_design/zoo"]);
      await rejects(all(db.changes({ filter: "zoo/none" })), NotFoundError);
      await rejects(all(db.changes({ since: "zzz" })), BadRequestError);
    },
  },
  {
    name: "a feed accepts CouchDB's own names of filters, with the options they belong to",
    async run({ db }) {
      const map = "function (doc) { if (doc.kind === 'dog') emit(1); }";
      const views = { dogs: { map } };
      await fill(db, { cat: { kind: "cat" }, dog: { kind: "dog" }, "_design/zoo": { views } });
      const calls: [ChangesOptions, ids: string[]][] = [
        [{ filter: "_doc_ids", doc_ids: ["dog", "none"] }, ["dog"]],
        [{ filter: "_selector", selector: { kind: "cat" } }, ["cat"]],
        [{ filter: "_view", view: "zoo/dogs" }, ["dog"]],
        [{ filter: "_design" }, ["_design/zoo"]],
      ];
      for (const [options, ids] of calls) {
        const { filter: _, ...implied } = options;
        for (const spelling of ids[0] === "_design/zoo" ? [options] : [options, implied]) {
          const events = await all(db.changes(spelling));
          assert.deepEqual(
            events.map(({ id }) => id),
            ids,
          );
          for (const feed of live) {
            const [event] = await all(db.changes({ ...spelling, feed, limit: 1 }));
            assert.equal(event?.id, ids[0]);
          }
        }
      }
    },
  },
  {
    name: "params reach the filter function, and cannot replace an option of the feed",
    async run({ db }) {
      const month = "function (doc, req) { return doc.month === req.query.view; }";
      await fill(db, {
        "_design/zoo": { filters: { month } },
        cat: { month: "May" },
        dog: { month: "June" },
      });
      const filter = "zoo/month";
      const [event, ...more] = await all(db.changes({ filter, params: { view: "May" } }));
      assert.equal(event?.id, "cat");
      assert.isEmpty(more);
      const ours = { feed: "normal", since: 0, limit: 1, heartbeat: 9, descending: true, filter };
      for (const [name, value] of Object.entries(ours)) {
        const params = { [name]: value };
        const error = await rejects(() => db.changes({ filter, params }), TypeError);
        assert.equal(error.message, `\`params\` cannot have \`${name}\``);
      }
      const twice = { filter, include_docs: true, params: { include_docs: false } };
      await rejects(() => db.changes(twice), TypeError);
    },
  },
  {
    name: "filters and views of any name: the last slash separates it from the design document",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 }, fish: {} });
      const designs = ["zoo", "a/b", "a+b", "a%2Fb", "100%", "a b", "a&b=c?d#e", "ä", "a/b/c+d"];
      const names = ["legs", "a+b", "a%2Fb", "%", "a b", "a&b=c?d#e", "ä"];
      const legs = "function (doc) { return doc.legs === 4; }";
      const map = "function (doc) { if (doc.legs === 4) emit(1); }";
      const filters = Object.fromEntries(names.map((name) => [name, legs]));
      const views = Object.fromEntries(names.map((name) => [name, { map }]));
      for (const design of designs) {
        await fill(db, { [`_design/${design}`]: { filters, views } });
        // Each function is read by the same code.
        for (const name of design === "zoo" ? names : ["a+b"]) {
          for (const option of ["filter", "view"]) {
            const events = await all(db.changes({ [option]: `${design}/${name}` }));
            assert.deepEqual(
              events.map(({ id }) => id),
              ["cat"],
              `${option} ${design}/${name}`,
            );
          }
        }
      }
      for (const wrong of ["", "zoo/\ud800", 5 as never]) {
        await rejects(() => db.changes({ filter: wrong }), TypeError);
        await rejects(() => db.changes({ view: wrong }), TypeError);
      }
    },
  },
  {
    name: "a filter parameter too long for a URL is a RangeError that names it",
    async run(context) {
      const { db, sent } = watch(context);
      for (const feed of ["normal", ...live] as const) {
        const params = { a: 1, name: "x".repeat(9_000), b: 2 };
        const error = await rejects(
          () => db.changes({ feed, filter: "zoo/a", params }),
          RangeError,
        );
        assert.equal(error.message, "`name` is too long for a URL");
      }
      const error = await rejects(() => db.changes({ since: "x".repeat(9_000) }), RangeError);
      assert.equal(error.message, "`since` is too long for a URL");
      assert.isEmpty(sent);
    },
  },
  ...live.flatMap((feed): Case[] => [
    {
      name: `${feed}: gives what there is, and then what comes, in order`,
      async run({ db }) {
        await fill(db, { "doc-0": {} });
        const ids: string[] = [];
        for await (const event of db.changes({ feed })) {
          ids.push(event.id);
          if (ids.length === 5) break;
          // Each change is written only after the one before has arrived.
          await fill(db, { [`doc-${ids.length}`]: {} });
        }
        assert.deepEqual(ids, ["doc-0", "doc-1", "doc-2", "doc-3", "doc-4"]);
      },
    },
    {
      name: `${feed}: tells deletions, and brings documents`,
      async run({ db }) {
        await fill(db, { cat: { legs: 4 } });
        const cat = await db.get("cat");
        const seen: unknown[] = [];
        for await (const event of db.changes({ feed, include_docs: true })) {
          if (event.deleted) {
            assert.instanceOf(event, DeletedEvent);
            break;
          }
          seen.push((await event.doc()).json);
          await cat.delete();
        }
        assert.deepEqual(seen, [{ legs: 4 }]);
      },
    },
    {
      name: `${feed}: ends after limit`,
      async run({ db }) {
        await fill(db, { a: {}, b: {} });
        const ids: string[] = [];
        for await (const event of db.changes({ feed, limit: 3 })) {
          ids.push(event.id);
          if (ids.length === 2) await fill(db, { c: {} });
        }
        assert.equal(ids.length, 3);
        assert.equal(ids[2], "c");
      },
    },
    {
      name: `${feed}: sequence is that of the last event the consumer has finished with`,
      async run({ db }) {
        await fill(db, { a: {}, b: {} });
        const changed = db.changes({ feed });
        const events = changed[Symbol.asyncIterator]();
        assert.isUndefined(changed.sequence);
        const first = await events.next();
        assert.isUndefined(changed.sequence);
        const second = await events.next();
        assert.equal(changed.sequence, first.value.sequence);
        assert.notEqual(second.value.sequence, first.value.sequence);
        await events.return?.();
        assert.equal(changed.sequence, first.value.sequence);
        const again = await db
          .changes({ since: changed.sequence ?? 0 })
          [Symbol.asyncIterator]()
          .next();
        assert.equal(again.value.id, second.value.id);
      },
    },
    {
      name: `${feed}: close ends it, also while an event is waited for`,
      async run({ db }) {
        const changed = db.changes({ feed, since: "now" });
        const events = changed[Symbol.asyncIterator]();
        const next = events.next();
        changed.close();
        assert.deepEqual(await next, { done: true, value: undefined });
        assert.deepEqual(await events.next(), { done: true, value: undefined });
        await rejects(() => changed[Symbol.asyncIterator](), TypeError);
      },
    },
    {
      name: `${feed}: a signal ends it with its reason`,
      async run({ db }) {
        await fill(db, { cat: {} });
        const controller = new AbortController();
        const reason = new Error("enough");
        const events = db.changes({ feed, signal: controller.signal })[Symbol.asyncIterator]();
        await events.next();
        const next = events.next();
        controller.abort(reason);
        assert.strictEqual(await next.catch((error: unknown) => error), reason);
      },
    },
    {
      name: `${feed}: a database that is deleted meanwhile is NotFound, not an end`,
      async run({ couch }) {
        const db = await couch.create(`conformance_${crypto.randomUUID()}`);
        await fill(db, { cat: {} });
        const events = db.changes({ feed })[Symbol.asyncIterator]();
        await events.next();
        const refused = rejects(events.next(), NotFoundError);
        await db.delete();
        await refused;
      },
    },
    {
      name: `${feed}: goes on through heartbeats`,
      async run({ url, user, password, db }) {
        let beats = 0;
        let hearBeats = () => {};
        const heard = new Promise<void>((resolve) => {
          hearBeats = resolve;
        });
        const transform: Transformer<Uint8Array, Uint8Array>["transform"] = (chunk, controller) => {
          beats += chunk.filter((byte) => byte === 10).length;
          if (beats > 4) hearBeats();
          controller.enqueue(chunk);
        };
        const tapped: Fetch = async (request) => {
          const response = await fetch(request);
          if (!request.url.includes("_changes")) return response;
          const { body, status, headers } = response;
          const count = new TransformStream({ transform });
          return new Response(body?.pipeThrough(count) ?? null, { status, headers });
        };
        const couch = new CouchDB(url, { auth: basic(user, password), fetch: tapped });
        const changed = couch.database(db.id).changes({ feed, since: 0, heartbeat: 50 });
        const events = changed[Symbol.asyncIterator]();
        const next = events.next();
        await heard;
        await fill(db, { cat: {} });
        assert.equal((await next).value.id, "cat");
        await events.return?.();
      },
    },
    {
      name: `${feed}: of a database that is not there is NotFound`,
      async run({ couch }) {
        const events = couch.database("conformance_none").changes({ feed })[Symbol.asyncIterator]();
        await rejects(events.next(), NotFoundError);
      },
    },
  ]),
];
