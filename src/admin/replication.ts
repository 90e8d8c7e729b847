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

/** Replicates once, and waits for the end of it; who gives up ends it. */
export async function replicate(
  ask: Ask,
  sleep: (milliseconds: number) => Promise<void>,
  endpoints: { source: EndpointData; target: EndpointData },
  params: ReplicationParams,
  onProgress?: (progress: ReplicationProgress) => void,
): Promise<ReplicationResult> {
  const { signal, ...rest } = params;
  signal?.throwIfAborted();
  if (rest.continuous || rest.cancel)
    throw new TypeError("What goes on for ever has no end to wait for: begin it by the replicator");
  const json = { ...rest, ...endpoints };
  let isOver = false;
  let isGivenUp = false;
  let seen = "";
  const look = async () => {
    const info = (await jobsOf(ask, {})).find((job) => isAbout(job, endpoints))?.info;
    const text = JSON.stringify(info);
    if (isOver || !info || text === seen) return undefined;
    seen = text;
    return info;
  };
  const watch = async (tell: (progress: ReplicationProgress) => void) => {
    while (!isOver) {
      await sleep(interval);
      // What goes wrong with the looking does not matter to the work.
      const info = await look().catch(() => undefined);
      try {
        if (info) tell(info);
      } catch (error) {
        isGivenUp = true;
        throw error;
      }
    }
  };
  const work = async (): Promise<ReplicationResult> => {
    for (;;) {
      try {
        // Asked for again, it is the same one, as long as that goes on.
        const question = { json, expects: "ok", effect: "idempotent", signal } as const;
        return await ask<ReplicationResult>("POST", "_replicate", question);
      } catch (error) {
        if (Object(error).name !== "TimeoutError" || signal?.aborted) throw error;
        // It takes longer than the session waits for an answer, or nobody is there.
        await jobsOf(ask, { signal });
      }
    }
  };
  const never = new Promise<never>(() => {});
  try {
    const done = work();
    const watching = onProgress ? watch(onProgress).then(() => done) : never;
    return await Promise.race([done, watching]);
  } catch (error) {
    if (signal?.aborted || isGivenUp) {
      // Whoever gives up need not wait until it has ended.
      const question = { json: { ...json, cancel: true }, expects: "ok" };
      void ask("POST", "_replicate", question).catch(() => {});
    }
    throw error;
  } finally {
    isOver = true;
  }
}

/** What the scheduler works on. */
export async function jobsOf(ask: Ask, { signal }: OperationOptions): Promise<ReplicationJob[]> {
  const question = { query: { limit: 1000 }, expects: "jobs", signal };
  return (await ask<{ jobs: ReplicationJob[] }>("GET", "_scheduler/jobs", question)).jobs;
}

/** CouchDB shows URLs with a slash at the end. */
function isAbout(
  { doc_id, source, target }: ReplicationJob,
  endpoints: { source: EndpointData; target: EndpointData },
): boolean {
  const isSame = (shown: string, { url }: EndpointData) => shown.replace(/\/$/, "") === url;
  return doc_id === null && isSame(source, endpoints.source) && isSame(target, endpoints.target);
}
