import { assert } from "chai";
import { type Database, NotFoundError, purge } from "couchfetch";
import { type Case, fill, rejects, watch } from "../../case.js";

/** Another leaf of a document, as a replicator would bring it. */
async function branch(db: Database, id: string, digit: string): Promise<string> {
  const _rev = `1-${digit.repeat(32)}`;
  await db.createDocs((docs) => docs.create(id, { _rev, digit }), { new_edits: false });
  return _rev;
}

export const history: Case[] = [
  {
    name: "Document.copy: makes a copy on the server",
    async run({ db }) {
      await fill(db, { cat: { legs: 4, name: "Tom" } });
      const cat = await db.get("cat");
      await cat.copy("clone");
      const clone = await db.get("clone");
      assert.deepEqual(clone.data, { ...cat.data, _id: "clone", _rev: clone.rev as string });
    },
  },
  {
    name: "Document.copy: copies what the server has, and not what is changed here",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      const cat = await db.get("cat");
      cat.data.legs = 3;
      await cat.copy("clone");
      assert.deepEqual((await db.get("clone")).json, { legs: 4 });
      assert.equal(cat.data.legs, 3);
    },
  },
  {
    name: "Document.copy: asks CouchDB to COPY",
    async run(context) {
      await fill(context.db, { cat: {} });
      const { db, sent } = watch(context);
      await (await db.get("cat")).copy("clone");
      assert.deepEqual(sent, ["GET /cat", "COPY /cat"]);
    },
  },
  {
    name: "Document.copy: resolves to CouchDB's answer, with the copy's revision",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      const { id, rev } = await (await db.get("cat")).copy("clone");
      assert.equal(id, "clone");
      assert.match(rev, /^1-/);
      assert.deepEqual((await db.get("clone", { rev })).json, { legs: 4 });
    },
  },
  {
    name: "Document.info: gives id and revision of the document on the server",
    async run({ db }) {
      await fill(db, { cat: {} });
      const [mine, theirs] = [await db.get("cat"), await db.get("cat")];
      assert.deepEqual(await mine.info(), { ok: true, id: "cat", rev: mine.rev as string });
      theirs.data.theirs = true;
      await theirs.save();
      assert.deepEqual(await mine.info(), { ok: true, id: "cat", rev: theirs.rev as string });
    },
  },
  {
    name: "Document.info: is a request",
    async run(context) {
      await fill(context.db, { cat: {} });
      const { db, sent } = watch(context);
      const cat = await db.get("cat");
      sent.length = 0;
      await cat.info();
      assert.deepEqual(sent, ["GET /_all_docs?keys=%5B%22cat%22%5D"]);
    },
  },
  {
    name: "Document.info: a document that does not exist, or no more, is NotFound",
    async run({ db }) {
      const cat = await db.create("cat");
      await rejects(cat.info(), NotFoundError);
      await cat.save();
      await cat.delete();
      await rejects(cat.info(), NotFoundError);
    },
  },
  {
    name: "Document.conflicts: gives the revisions that are in conflict",
    async run({ db }) {
      await fill(db, { cat: {} });
      const cat = await db.get("cat");
      cat.data.legs = 4;
      await cat.save();
      const a = await branch(db, "cat", "a");
      assert.deepEqual(await cat.conflicts(), [a]);
      const b = await branch(db, "cat", "b");
      assert.sameMembers(await cat.conflicts(), [a, b]);
    },
  },
  {
    name: "Document.conflicts: has no more what was resolved by deleting a revision",
    async run({ db }) {
      await fill(db, { cat: {} });
      const cat = await db.get("cat");
      cat.data.legs = 4;
      await cat.save();
      const [a, b] = [await branch(db, "cat", "a"), await branch(db, "cat", "b")];
      await (await db.get("cat", { rev: a })).delete();
      assert.deepEqual(await cat.conflicts(), [b]);
      await cat.delete();
      const winner = await db.get("cat");
      assert.equal(winner.rev, b);
      assert.deepEqual(winner.json, { digit: "b" });
      assert.deepEqual(await winner.conflicts(), []);
    },
  },
  {
    name: "Document.conflicts: is a request",
    async run(context) {
      await fill(context.db, { cat: {} });
      const { db, sent } = watch(context);
      const cat = await db.get("cat");
      sent.length = 0;
      await cat.conflicts();
      assert.deepEqual(sent, ["GET /cat?conflicts=true"]);
    },
  },
  {
    name: "Document.conflicts: is empty if there are none",
    async run({ db }) {
      await fill(db, { cat: {} });
      assert.deepEqual(await (await db.get("cat")).conflicts(), []);
    },
  },
  {
    name: "Document.conflicts: of a document that does not exist is NotFound",
    async run({ db }) {
      await rejects((await db.create("cat")).conflicts(), NotFoundError);
    },
  },
  {
    name: "Document.revs: gives the revisions that the server knows, newest first",
    async run({ db }) {
      const cat = await db.create("cat", { legs: 4 });
      await cat.save();
      const first = cat.rev as string;
      assert.deepEqual(await cat.revs(), [first]);
      cat.data.legs = 3;
      await cat.save();
      assert.deepEqual(await cat.revs(), [cat.rev as string, first]);
    },
  },
  {
    name: "Document.revs: is a request",
    async run(context) {
      await fill(context.db, { cat: {} });
      const { db, sent } = watch(context);
      const cat = await db.get("cat");
      sent.length = 0;
      await cat.revs();
      assert.deepEqual(sent, ["GET /cat?revs_info=true"]);
    },
  },
  {
    name: "Document.revs: of a document that does not exist is NotFound",
    async run({ db }) {
      await rejects((await db.create("cat")).revs(), NotFoundError);
    },
  },
  {
    name: "Database.purge: takes away from the server what delete leaves there",
    async run({ db }) {
      await fill(db, { cat: {}, dog: {} });
      const cat = await db.get("cat");
      const answer = await purge(db, { cat: [cat.rev as string] });
      assert.deepEqual(answer.purged, { cat: [cat.rev as string] });
      await rejects(cat.info(), NotFoundError);
      const error = await rejects(db.get("cat"), NotFoundError);
      assert.equal(error.reason, "missing");
      assert.deepEqual(await db.keys().toArray(), ["dog"]);
    },
  },
];
