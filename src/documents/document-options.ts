import type { OperationOptions, ParamsOptions } from "../shared/types.js";

/**
 * Options for reading a document.
 *
 * @see https://docs.couchdb.org/en/stable/api/document/common.html#get--db-docid
 */
export interface GetOptions extends ParamsOptions {
  /** Read this revision, if the server still has it. Default: the current one. */
  rev?: string | undefined;
  /** Include the other leaf revisions as `_conflicts`. */
  conflicts?: boolean | undefined;
  /** Include the deleted leaf revisions as `_deleted_conflicts`. */
  deleted_conflicts?: boolean | undefined;
  /** Instead of `rev`, read the leaf that descends from it. */
  latest?: boolean | undefined;
  /** Include the sequence of the last update as `_local_seq`. */
  local_seq?: boolean | undefined;
  /** The same as `conflicts`, `deleted_conflicts` and `revs_info` together. */
  meta?: boolean | undefined;
  /** Include the revision's history as `_revisions`. */
  revs?: boolean | undefined;
  /** Include the revision's history, and which revisions are still available, as `_revs_info`. */
  revs_info?: boolean | undefined;
  /** Include the content of attachments, in base64. */
  attachments?: boolean | undefined;
  /** With `attachments`: leave out content that these revisions already have. */
  atts_since?: readonly string[] | undefined;
  /** Include the compression of attachments as `encoding` and `encoded_length`. */
  att_encoding_info?: boolean | undefined;
}

/** The names of the options for reading a document. */
export const getOptions =
  "rev deleted_conflicts latest local_seq meta revs revs_info atts_since conflicts attachments att_encoding_info" as const;

/**
 * Options for saving a document.
 *
 * @see https://docs.couchdb.org/en/stable/api/document/common.html#put--db-docid
 */
export interface SaveOptions extends OperationOptions {
  /**
   * Set to `"ok"` to get a response before CouchDB writes the document. It has no revision and reports no
   * conflict, and the document stays unsaved here until you fetch it.
   */
  batch?: "ok" | undefined;
  /**
   * Set to false to store the document with its own revision, as a replicator does, whatever the server has.
   * This never conflicts, but may add a leaf. Default true.
   */
  new_edits?: boolean | undefined;
}

/**
 * Options for updating a document.
 *
 * @see https://docs.couchdb.org/en/stable/api/document/common.html#updating-an-existing-document
 */
export interface UpdateOptions extends OperationOptions {
  /** The maximum number of attempts. Default 10. */
  attempts?: number | undefined;
  /**
   * Whether the document is right as soon as it has the content that you computed, even if another client
   * wrote it. Set it to
   * true for `data.name = "Tom"`, not for `data.n += 1`. Default false.
   */
  idempotent?: boolean | undefined;
  /**
   * The name of a member that `update` sets to a new random value, by which it recognizes its own write. It
   * stays in the document. Default: none.
   */
  token?: string | undefined;
}
