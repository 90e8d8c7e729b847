import http from "pouchdb-adapter-http";
import PouchDB from "pouchdb-core";
import type { Task } from "./contender.js";

PouchDB.plugin(http);

export async function docs({ server, database, tally }: Task): Promise<void> {
  // Or it would ask first whether there is such a database.
  const db = new PouchDB(`${server}/${database}`, { adapter: "http", skip_setup: true });
  const { rows } = await db.allDocs({ include_docs: true });
  for (const row of rows) tally.add(row.doc);
}
