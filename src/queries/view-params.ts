import type { JsonObject, ParamsOptions } from "../shared/types.js";

/**
 * Parameters of a view. Pass keys as values: couchfetch encodes them, and sends those that are too long for a
 * URL by POST. A key that is or contains `undefined` or `NaN` is a TypeError, as CouchDB would return other
 * rows, or all.
 *
 * @see https://docs.couchdb.org/en/stable/api/ddoc/views.html
 */
export interface ViewParams<K = unknown> extends ParamsOptions {
  /** Return only rows with this key. */
  key?: K;
  /** Return only rows with these keys, in this order. */
  keys?: readonly K[];
  /** The first key in the order of the rows; with `descending`, the highest. */
  startkey?: unknown;
  /** The last key in the order of the rows; with `descending`, the lowest. */
  endkey?: unknown;
  /** The first document among the rows with `startkey`. */
  startkey_docid?: string;
  /** The last document among the rows with `endkey`. */
  endkey_docid?: string;
  /** Whether to include rows with `endkey` itself. Default true. */
  inclusive_end?: boolean | undefined;
  /** Return the last row first. Default false. */
  descending?: boolean | undefined;
  /** The maximum number of results. Default: no limit. */
  limit?: number | undefined;
  /** The number of results to skip. Default 0. Prefer `startkey`, as CouchDB reads the skipped rows. */
  skip?: number | undefined;
  /** Include the documents. Default false. */
  include_docs?: boolean | undefined;
  /** Include the other leaf revisions in documents, as `_conflicts`. */
  conflicts?: boolean | undefined;
  /** Include the content of attachments in documents, in base64. */
  attachments?: boolean | undefined;
  /** Include the compression of attachments in documents. */
  att_encoding_info?: boolean | undefined;
  /** Report the sequence that the rows reflect, in the `summary`. */
  update_seq?: boolean | undefined;
  /** Whether to reduce, if the view can. Default true. */
  reduce?: boolean | undefined;
  /** Reduce the rows of each key separately. Default false: all rows to one. */
  group?: boolean | undefined;
  /** Group array keys by this number of first items. */
  group_level?: number | undefined;
  /** Set to false for rows in no order, which is cheaper. Default true. */
  sorted?: boolean | undefined;
  /** Read from the same set of shards each time. Default false. */
  stable?: boolean | undefined;
  /** Whether to update the view: before the query (default), not at all, or afterwards (`"lazy"`). */
  update?: "true" | "false" | "lazy" | boolean | undefined;
}

/** The names of the parameters. */
export const viewParams =
  "key keys startkey_docid endkey_docid startkey endkey inclusive_end descending limit skip include_docs conflicts attachments att_encoding_info update_seq reduce group group_level sorted stable update" as const;

/**
 * Options for selecting documents. The keys of `_all_docs` are ids; those of a view can be any JSON.
 *
 * @see https://docs.couchdb.org/en/stable/api/ddoc/views.html
 */
export interface DocsOptions<K = string, T extends object = JsonObject>
  extends Omit<ViewParams, "key" | "keys" | "include_docs"> {
  /** Return these documents, in this order. */
  ids?: readonly K[];
  /**
   * Return an empty, unsaved document for each of `ids` that does not exist; not if `T` has required members.
   * Default false.
   */
  create?: (object extends T ? boolean : false) | undefined;
  /**
   * Return documents whose id, or key, begins with this. Not with `ids`, `create` or a range of keys. The keys of
   * a view should be in composed form (`normalize()`): a prefix "и" misses a key with "и" and a separate accent,
   * which CouchDB sorts as the letter "й".
   */
  prefix?: string;
  /** Include design documents. Those selected by `ids` or `prefix` are always included. Default false. */
  includeDesignDocs?: boolean | undefined;
}

/** Options for selecting the ids of documents. */
export type IdsOptions<K = string> = Omit<DocsOptions<K>, "create" | "includeDesignDocs">;
