import type { Database } from "../../client/database.js";
import type { DatabaseContext } from "../../documents/database-context.js";
import type { Document } from "../../documents/document.js";
import {
  ConflictError,
  type CouchDBError,
  ForbiddenError,
  ServerError,
  UnauthorizedError,
} from "../../shared/errors.js";
import type { BulkRow, DocumentData } from "../../shared/types.js";

/** A mutation of a TanStack DB transaction. */
export interface Mutation {
  type: "insert" | "update" | "delete";
  key: string;
  /** The document before; without a revision if it is new. */
  original: { _rev?: string };
  modified: DocumentData;
}

/** A mutation, and the revision that it replaces. */
export type BasedMutation = Mutation & { base: string | undefined };

/** Write mutations in one request. Returns the rows of CouchDB's response. */
export async function saveMutations(
  db: Database,
  context: DatabaseContext,
  mutations: BasedMutation[],
): Promise<BulkRow[]> {
  const operation = await (context.codec
    ? saveMerged(db, context, mutations)
    : db.createDocs(mutations.map(documentOf)));
  return operation.response;
}

/**
 * Read the documents before: a schema may have changed or stripped members that the database must keep.
 *
 * @throws ConflictError if one has another revision; nothing is written
 */
function saveMerged(db: Database, context: DatabaseContext, mutations: BasedMutation[]) {
  const replaced = mutations.filter(({ base }) => base !== undefined);
  const ids = replaced.map(({ key }) => key);
  return db.updateDocs(
    ids,
    (docs) => {
      const found = new Map([...docs].map((doc) => [doc.id, doc]));
      for (const { type, key, base, modified } of mutations) {
        const doc = found.get(key) ?? docs.create(key);
        // Of a document that this collection has deleted, nothing is read.
        const isGone = type === "insert" && !doc.exists;
        if (doc.rev !== base && !isGone) throw conflict(context, key);
        if (type === "delete") docs.delete(doc);
        else replaceData(doc, modified);
      }
    },
    { create: true },
  );
}

function replaceData({ data }: Document, modified: DocumentData): void {
  const { _rev } = data;
  for (const name in data) if (!(name in modified)) delete data[name];
  Object.assign(data, modified, { _rev });
}

function documentOf({ type, key, base, modified }: BasedMutation): DocumentData {
  const document = { _id: key, ...(base && { _rev: base }) };
  // An insert may be the copy of a document that was deleted.
  const { _rev, ...members } = modified;
  return type === "delete" ? { ...document, _deleted: true } : { ...members, ...document };
}

const classes: Record<string, [status: number, Class: typeof CouchDBError]> = {
  conflict: [409, ConflictError],
  forbidden: [403, ForbiddenError],
  unauthorized: [401, UnauthorizedError],
};

const conflict = (context: DatabaseContext, id: string) =>
  rowError(context, { id, error: "conflict", reason: "another client has changed it" });

/** The error of a document that CouchDB did not write. */
export function rowError(
  { client, path }: DatabaseContext,
  { id, error = "", reason }: BulkRow,
): CouchDBError {
  const [status, Class] = classes[error] ?? [500, ServerError];
  const message = `\`${id}\` was not saved: ${reason}`;
  const request = { method: "POST", path: `${path}/_bulk_docs` } as const;
  return client.error(Class, request, { status, error, reason, message });
}
