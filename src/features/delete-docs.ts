import { Database } from "../client/database.js";
import type { DocumentQueries } from "../queries/document-queries.js";
import type { Selector } from "../queries/selector.js";
import { argumentError, checkOptions, limitsOf } from "../shared/arguments.js";
import { isPlain } from "../shared/json-equal.js";
import type { BulkRow, OperationOptions } from "../shared/types.js";
import { importDocs } from "./import/import-docs.js";

/** The numbers of documents that `deleteDocs` met. */
export interface DeleteTotals {
  deleted: number;
  /** Those that were changed after they were found. They are kept. */
  conflicts: number;
  failed: number;
  /** CouchDB's errors for the first hundred that failed. */
  failures: BulkRow[];
}

// Ids per request.
const batchSize = 1000;

/**
 * Delete documents, which leaves tombstones. Memory use is constant, and lost connections are retried, as in
 * `importDocs`. Documents that do not exist are ignored. Deletions that have taken place stay if an error is
 * thrown.
 *
 * ```ts
 * const { deleted } = await deleteDocs(animals, { legs: { $gt: 6 } });
 * await deleteDocs(animals, ["cat", "dog"]);
 * ```
 *
 * @param which - the ids, or a Mango selector. `{}` selects all documents, including design documents
 * @throws CouchDBError if the server refuses a request
 * @see https://docs.couchdb.org/en/stable/api/database/bulk-api.html#post--db-_bulk_docs
 */
export async function deleteDocs<T extends object, S extends object>(
  db: Database<T, S>,
  which: readonly string[] | Selector<S>,
  options: OperationOptions = {},
): Promise<DeleteTotals> {
  checkOptions(options, {});
  if (!Array.isArray(which) && !isPlain(which))
    throw argumentError("which", "an array of ids or a selector", which);
  // A schema has no say in what may be deleted.
  const plain = new Database({ ...Database.contextOf(db), codec: undefined });
  const limits = limitsOf(options);
  const found = Array.isArray(which)
    ? revisionsOf(plain, which, limits)
    : plain.query(which, { ...limits, fields: ["_id", "_rev"] });
  const source = tombstones(found as AsyncIterable<Found>);
  const { written, conflicts, failed, failures } = await importDocs(plain, source, limits);
  return { deleted: written, conflicts, failed, failures };
}

interface Found {
  _id: string;
  _rev: string;
}

async function* tombstones(found: AsyncIterable<Found>) {
  for await (const { _id, _rev } of found) yield { _id, _rev, _deleted: true };
}

async function* revisionsOf(
  db: DocumentQueries,
  ids: readonly string[],
  limits: OperationOptions,
): AsyncGenerator<Found, void, void> {
  for (let at = 0; at < ids.length; at += batchSize) {
    const keys = ids.slice(at, at + batchSize);
    for await (const { id, value } of db.allDocs.rows({ ...limits, keys }))
      if (id && value && !value.deleted) yield { _id: id, _rev: value.rev };
  }
}
