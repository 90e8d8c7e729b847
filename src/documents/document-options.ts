import type { OperationOptions } from "../shared/types.js";

/**
 * How a document is read. All but `signal` goes to CouchDB as it is.
 *
 * @see https://docs.couchdb.org/en/stable/api/document/common.html#get--db-docid
 */
export interface GetOptions extends OperationOptions {
  /** Read this revision, as long as the server has it. */
  rev?: string | undefined;
  /** Tell the other leaf revisions, as `_conflicts`. */
  conflicts?: boolean | undefined;
  /** Tell the deleted leaf revisions, as `_deleted_conflicts`. */
  deleted_conflicts?: boolean | undefined;
  /** Of `rev`, the leaf that it led to. */
  latest?: boolean | undefined;
  /** Tell the sequence of the last update, as `_local_seq`. */
  local_seq?: boolean | undefined;
  /** The same as `conflicts`, `deleted_conflicts` and `revs_info` together. */
  meta?: boolean | undefined;
  /** Tell the revision's history, as `_revisions`. */
  revs?: boolean | undefined;
  /** The same with what is left of each, as `_revs_info`. */
  revs_info?: boolean | undefined;
  /** Give what the attachments hold, in base64. */
  attachments?: boolean | undefined;
  /** With the contents only of what these revisions have not: with `attachments`. */
  atts_since?: readonly string[] | undefined;
  /** Tell how the attachments are packed. */
  att_encoding_info?: boolean | undefined;
}

/**
 * How a document is saved.
 *
 * @see https://docs.couchdb.org/en/stable/api/document/common.html#put--db-docid
 */
export interface SaveOptions extends OperationOptions {
  /**
   * `"ok"`: CouchDB responds before it writes, and names no revision. A conflict is not reported, and the
   * document stays unsaved here until it is fetched.
   */
  batch?: "ok" | undefined;
  /**
   * False: store the document with the revision that it has, as a replicator does, whatever the server has.
   * This is never a conflict, but may add a leaf. Default true.
   */
  new_edits?: boolean | undefined;
}
