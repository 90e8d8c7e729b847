import type { DatabaseContext } from "./context.js";
import { replicatedHistory } from "./edits.js";
import { CouchError } from "./errors.js";
import { isLocal, storeLocal } from "./local.js";
import type { Doc } from "./types.js";
import { hidePassword, USERS } from "./users.js";
import { checkPartition } from "./validation.js";

/** Last checks of a document that has its id, and that fail the whole request; what to store. */
export function prepareWrite(context: DatabaseContext, doc: Doc, newEdits: boolean): Doc {
  const { db } = context;
  const id = String(doc._id);
  if (db.options.partitioned && !id.startsWith("_design/")) checkPartition(id);
  if (!newEdits) replicatedHistory(doc);
  return db.name === USERS ? hidePassword(doc) : doc;
}

/** Stores one document; the new revision. */
export async function store(context: DatabaseContext, doc: Doc, newEdits = true): Promise<string> {
  const { db, user } = context;
  if (isLocal(doc)) return storeLocal(db, doc);
  const [row] = await db.write([prepareWrite(context, doc, newEdits)], user, newEdits);
  if (row === undefined) throw new Error(`Nothing became of ${doc._id}`);
  if ("ok" in row) return row.rev;
  throw new CouchError(row.status, row.error, row.reason);
}
