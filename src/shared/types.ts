/** Any JSON object. Its members are `any`, as they can be any JSON. */
// biome-ignore lint/suspicious/noExplicitAny: an untyped document's members can be used without a cast
export type JsonObject = Record<string, any>;

/**
 * JSON functions. Pass your own to keep values that `JSON` loses, such as 64-bit integers. Both must be
 * synchronous, and `parse` must read what `stringify` writes.
 *
 * Numbers in results, such as `total_rows`, are what your `parse` returns. You can pass such numbers wherever
 * CouchDB accepts one, such as a key, `limit` or `since`.
 */
export interface Json {
  /** Parse a JSON text. */
  parse(text: string): unknown;
  /** Serialize a value. Returns undefined for a value that is not JSON, such as a function. */
  stringify(value: unknown): string | undefined;
}

/** A position in the changes of a database. Opaque: CouchDB uses strings, other servers numbers. */
export type Sequence = string | number;

/** An attachment in a document that was read without the attachments' content. */
export interface AttachmentStub {
  content_type: string;
  digest?: string;
  length?: number;
  revpos?: number;
  stub?: boolean;
  /** In multipart bodies: the content follows as a separate part, compressed or not. */
  follows?: boolean;
  /** With `att_encoding_info`: the compression, and the compressed length in bytes. */
  encoding?: string;
  encoded_length?: number;
  /** The content in base64, if it was requested or is to be saved. */
  data?: string;
}

/** The members that CouchDB keeps in a document. */
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
  /** With `revs_info`: the history, and which revisions are still available. */
  _revs_info?: { rev: string; status: "available" | "missing" | "deleted" }[];
}

/** A document's JSON: your members and CouchDB's. */
export type DocumentData<T extends object = JsonObject> = T & DocumentMembers;

/** The JSON of a deleted document: CouchDB's members, and those that it was deleted with. */
export interface Tombstone extends DocumentMembers {
  _rev: string;
  _deleted: true;
  [member: string]: unknown;
}

/** The content of a new document. You can leave it out only if no member of `T` is required. */
export type NewData<T extends object> = object extends T ? [data?: Data<T>] : [data: T];

/** The content of a document, which is not its options. */
export type Data<T extends object> = string extends keyof T
  ? T & { existsOk?: "an option: pass it after the data" }
  : T;

/** CouchDB's response to a successful write of one document. */
export interface WriteResult {
  ok: boolean;
  id: string;
  rev: string;
}

/** CouchDB's result for one document of a bulk write: `rev`, or `error` and `reason`. */
export interface BulkRow {
  ok?: boolean;
  id: string;
  rev?: string;
  error?: string;
  reason?: string;
}

/** CouchDB's result for one document of a bulk read. */
export interface BulkGetRow<T extends object = JsonObject> {
  id: string;
  docs: (
    | { ok: DocumentData<T> | Tombstone; error?: undefined }
    | { ok?: undefined; error: { id: string; rev: string; error: string; reason: string } }
  )[];
}

/** The server's name, version and features (`GET /`). */
export interface ServerInfo {
  couchdb: string;
  version: string;
  uuid?: string;
  git_sha?: string;
  features?: string[];
  vendor?: { name: string; version?: string };
}

/** The user that the server recognizes. `name` is null for an anonymous session. */
export interface UserContext {
  name: string | null;
  roles: string[];
}

/** Information about a database (`GET /{db}`). */
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

/** The members of a result other than its rows; the request determines which there are. */
export interface RowsSummary {
  /** Rows in the whole view. Missing if the view was reduced. */
  total_rows?: number;
  /** Rows before the first one returned; null if CouchDB does not count them. */
  offset?: number | null;
  update_seq?: Sequence;
  /** Mango and search: where the next page begins. */
  bookmark?: string;
  /** Nouveau: the number of hits, and whether it is a lower bound. Clouseau has `total_rows`. */
  total_hits?: number;
  total_hits_relation?: string;
  /** Search: the number of hits for each value of a field, and in each range. */
  counts?: JsonObject | null;
  ranges?: JsonObject | null;
  /** Mango: why the query is slow. */
  warning?: string;
  /** Mango, with `execution_stats`: the cost of the query, summed over its pages, as plain numbers. */
  execution_stats?: Record<string, number>;
  /** Changes: the sequence at the end of the feed. */
  last_seq?: Sequence;
  /** Changes: the number of changes after the last one. */
  pending?: number;
}

/** Options of every operation. */
export interface OperationOptions {
  /** Abort the operation at once; it rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /**
   * Milliseconds that the server may be silent during this operation, before a response and within it. Default:
   * the session's `timeout`; for what the server may have to compute, its `silenceTimeout`.
   */
  timeout?: number | undefined;
}

/** Options of an operation, most of which CouchDB gets as parameters. */
export interface ParamsOptions extends OperationOptions {
  /** Parameters for CouchDB that couchfetch does not know. They cannot have the name of an option. */
  params?: Record<string, unknown> | undefined;
}
