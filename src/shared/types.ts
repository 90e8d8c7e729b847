import type { AttachmentContents } from "../features/multipart/write.js";

/** Any JSON object. Its members are as free as JSON itself, so they are `any`. */
// biome-ignore lint/suspicious/noExplicitAny: an untyped document's members can be used without a cast
export type JsonObject = Record<string, any>;

/**
 * How JSON is read and written. Pass your own to keep what `JSON` loses, 64-bit integers for example.
 * Both must be synchronous, and `parse` must read what `stringify` writes.
 *
 * What `parse` makes of numbers stands wherever CouchDB gives one, in `total_rows` for example, and
 * may be given wherever CouchDB takes one: as a key, as `limit`, as `since`.
 */
export interface Json {
  /** What a text stands for. */
  parse(text: string): unknown;
  /** Undefined, as `JSON` has it, for what is no JSON: a function, for example. */
  stringify(value: unknown): string | undefined;
}

/** A position in the sequence of a database's changes. Opaque: CouchDB gives strings, other servers numbers. */
export type Sequence = string | number;

/** An attachment as it stands in a document that was read without attachments' contents. */
export interface AttachmentStub {
  content_type: string;
  digest?: string;
  length?: number;
  revpos?: number;
  stub?: boolean;
  /** In what is sent or comes in parts: the content follows, packed or not. */
  follows?: boolean;
  /** With `att_encoding_info`: how it is packed, and the bytes of that. */
  encoding?: string;
  encoded_length?: number;
  /** The content in base64, where it was asked for or is to be saved. */
  data?: string;
}

/** The members that CouchDB itself keeps in a document. */
export interface DocumentMembers {
  _id: string;
  _rev?: string;
  _deleted?: boolean;
  _attachments?: Record<string, AttachmentStub>;
  /** With `conflicts`: the other leaf revisions. */
  _conflicts?: string[];
  /** With `deleted_conflicts`: the deleted leaf revisions. */
  _deleted_conflicts?: string[];
  /** With `local_seq`: the sequence of the document's last update. */
  _local_seq?: Sequence;
  /** With `revs`: the history of the revision, newest first. */
  _revisions?: { start: number; ids: string[] };
  /** With `revs_info`: the history and what is left of each revision. */
  _revs_info?: { rev: string; status: "available" | "missing" | "deleted" }[];
}

/** A document's JSON: the user's members and CouchDB's. */
export type DocumentData<T extends object = JsonObject> = T & DocumentMembers;

/** What CouchDB answers to a successful write of one document. */
export interface WriteResult {
  ok: boolean;
  id: string;
  rev: string;
}

/** What CouchDB answers to the write of one document among many: `rev`, or `error` and `reason`. */
export interface BulkRow {
  ok?: boolean;
  id: string;
  rev?: string;
  error?: string;
  reason?: string;
}

/** What CouchDB answers for one of many documents that are read at once. */
export interface BulkGetRow<T extends object = JsonObject> {
  id: string;
  docs: (
    | { ok: DocumentData<T>; error?: undefined }
    | { ok?: undefined; error: { id: string; rev: string; error: string; reason: string } }
  )[];
}

/** What CouchDB answers when it has removed revisions. */
export interface PurgeResult {
  purge_seq: Sequence | null;
  /** The revisions that are gone, by document id. */
  purged: Record<string, string[]>;
}

/** The server's welcome (`GET /`). */
export interface ServerInfo {
  couchdb: string;
  version: string;
  uuid?: string;
  git_sha?: string;
  features?: string[];
  vendor?: { name: string; version?: string };
}

/** Who the server takes the session for. `name` is null for an anonymous one. */
export interface UserContext {
  name: string | null;
  roles: string[];
}

/** What the server tells of a database (`GET /{db}`). */
export interface DatabaseInfo {
  db_name: string;
  doc_count: number;
  doc_del_count: number;
  update_seq: Sequence;
  purge_seq: Sequence;
  compact_running: boolean;
  instance_start_time: string;
  disk_format_version: number;
  /** Bytes: on disk, in use, and of the uncompressed documents. */
  sizes: { file: number; active: number; external: number };
  props: { partitioned?: boolean };
  cluster?: { q: number; n: number; w: number; r: number };
}

