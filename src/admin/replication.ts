import { checkJson, limitsOf, paramsOf } from "../shared/arguments.js";
import type { OperationOptions, ParamsOptions } from "../shared/types.js";
import type { Ask } from "./asking.js";
import type { EndpointData } from "./endpoint.js";

/**
 * Parameters of a replication, as CouchDB names them.
 *
 * @see https://docs.couchdb.org/en/stable/replication/replicator.html
 */
export interface ReplicationParams extends ParamsOptions {
  /** Create the target if it does not exist. Default false. */
  create_target?: boolean | undefined;
  /** Parameters for creating the target: shards, replicas, partitions. */
  create_target_params?: { q?: number; n?: number; partitioned?: boolean } | undefined;
  /** Replicate only these documents. */
  doc_ids?: readonly string[];
  /** Replicate only documents that match this selector. */
  selector?: object;
  /** Replicate only documents that pass a filter function of the source, `design/function`. */
  filter?: string;
  /** Parameters for the filter function, in its `req.query`. */
  query_params?: Record<string, string>;
  /** Replicate only changes after this sequence of the source. Default: all. */
  since_seq?: string | number | undefined;
  /** Whether the next replication resumes where this one ended. Default true. */
  use_checkpoints?: boolean | undefined;
  /** Milliseconds between checkpoints. */
  checkpoint_interval?: number | undefined;
  /** Replicate only winning revisions, without conflicts. Default false. */
  winning_revs_only?: boolean | undefined;
  /** The number of connections to each endpoint. */
  http_connections?: number | undefined;
  /** The number of processes that copy documents. */
  worker_processes?: number | undefined;
  /** The number of changes that a process handles at a time. */
  worker_batch_size?: number | undefined;
  /** Milliseconds until a connection times out. */
  connection_timeout?: number | undefined;
  /** The number of retries of a request. */
  retries_per_request?: number | undefined;
  /** Erlang's options of the sockets, as text. */
  socket_options?: string | undefined;
  /** Read several documents in one request, if the source supports it. */
  use_bulk_get?: boolean | undefined;
}

const known =
  "create_target create_target_params doc_ids selector filter query_params since_seq use_checkpoints checkpoint_interval winning_revs_only http_connections worker_processes worker_batch_size connection_timeout retries_per_request socket_options use_bulk_get" as const;

// Without one of these, CouchDB replicates more documents.
const selecting = ["doc_ids", "selector", "filter", "query_params"];

/**
 * Check the parameters of a replication.
 *
 * @param names - those of other options
 * @throws TypeError if a parameter is unknown, or if one that selects documents is undefined, or contains
 * undefined, NaN or Infinity
 */
export function replicationParams<O extends ReplicationParams>(options: O, names: string) {
  const params = paramsOf<ReplicationParams, typeof known>(
    options,
    `${known} ${names}` as typeof known,
  );
  for (const name of selecting) if (name in params) checkJson(name, params[name as "filter"]);
  return params;
}

/** The progress of a replication. */
export interface ReplicationProgress {
  docs_read: number;
  docs_written: number;
  doc_write_failures: number;
  missing_revisions_found: number;
  revisions_checked: number;
  changes_pending: number | null;
  checkpointed_source_seq?: string | number;
  source_seq?: string | number;
  through_seq?: string | number;
}

/** The result of a replication. */
export interface ReplicationResult {
  ok: boolean;
  /** Whether there was nothing to replicate. */
  no_changes?: boolean;
  session_id: string;
  source_last_seq: string | number;
  replication_id_version: number;
  history: {
    session_id: string;
    start_time: string;
    end_time: string;
    docs_read: number;
    docs_written: number;
    doc_write_failures: number;
    missing_checked: number;
    missing_found: number;
    [member: string]: unknown;
  }[];
}

/** A replication in the scheduler. */
export interface ReplicationJob {
  id: string;
  database: string | null;
  doc_id: string | null;
  node: string;
  pid: string | null;
  source: string;
  target: string;
  user: string | null;
  start_time: string;
  history: { timestamp: string; type: string; reason?: string }[];
  info: ReplicationProgress | null;
}

// Milliseconds between two requests.
const interval = 500;

interface Endpoints {
  source: EndpointData;
  target: EndpointData;
}

/** The state of a `replicate` call. */
interface State {
  isOver: boolean;
  /** Whether `onProgress` threw. */
  hasThrown: boolean;
}

/** Replicate once, and wait for the end. An aborted signal, or an `onProgress` that throws, cancels it. */
export async function replicate(
  ask: Ask,
  sleep: (milliseconds: number) => Promise<void>,
  endpoints: Endpoints,
  options: ReplicationParams,
  onProgress?: (progress: ReplicationProgress) => void,
): Promise<ReplicationResult> {
  options.signal?.throwIfAborted();
  if ("continuous" in options || "cancel" in options)
    throw new TypeError("a continuous replication never ends: use the replicator");
  const json = { ...replicationParams(options, ""), ...endpoints };
  const state = { isOver: false, hasThrown: false };
  try {
    const done = requestUntilDone(ask, json, limitsOf(options));
    if (!onProgress) return await done;
    const reporting = report(ask, sleep, endpoints, state, onProgress).then(() => done);
    return await Promise.race([done, reporting]);
  } catch (error) {
    if (options.signal?.aborted || state.hasThrown) {
      // The caller does not wait for the cancellation.
      const question = { json: { ...json, cancel: true }, expects: "ok" };
      void ask("POST", "_replicate", question).catch(() => {});
    }
    throw error;
  } finally {
    state.isOver = true;
  }
}

/** Request a replication, again and again if it takes longer than the session's timeout. */
async function requestUntilDone(
  ask: Ask,
  json: object,
  limits: OperationOptions,
): Promise<ReplicationResult> {
  for (;;) {
    try {
      // While the replication runs, another request attaches to it.
      const question = { json, expects: "ok", effect: "idempotent", limits } as const;
      return await ask<ReplicationResult>("POST", "_replicate", question);
    } catch (error) {
      if (Object(error).name !== "TimeoutError" || limits.signal?.aborted) throw error;
      // This throws if the server is away.
      await jobsOf(ask, limits);
    }
  }
}

/** Report the progress of a replication until it is over. */
async function report(
  ask: Ask,
  sleep: (milliseconds: number) => Promise<void>,
  endpoints: Endpoints,
  state: State,
  onProgress: (progress: ReplicationProgress) => void,
): Promise<void> {
  let seen = "";
  while (!state.isOver) {
    await sleep(interval);
    // An error here does not affect the replication.
    const jobs = await jobsOf(ask, {}).catch(() => []);
    const info = jobs.find((job) => isAbout(job, endpoints))?.info;
    const text = JSON.stringify(info);
    if (state.isOver || !info || text === seen) continue;
    seen = text;
    try {
      onProgress(info);
    } catch (error) {
      state.hasThrown = true;
      throw error;
    }
  }
}

/** List the replications in the scheduler. */
export async function jobsOf(ask: Ask, limits: OperationOptions): Promise<ReplicationJob[]> {
  const question = { query: { limit: 1000 }, expects: "jobs", limits };
  return (await ask<{ jobs: ReplicationJob[] }>("GET", "_scheduler/jobs", question)).jobs;
}

/** Whether a job replicates these endpoints. CouchDB shows their URLs with a trailing slash. */
function isAbout({ doc_id, source, target }: ReplicationJob, endpoints: Endpoints): boolean {
  const isSame = (shown: string, { url }: EndpointData) => shown.replace(/\/$/, "") === url;
  return doc_id === null && isSame(source, endpoints.source) && isSame(target, endpoints.target);
}
