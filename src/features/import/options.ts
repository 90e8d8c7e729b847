import type { BulkRow, DocumentData, JsonObject, OperationOptions } from "../../shared/types.js";

/**
 * The results of an import so far. At the end, each document that was read is counted as written, conflict or
 * failed; before that, some are still to be written.
 */
export interface ImportTotals {
  read: number;
  written: number;
  /** Not written, since the server has another revision. After a lost response, one may have been written. */
  conflicts: number;
  /**
   * Refused by a validation function or the schema, or for their size or id, or malformed, or not written
   * because a node of the cluster remained away.
   */
  failed: number;
  /**
   * CouchDB's errors for the first hundred that failed. The schema's error is `invalid`. With `onMalformed`, a
   * line or document that is not JSON is a `bad_request`; its `id` is empty if it has none, and its `reason`
   * has its number.
   */
  failures: BulkRow[];
}

/** A function that merges an imported document with the server's. Return undefined to keep the server's. */
export type MergeTwo<T extends object> = (
  mine: T,
  theirs: DocumentData<T>,
) => T | undefined | Promise<T | undefined>;

/**
 * Options of an import.
 *
 * @see https://docs.couchdb.org/en/stable/api/database/bulk-api.html#post--db-_bulk_docs
 */
export interface ImportOptions<T extends object = JsonObject> extends OperationOptions {
  /**
   * The maximum number of documents per request. Default: as many as fit into a request of up to 250 kB, fewer if the
   * server is slow.
   */
  batchSize?: number | undefined;
  /** The maximum number of concurrent requests; fewer if the server is overloaded. Default 4. */
  concurrency?: number | undefined;
  /** Called after each request. */
  onProgress?: ((totals: ImportTotals) => void) | undefined;
  /**
   * If the server has another revision: `"skip"` keeps it, `"overwrite"` replaces it, and a function merges
   * the two. A deletion is replaced without calling the function. Fields that a schema strips are those of the
   * argument that the function returns; of the server's, if it returns another object. Default `"skip"`.
   */
  onConflict?: "skip" | "overwrite" | MergeTwo<T> | undefined;
  /**
   * What to do with a line or document that is not a JSON object, such as a truncated line or an object with
   * a BigInt or a cycle: `"throw"` ends the import with an error that names it, `"skip"` counts it as failed.
   * Default `"throw"`.
   */
  onMalformed?: "throw" | "skip" | undefined;
  /**
   * Set to false to store the documents with their own revisions, as a replicator does. This never conflicts,
   * but may add leaves. Default true.
   */
  new_edits?: boolean | undefined;
}