/** What a result has beside its rows; which members there are depends on the request. */
export interface RowsSummary {
  /** Rows in the whole view. Not there when it was reduced. */
  total_rows?: number;
  /** Rows before the first one given; null where CouchDB does not count them. */
  offset?: number | null;
  update_seq?: Sequence;
  /** Mango and search: where the next page begins. */
  bookmark?: string;
  /** Search by Nouveau: hits there are, and whether that is a lower bound. Clouseau has `total_rows`. */
  total_hits?: number;
  total_hits_relation?: string;
  /** Search: how often a field has each value, and how many hits are in each range. */
  counts?: JsonObject | null;
  ranges?: JsonObject | null;
  /** Mango: why the query is slow. */
  warning?: string;
  /** Mango, with `execution_stats`: what the query cost, summed over its pages: plain numbers. */
  execution_stats?: Record<string, number>;
  /** Changes: where the feed stood at its end. */
  last_seq?: Sequence;
  /** Changes: how many remain after the last one. */
  pending?: number;
}

/** What every operation takes. */
export interface OperationOptions {
  /** Stops the operation at once, wherever it is; it then rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

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
   * Attachments by name, to be saved with the document, in one request. Blobs are sent as they are, and streams
   * as they come; browsers, which cannot send one, gather it first. With `new_edits` and without `batch`.
   */
  attachments?: AttachmentContents | undefined;
  /**
   * CouchDB answers before it has written, and tells no revision: nobody learns of a conflict, and the document
   * here stays unsaved until it is fetched.
   */
  batch?: "ok" | undefined;
  /**
   * False stores the document with the revision that it has, as a replicator does, whatever the server has:
   * never a conflict, but perhaps another leaf. Default true.
   */
  new_edits?: boolean | undefined;
}

/**
 * How revisions of a document are read.
 *
 * @see https://docs.couchdb.org/en/stable/api/document/common.html#obtaining-multiple-revisions-of-a-document
 */
export interface OpenRevsOptions extends OperationOptions {
  /** Of each, the leaf that it led to. */
  latest?: boolean | undefined;
  /** Tell the history of each, as `_revisions`. */
  revs?: boolean | undefined;
  /** Give what the attachments hold, in base64. */
  attachments?: boolean | undefined;
}

/** A revision that was asked for, or that it is not there. */
export type OpenRevision<T extends object = JsonObject> =
  | { ok: DocumentData<T>; missing?: undefined }
  | { ok?: undefined; missing: string };

/** Who may do what in a database. */
export interface SecurityData {
  admins?: { names?: string[]; roles?: string[] };
  members?: { names?: string[]; roles?: string[] };
  // biome-ignore lint/suspicious/noExplicitAny: any JSON
  [member: string]: any;
}

/**
 * A view, as a design document defines it: functions as text, or the name of a built-in reduce.
 *
 * @see https://docs.couchdb.org/en/stable/ddocs/ddocs.html#view-functions
 */
export interface ViewDefinition {
  /** A function's text, which emits rows for a document. */
  map: string;
  /** `_sum`, `_count`, `_stats`, `_approx_count_distinct`, or a function. */
  reduce?: string | undefined;
}

/** What a design document may have. */
export interface DesignData {
  /** Of its functions. Default: JavaScript. */
  language?: string;
  options?: { partitioned?: boolean; local_seq?: boolean; include_design?: boolean };
  views?: Record<string, ViewDefinition>;
  filters?: Record<string, string>;
  updates?: Record<string, string>;
  validate_doc_update?: string;
  /** Whether its views are brought up to date in the background. */
  autoupdate?: boolean;
  /** Modules that its functions `require`. */
  lib?: JsonObject;
  /** Search indexes: Clouseau's, and Nouveau's. */
  indexes?: JsonObject;
  nouveau?: JsonObject;
  /** Deprecated by CouchDB, as are `shows` and `rewrites`. */
  lists?: Record<string, string>;
  shows?: Record<string, string>;
  rewrites?: unknown;
}

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
