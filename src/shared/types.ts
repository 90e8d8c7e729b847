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
