import type { Auth } from "../auth/auth.js";
import type { Hooks } from "../http/hooks.js";
import type { Fetch } from "../http/request.js";
import type { RetryOptions } from "../http/retry.js";
import type { Json, ParamsOptions } from "../shared/types.js";

/** Options of a session. */
export interface CouchDBOptions {
  /** The authentication. Default: the `user:password@` of the URL, or none. */
  auth?: Auth | undefined;
  /** The fetch function, such as a worker's service binding or a test's. Default: the runtime's. */
  fetch?: Fetch | undefined;
  /** Headers to send with each request. */
  headers?: HeadersInit | undefined;
  /** Milliseconds that the server may be silent, before its response and within it. Default 30 000. */
  timeout?: number | undefined;
  /**
   * The same for responses that the server may have to compute: of views, `find`, searches, filtered changes
   * and `readRows`. Default 300 000. Node's own limit is not longer, unless you pass a `fetch` without one.
   */
  silenceTimeout?: number | undefined;
  /** How to retry requests that are safe to repeat. */
  retry?: RetryOptions | undefined;
  /** Functions that observe the requests, for logging and tracing. */
  hooks?: Hooks | undefined;
  /** The JSON functions. Default: the runtime's `JSON`. */
  json?: Json | undefined;
}

/**
 * Options for creating a database.
 *
 * @see https://docs.couchdb.org/en/stable/api/database/common.html#put--db
 */
export interface CreateDatabaseOptions extends ParamsOptions {
  /** Accept an existing database. Default false. */
  existsOk?: boolean | undefined;
  /** The number of shards. Default: as the server is configured. */
  q?: number | undefined;
  /** The number of replicas of each shard. Default: as the server is configured. */
  n?: number | undefined;
  /** Whether ids begin with the name of a partition, as in `land:cat`. Default false. */
  partitioned?: boolean | undefined;
}

/**
 * Parameters for listing databases.
 *
 * @see https://docs.couchdb.org/en/stable/api/server/common.html#all-dbs
 */
export interface AllDbsParams extends ParamsOptions {
  /** The first name. */
  startkey?: string;
  /** The last name. */
  endkey?: string;
  /** List the last name first. Default false. */
  descending?: boolean | undefined;
  /** The maximum number of names. Default: no limit. */
  limit?: number | undefined;
  /** The number of names to skip. Default 0. */
  skip?: number | undefined;
  /** Whether to include `endkey` itself. Default true. */
  inclusive_end?: boolean | undefined;
}
