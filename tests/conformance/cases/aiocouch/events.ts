import { assert } from "chai";
import {
  ChangedEvent,
  type ChangeEvent,
  type ChangesOptions,
  type Database,
  DeletedEvent,
} from "couchfetch";
import { type Case, fill, watch } from "../../case.js";

async function all(db: Database, options: ChangesOptions = {}): Promise<ChangeEvent[]> {
  const events: ChangeEvent[] = [];
  for await (const event of db.changes(options)) events.push(event);
  return events;
}

/** What a live feed tells of what happens once it is there. */
async function heard(
  db: Database,
  happen: () => Promise<unknown>,
  options: ChangesOptions = {},
): Promise<ChangeEvent> {
  // From where the feed stands now, so that it does not matter which of the two is faster.
  const since = (await db.info()).update_seq;
  const next = db
    .changes({ ...options, feed: "continuous", since, limit: 1 })
    [Symbol.asyncIterator]()
    .next();
  await happen();
  return (await next).value;
}

export const events: Case[] = [
  {
    name: "Database.changes: tells of a document that is created",
    async run({ db }) {
      const cat = await db.create("cat", { legs: 4 });
      const event = await heard(db, () => cat.save());
      assert.instanceOf(event, ChangedEvent);
      assert.equal(event.id, "cat");
      assert.equal(event.rev, cat.rev);
    },
  },
  {
    name: "Database.changes: tells of a document that is changed",
    async run({ db }) {
      await fill(db, { cat: {}, dog: {} });
      const cat = await db.get("cat");
      cat.data.stripes = "white on black";
      const event = await heard(db, () => cat.save());
      assert.instanceOf(event, ChangedEvent);
      assert.equal(event.id, "cat");
      assert.equal(event.rev, cat.rev);
    },
  },
  {
    name: "Database.changes: tells of a document that is deleted",
    async run({ db }) {
      await fill(db, { cat: {}, dog: {} });
      const cat = await db.get("cat");
      const event = await heard(db, () => cat.delete());
      assert.instanceOf(event, DeletedEvent);
      assert.equal(event.id, "cat");
      assert.match(event.rev, /^2-/);
    },
  },
  {
    name: "Database.changes: gives ChangedEvents and DeletedEvents of what was there before, too",
    async run({ db }) {
      await fill(db, { cat: {}, dog: {} });
      await (await db.get("dog")).delete();
      const events = await all(db);
      const kinds = events.map((event) => [event.id, event instanceof DeletedEvent]);
      assert.deepEqual(Object.fromEntries(kinds), { cat: false, dog: true });
    },
  },
  {
    name: "Database.changes: asks CouchDB's _changes, with its parameters",
    async run(context) {
      await fill(context.db, { cat: {}, dog: {} });
      const { db, sent } = watch(context);
      assert.equal((await all(db, { descending: true, limit: 1 })).length, 1);
      assert.deepEqual(sent, ["GET /_changes?descending=true&limit=1"]);
    },
  },
  {
    name: "Database.changes: goes on after lastEventId",
    async run({ db }) {
      await fill(db, { cat: {}, dog: {} });
      const before = await all(db);
      const cat = await db.get("cat");
      cat.data.legs = 4;
      await cat.save();
      const lastEventId = before.at(-1)?.sequence ?? 0;
      const events = await all(db, { lastEventId });
      assert.deepEqual(
        events.map(({ id, rev }) => ({ id, rev })),
        [{ id: "cat", rev: cat.rev }],
      );
    },
  },
  {
    name: "Database.changes: a continuous feed has a heartbeat, unasked",
    async run(context) {
      const { db, sent } = watch(context);
      await fill(context.db, { cat: {} });
      for await (const _event of db.changes({ feed: "continuous" })) break;
      assert.match(sent.at(-1) ?? "", /_changes\?.*heartbeat=\d+/);
    },
  },
  {
    name: "ChangedEvent.json: is the event as CouchDB told it",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      const [event] = await all(db, { include_docs: true });
      assert.hasAllKeys(event?.json, ["seq", "id", "changes", "doc"]);
      assert.equal(event?.json.doc?.legs, 4);
    },
  },
  {
    name: "ChangedEvent.id: is the document's id",
    async run({ db }) {
      await fill(db, { cat: {} });
      assert.equal((await all(db))[0]?.id, "cat");
    },
  },
  {
    name: "ChangedEvent.rev: is the document's new revision",
    async run({ db }) {
      await fill(db, { cat: {} });
      assert.equal((await all(db))[0]?.rev, (await db.get("cat")).rev);
    },
  },
  {
    name: "ChangedEvent.sequence: says where the event stands",
    async run({ db }) {
      await fill(db, { cat: {}, dog: {} });
      const [first, second] = await all(db);
      const rest = await all(db, { since: first?.sequence ?? 0 });
      assert.deepEqual(
        rest.map(({ id }) => id),
        [second?.id],
      );
    },
  },
  {
    name: "ChangedEvent: means that a document was changed",
    async run({ db }) {
      await fill(db, { cat: {} });
      const cat = await db.get("cat");
      cat.data.legs = 4;
      await cat.save();
      const [event] = await all(db);
      assert.instanceOf(event, ChangedEvent);
      assert.notInstanceOf(event, DeletedEvent);
      assert.isFalse(event?.deleted);
    },
  },
  {
    name: "DeletedEvent: means that a document was deleted",
    async run({ db }) {
      await fill(db, { cat: {} });
      const { rev } = await (await db.get("cat")).delete();
      const [event] = await all(db);
      assert.instanceOf(event, DeletedEvent);
      assert.notInstanceOf(event, ChangedEvent);
      assert.isTrue(event?.deleted);
      assert.equal(event?.id, "cat");
      assert.equal(event?.rev, rev);
      assert.exists(event?.sequence);
    },
  },
  {
    name: "ChangedEvent.doc: is the document after the change",
    async run({ db }) {
      await fill(db, { cat: {} });
      const cat = await db.get("cat");
      cat.data.stripes = "white on black";
      const event = (await heard(db, () => cat.save())) as ChangedEvent;
      const { id, rev, json } = await event.doc();
      assert.deepEqual(
        { id, rev, json },
        { id: "cat", rev: cat.rev, json: { stripes: "white on black" } },
      );
    },
  },
  {
    name: "ChangedEvent.doc: is what the event brought, with include_docs, and sends nothing",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 } });
      const { db, sent } = watch(context);
      const [event] = await all(db, { include_docs: true });
      sent.length = 0;
      const cat = await (event as ChangedEvent).doc();
      assert.deepEqual(cat.data, (await context.db.get("cat")).data);
      assert.isFalse(cat.dirty);
      assert.deepEqual(sent, []);
    },
  },
  {
    name: "ChangedEvent.doc: is fetched otherwise, in the event's revision",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 } });
      const { db, sent } = watch(context);
      const [event] = await all(db);
      sent.length = 0;
      const cat = await (event as ChangedEvent).doc();
      assert.deepEqual(cat.data, (await context.db.get("cat")).data);
      assert.deepEqual(sent, [`GET /cat?rev=${event?.rev}`]);
    },
  },
];
