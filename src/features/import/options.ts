import type { BulkRow, DocumentData, JsonObject, OperationOptions } from "../../shared/types.js";

/**
 * What became of the documents of an import so far. In the end, each that was read is in one of the other three;
 * on the way, some are still to be written.
 */
export interface ImportTotals {
  read: number;
  written: number;
  /** Left as the server has them, since it has another revision. */
  conflicts: number;
  /** Refused: by a validation function or the schema, for their size or their id. */
  failed: number;
  /** What CouchDB said of the first hundred that failed; `invalid` is the word of the schema. */
  failures: BulkRow[];
}

/** Makes one document of one that is imported and the server's; undefined to leave the server's. */
export type MergeTwo<T extends object> = (
  mine: T,
  theirs: DocumentData<T>,
) => T | undefined | Promise<T | undefined>;

/**
 * How an import is done.
 *
 * @see https://docs.couchdb.org/en/stable/api/database/bulk-api.html#post--db-_bulk_docs
 */
export interface ImportOptions<T extends object = JsonObject> extends OperationOptions {
  /** Documents a request, at the most; fewer, if they are large. Default 500. */
  batchSize?: number | undefined;
  /** Requests at once, at the most; fewer, while the server asks for rest. Default 4. */
  concurrency?: number | undefined;
  /** Called after each request. */
  onProgress?: ((totals: ImportTotals) => void) | undefined;
  /**
   * What to do where the server has another revision: leave that, write over it, or write what a function
   * makes of the two; nothing, if it makes undefined. Where the other is a deletion, there is nothing to make
   * something of: the document is written. Default `"skip"`.
   */
  onConflict?: "skip" | "overwrite" | MergeTwo<T> | undefined;
  /**
   * False stores documents with the revisions that they have, as a replicator does: never a conflict, but
   * perhaps another leaf. Default true.
   */
  new_edits?: boolean | undefined;
}
