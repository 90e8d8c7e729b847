import { Database } from "../client/database.js";
import { BulkOperation } from "../documents/bulk-operation.js";
import { Document } from "../documents/document.js";
import type { Selector } from "../queries/selector.js";
import { argumentError, checkOptions, limitsOf } from "../shared/arguments.js";
import { isPlain } from "../shared/json-equal.js";
import type { BulkRow, JsonObject, OperationOptions } from "../shared/types.js";

/** The numbers of documents that `deleteDocs` met. */
export interface DeleteTotals {
  deleted: number;
  /** Those that were changed after they were found. They are kept. */
  conflicts: number;
  failed: number;
  /** CouchDB's errors for the first hundred that failed. */
  failures: BulkRow[];
}

const mostFailures = 100;

// Documents per request.
const batchSize = 500;

/**
 * Delete documents, which leaves tombstones. Memory use is constant. Documents that do not exist are ignored.
 * If an error is thrown, some may have been deleted: call it again.
 *
 * ```ts
 * const { deleted } = await deleteDocs(animals, { legs: { $gt: 6 } });
 * await deleteDocs(animals, ["cat", "dog"]);
 * ```
 *
 * @param which - the ids, or a Mango selector. `{}` selects all documents, including design documents
 * @throws CouchDBError if the server refuses a request
 * @throws NetworkError with `mayHaveHappened` if the connection was lost and the outcome is unknown
 * @see https://docs.couchdb.org/en/stable/api/database/bulk-api.html#post--db-_bulk_docs
 */
export async function deleteDocs<T extends object, S extends object>(
  db: Database<T, S>,
  which: readonly string[] | Selector<S>,
  options: OperationOptions = {},
): Promise<DeleteTotals> {
  checkOptions(options, "");
  if (!Array.isArray(which) && !isPlain(which))
    throw argumentError("which", "an array of ids or a selector", which);
  // A schema has no say in what may be deleted.
  const context = { ...Database.contextOf(db), codec: undefined };
  const limits = limitsOf(options);
  const totals: DeleteTotals = { deleted: 0, conflicts: 0, failed: 0, failures: [] };
  for await (const batch of batchesOf(new Database(context), which, limits)) {
    const bulk = new BulkOperation<object>(context);
    for (const { _id, _rev } of batch)
      bulk.delete(new Document<object>(context, _id, { _id, _rev }, () => ({ _id, _rev })));
    await bulk.save(limits);
    count(bulk, totals);
  }
  return totals;
}

interface Found {
  _id: string;
  _rev: string;
}

/** Read the revisions of documents in batches. */
async function* batchesOf(
  db: Database,
  which: readonly string[] | JsonObject,
  limits: OperationOptions,
): AsyncGenerator<Found[], void, void> {
  const found = Array.isArray(which)
    ? revisionsOf(db, which, limits)
    : db.query<Found>(which, { ...limits, fields: ["_id", "_rev"] });
  let batch: Found[] = [];
  for await (const each of found as AsyncIterable<Found>) {
    if (batch.push(each) < batchSize) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function* revisionsOf(
  db: Database,
  ids: readonly string[],
  limits: OperationOptions,
): AsyncGenerator<Found, void, void> {
  for (let at = 0; at < ids.length; at += batchSize) {
    const keys = ids.slice(at, at + batchSize);
    for await (const { id, value } of db.allDocs.rows({ ...limits, keys }))
      if (id && value && !value.deleted) yield { _id: id, _rev: value.rev };
  }
}

function count({ ok, response }: BulkOperation<object>, totals: DeleteTotals): void {
  totals.deleted += ok.length;
  for (const row of response) {
    if (row.error === "conflict") totals.conflicts += 1;
    else if (row.error !== undefined) {
      totals.failed += 1;
      if (totals.failures.length < mostFailures) totals.failures.push(row);
    }
  }
}
