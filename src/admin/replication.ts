import type { OperationOptions } from "../shared/types.js";
import type { Ask } from "./asking.js";
import type { EndpointData } from "./endpoint.js";

/**
 * What is replicated, and how. All but `signal` goes to CouchDB as it is.
 *
 * @see https://docs.couchdb.org/en/stable/replication/replicator.html
 */
export interface ReplicationParams extends OperationOptions {
  /** Create the target, if there is none. Default false. */
  create_target?: boolean | undefined;
  /** How it is created: shards, replicas, partitions. */
  create_target_params?: { q?: number; n?: number; partitioned?: boolean } | undefined;
  /** Only these documents. */
  doc_ids?: readonly string[] | undefined;
  /** Only documents that match. */
  selector?: object | undefined;
  /** Only what a filter function of the source lets through, `design/function`. */
  filter?: string | undefined;
  /** What the filter function finds in `req.query`. */
  query_params?: Record<string, string> | undefined;
  /** Only changes after this sequence of the source. Default: all. */
  since_seq?: string | number | undefined;
  /** Whether it goes on, the next time, where it ended. Default true. */
  use_checkpoints?: boolean | undefined;
  /** Milliseconds. */
  checkpoint_interval?: number | undefined;
  /** Leave conflicts behind. Default false. */
  winning_revs_only?: boolean | undefined;
  [param: string]: unknown;
}

/** How far a replication is. */
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

/** What has become of a replication. */
export interface ReplicationResult {
  ok: boolean;
  /** There was nothing to do. */
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

/** A replication that the scheduler works on. */
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

// Milliseconds between two looks.
const interval = 500;

interface Endpoints {
  source: EndpointData;
  target: EndpointData;
}

/** How far a call of `replicate` is. */
interface State {
  isOver: boolean;
  /** Whether `onProgress` threw. */
  hasThrown: boolean;
}

/** Replicate once, and wait for the end. A signal or `onProgress` that throws cancels the replication. */
export async function replicate(
  ask: Ask,
  sleep: (milliseconds: number) => Promise<void>,
  endpoints: Endpoints,
  params: ReplicationParams,
  onProgress?: (progress: ReplicationProgress) => void,
): Promise<ReplicationResult> {
  const { signal, ...rest } = params;
  signal?.throwIfAborted();
  if (rest.continuous || rest.cancel) {
    throw new TypeError("a continuous replication never ends: use the replicator");
  }
  const json = { ...rest, ...endpoints };
  const state = { isOver: false, hasThrown: false };
  try {
    const done = requestUntilDone(ask, json, signal);
    if (!onProgress) return await done;
    const reporting = report(ask, sleep, endpoints, state, onProgress).then(() => done);
    return await Promise.race([done, reporting]);
  } catch (error) {
    if (signal?.aborted || state.hasThrown) {
      // The caller does not wait for the cancellation.
      const question = { json: { ...json, cancel: true }, expects: "ok" };
      void ask("POST", "_replicate", question).catch(() => {});
    }
    throw error;
  } finally {
    state.isOver = true;
  }
}

/** Request a replication, and again while it takes longer than the session's timeout. */
async function requestUntilDone(
  ask: Ask,
  json: object,
  signal: AbortSignal | undefined,
): Promise<ReplicationResult> {
  for (;;) {
    try {
      // Requested again, it is the same replication while that runs.
      const question = { json, expects: "ok", effect: "idempotent", signal } as const;
      return await ask<ReplicationResult>("POST", "_replicate", question);
    } catch (error) {
      if (Object(error).name !== "TimeoutError" || signal?.aborted) throw error;
      // This fails if the server is away.
      await jobsOf(ask, { signal });
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
    // An error here does not matter to the replication.
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

/** What the scheduler works on. */
export async function jobsOf(ask: Ask, { signal }: OperationOptions): Promise<ReplicationJob[]> {
  const question = { query: { limit: 1000 }, expects: "jobs", signal };
  return (await ask<{ jobs: ReplicationJob[] }>("GET", "_scheduler/jobs", question)).jobs;
}

/** CouchDB shows URLs with a slash at the end. */
function isAbout({ doc_id, source, target }: ReplicationJob, endpoints: Endpoints): boolean {
  const isSame = (shown: string, { url }: EndpointData) => shown.replace(/\/$/, "") === url;
  return doc_id === null && isSame(source, endpoints.source) && isSame(target, endpoints.target);
}
