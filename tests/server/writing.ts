import { requireDatabaseAdmin } from "./auth.js";
import type { DatabaseContext } from "./context.js";
import { badRequest, CouchError } from "./errors.js";
import { isLocal, storeLocal } from "./local.js";
import type { Doc } from "./types.js";
import { hidePassword, USERS } from "./users.js";
import { checkDesign, checkPartition } from "./validation.js";

/** Last checks of a document that has its id, whoever wants to write it; what is to be stored. */
export function prepareWrite(context: DatabaseContext, doc: Doc, newEdits: boolean): Doc {
  const { db, user } = context;
  const id = String(doc._id);
  if (id.startsWith("_design/")) {
    requireDatabaseAdmin(db, user);
    checkDesign(doc);
  } else if (db.options.partitioned) {
    checkPartition(id);
  }
  if (!newEdits && doc._rev === undefined && doc._revisions === undefined) {
    const reason = "When `new_edits: false`, the document needs `_rev` or `_revisions` specified";
    throw badRequest(reason);
  }
  return db.name === USERS ? hidePassword(doc) : doc;
}

/** Stores one document; the new revision. */
export async function store(context: DatabaseContext, doc: Doc, newEdits = true): Promise<string> {
  const { db, user } = context;
  if (isLocal(doc)) return storeLocal(db, doc);
  const [row] = await db.write([prepareWrite(context, doc, newEdits)], user, newEdits);
  if (row === undefined) return String(doc._rev);
  if ("ok" in row) return row.rev;
  throw new CouchError(row.status, row.error, row.reason);
}
