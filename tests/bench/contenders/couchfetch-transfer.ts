/** What couchfetch exports and imports, in runtimes that have files. */

import { createReadStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { CouchDB } from "../../../dist/index.js";
import { exportDocs, importDocs } from "../../../dist/transfer.js";
import type { Tally, Task } from "./contender.js";

export async function exported({ server, database, file, tally }: Task): Promise<void> {
  const db = new CouchDB(server).database(database);
  await writeFile(file, observed(exportDocs(db), tally));
}

async function* observed(lines: ReadableStream<Uint8Array>, tally: Tally) {
  for await (const piece of lines) {
    tally.begin();
    yield piece;
  }
}

export async function imported({ server, target, file }: Task): Promise<void> {
  const db = new CouchDB(server).database(target);
  const lines = Readable.toWeb(createReadStream(file)) as ReadableStream<Uint8Array>;
  await importDocs(db, lines, { new_edits: false });
}

export async function copied({ server, database, target }: Task): Promise<void> {
  const couch = new CouchDB(server);
  const lines = exportDocs(couch.database(database));
  await importDocs(couch.database(target), lines, { new_edits: false });
}
