import type { OperationOptions } from "../shared/types.js";

/**
 * The parameters of a view. Keys are given as values: couchfetch encodes them.
 *
 * @see https://docs.couchdb.org/en/stable/api/ddoc/views.html
 */
export interface ViewParams<K = unknown> extends OperationOptions {
  /** Only rows of this key. */
  key?: K | undefined;
  /** Only these keys, in this order. A list too long for a URL goes as POST. */
  keys?: readonly K[] | undefined;
  /** From this key on; descending, down from it. */
  startkey?: unknown | undefined;
  /** Up to this key; descending, down to it. */
  endkey?: unknown | undefined;
  /** Where to start among the rows of `startkey`. */
  startkey_docid?: string | undefined;
  /** Where to end among the rows of `endkey`. */
  endkey_docid?: string | undefined;
  /** Whether `endkey` itself is part of the result. Default true. */
  inclusive_end?: boolean | undefined;
  /** From the last row to the first. Default false. */
  descending?: boolean | undefined;
  /** Rows, design documents among them. */
  limit?: number | undefined;
  /** Pass over so many rows. Default 0. */
  skip?: number | undefined;
  /** Give the documents, too. Default false. */
  include_docs?: boolean | undefined;
  /** In the documents: the other leaf revisions, as `_conflicts`. */
  conflicts?: boolean | undefined;
  /** In the documents: what the attachments hold, in base64. */
  attachments?: boolean | undefined;
  /** In the documents: how the attachments are packed. */
  att_encoding_info?: boolean | undefined;
  /** Tell the sequence that the rows reflect. */
  update_seq?: boolean | undefined;
  /** Whether to reduce, where the view can. Default true. */
  reduce?: boolean | undefined;
  /** Reduce the rows of each key by themselves. Default false: all to one. */
  group?: boolean | undefined;
  /** The same for so many first members of keys that are arrays. */
  group_level?: number | undefined;
  /** False: in no order, which is cheaper. Default true. */
  sorted?: boolean | undefined;
  /** Read from the same set of shards each time. Default false. */
  stable?: boolean | undefined;
  /** Whether the view is brought up to date: before (default), not at all, or afterwards (`"lazy"`). */
  update?: "true" | "false" | "lazy" | boolean | undefined;
}

/**
 * Which documents to give. The keys of `_all_docs` are ids; those of a view may be anything.
 *
 * @see https://docs.couchdb.org/en/stable/api/ddoc/views.html
 */
export interface DocsOptions<K = string> extends Omit<ViewParams, "key" | "keys" | "include_docs"> {
  /** These, in this order. */
  ids?: readonly K[] | undefined;
  /** Give an empty, unsaved document for each of `ids` that does not exist. Default false. */
  create?: boolean | undefined;
  /** Those whose id, or key, begins with this. Not with `ids`, `create` or a range of keys. */
  prefix?: string | undefined;
  /** Give design documents too. Those named in `ids` or by `prefix` are given anyway. Default false. */
  includeDesignDocs?: boolean | undefined;
}

/** Which documents' ids to give. */
export type IdsOptions<K = string> = Omit<DocsOptions<K>, "create" | "includeDesignDocs">;
