/** Saves a database to a file and brings it back, and goes on where it was interrupted: see README.md. */

import { open } from "node:fs/promises";
import { basic, CouchDB, type Database } from "couchfetch";
import { lastLine, lines } from "./lines.js";
import { bar } from "./progress.js";

interface Saved {
  _id: string;
  _rev: string;
}

/** Appends what the file has not yet: ids are in order, so what is left comes after its last one. */
async function save(db: Database, path: string): Promise<void> {
  const { doc_count } = await db.info();
  const file = await open(path, "a+");
  try {
    const { text, count } = await lastLine(file);
    const last = text && (JSON.parse(text) as Saved)._id;
    const progress = bar("saved", doc_count, count);
    // Nothing can come between an id and the same with a zero behind it.
    const rest = db.export(last ? { startkey: `${last}\0` } : {});
    for await (const chunk of rest) {
      await file.write(chunk);
      progress.add(chunk.reduce((sum, byte) => (byte === 10 ? sum + 1 : sum), 0));
    }
    progress.end();
  } finally {
    await file.close();
  }
}

/** Writes the revisions that the database has not: asking is cheaper than sending them once more. */
async function restore(db: Database, path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    const { count } = await lastLine(file);
    const progress = bar("restored", count);
    async function* missing() {
      for await (const batch of lines(file, 500)) {
        const docs = batch.map((line) => JSON.parse(line) as Saved);
        const left = await db.revsDiff(
          Object.fromEntries(docs.map((doc) => [doc._id, [doc._rev]])),
        );
        const [wanted, known] = [docs.filter(({ _id }) => left[_id]), docs.length];
        progress.add(known - wanted.length);
        yield* wanted;
      }
    }
    let done = 0;
    const { failures } = await db.import(missing(), {
      new_edits: false,
      onProgress({ written, failed }) {
        progress.add(written + failed - done);
        done = written + failed;
      },
    });
    progress.end();
    for (const { id, reason } of failures) console.error(`not restored: ${id}: ${reason}`);
    if (failures.length > 0) process.exitCode = 1;
  } finally {
    await file.close();
  }
}

const [command, address, path] = process.argv.slice(2);
if (!(command === "save" || command === "restore") || !address || !path) {
  console.error("Usage: bun backup.ts save|restore http://user:password@host:5984/database file");
  process.exit(2);
}
const { origin, pathname, username, password } = new URL(address);
const auth = basic(decodeURIComponent(username), decodeURIComponent(password));
await using couch = new CouchDB(origin, { auth });
const name = decodeURIComponent(pathname.slice(1));
if (command === "save") await save(await couch.get(name), path);
else await restore(await couch.create(name, { existsOk: true }), path);
