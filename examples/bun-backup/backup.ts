/** Saves a database to a file and brings it back, and goes on where it was interrupted: see README.md. */

import { existsSync } from "node:fs";
import { open, rename, stat, truncate } from "node:fs/promises";
import { CouchDB, type Database, revsDiff } from "couchfetch";
import { exportDocs, importDocs } from "couchfetch/transfer";
import { lines } from "./lines.js";
import { bar } from "./progress.js";

interface Saved {
  _id: string;
  _rev: string;
}

// So much is in memory at a time, if a document is not larger by itself.
const most = { lines: 500, characters: 4_000_000 };

/** Writes to `path.part` what is not there yet: ids are in order, so what is left comes after its last one. */
async function save(db: Database, path: string): Promise<void> {
  if (existsSync(path)) throw new Error(`${path} is there already: take another name`);
  const part = `${path}.part`;
  let [last, count, end] = ["", 0, 0];
  if (existsSync(part)) {
    for await (const line of lines(part)) {
      count += 1;
      ({ text: last, end } = line);
    }
    // What an interruption has left of another.
    await truncate(part, end);
  }
  const progress = bar("saved", (await db.info()).doc_count, count);
  const file = await open(part, "a");
  try {
    // Nothing can come between an id and the same with a zero behind it.
    const startkey = last && `${(JSON.parse(last) as Saved)._id}\0`;
    // In the order of the ids, so that the last line tells where to continue.
    const options = { descending: false, ...(startkey ? { startkey } : {}) };
    for await (const chunk of exportDocs(db, options)) {
      await file.write(chunk);
      progress.add(chunk.reduce((sum, byte) => (byte === 10 ? sum + 1 : sum), 0));
    }
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(part, path);
  progress.end();
}

/** Writes the revisions that the database has not: asking is cheaper than sending them once more. */
async function restore(db: Database, path: string): Promise<void> {
  let [total, end, known, done] = [0, 0, 0, 0];
  for await (const line of lines(path)) {
    total += 1;
    end = line.end;
  }
  if (end < (await stat(path)).size) console.warn("The last line is not complete: it is left out.");
  const progress = bar("restored", total);
  async function* missing() {
    for await (const docs of batches(path)) {
      const left = await revsDiff(db, Object.fromEntries(docs.map((doc) => [doc._id, [doc._rev]])));
      const wanted = docs.filter(({ _id }) => left[_id]);
      known += docs.length - wanted.length;
      progress.add(docs.length - wanted.length);
      yield* wanted;
    }
  }
  const { failures } = await importDocs(db, missing(), {
    new_edits: false,
    onProgress({ written, failed }) {
      progress.add(written + failed - done);
      done = written + failed;
    },
  });
  progress.end();
  if (known > 0) console.log(`${known} of them were known already, as they are or as they were.`);
  for (const { id, reason } of failures) console.error(`not restored: ${id}: ${reason}`);
  if (failures.length > 0) process.exitCode = 1;
}

async function* batches(path: string): AsyncGenerator<Saved[]> {
  let batch: Saved[] = [];
  let characters = 0;
  for await (const { text } of lines(path)) {
    batch.push(JSON.parse(text));
    characters += text.length;
    if (batch.length < most.lines && characters < most.characters) continue;
    yield batch;
    batch = [];
    characters = 0;
  }
  if (batch.length > 0) yield batch;
}

const [command, address, path] = process.argv.slice(2);
if (!(command === "save" || command === "restore") || !address || !path) {
  console.error("Usage: bun backup.ts save|restore http://user:password@host:5984/database file");
  process.exit(2);
}
// A CouchDB may be under a path: the database is the last part of it.
const url = new URL(address.replace(/\/$/, ""));
const name = decodeURIComponent(url.pathname.slice(url.pathname.lastIndexOf("/") + 1));
await using couch = new CouchDB(new URL(".", url), {
  // A long run may outlive a server: it is silent until the next attempt succeeds.
  hooks: {
    retry: ({ reason, milliseconds }) => console.warn(`${reason}: again in ${milliseconds} ms`),
  },
});
if (command === "save") await save(await couch.get(name), path);
else await restore(await couch.create(name, { existsOk: true }), path);
