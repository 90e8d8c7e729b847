import { encodeSegment } from "../http/paths.js";
import { checkOptions } from "../shared/arguments.js";
import type { OperationOptions } from "../shared/types.js";
import type { Ask } from "./asking.js";

/** Whether the server splits shards. */
export interface ReshardState {
  state: "running" | "stopped";
  reason: string | null;
}

/**
 * The shards to split: all of a database, or one.
 *
 * @see https://docs.couchdb.org/en/stable/api/server/common.html#post--_reshard-jobs
 */
export interface ReshardStart {
  /** The type of job; CouchDB has only this one. */
  type: "split";
  /** Split all shards of this database. */
  db?: string | undefined;
  /** Split only shards on this node. */
  node?: string | undefined;
  /** Split only the shard with this range, such as `80000000-ffffffff`. */
  range?: string | undefined;
  /** The complete path of a shard to split. */
  shard?: string | undefined;
}

/** A job that splits a shard, pending, running or done. */
export interface ReshardJob {
  id: string;
  type: "split";
  node: string;
  source: string;
  target: string[];
  job_state: "new" | "running" | "stopped" | "completed" | "failed";
  split_state: string;
  state_info: Record<string, unknown>;
  start_time: string;
  update_time: string;
  history: { timestamp: string; type: string; detail: string | null }[];
}

/**
 * Splitting of shards.
 *
 * @see https://docs.couchdb.org/en/stable/api/server/common.html#reshard
 */
export class Resharding {
  readonly #ask: Ask;

  /** @internal */
  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** Read the number of jobs in each state. */
  async summary(
    options: OperationOptions = {},
  ): Promise<
    { state: "running" | "stopped"; state_reason: string | null } & Record<
      "completed" | "failed" | "running" | "stopped" | "total",
      number
    >
  > {
    const limits = checkOptions(options, "");
    return this.#ask("GET", "_reshard", { expects: "total", limits });
  }

  /** Read whether the server runs jobs. */
  async state(options: OperationOptions = {}): Promise<ReshardState> {
    const limits = checkOptions(options, "");
    return this.#ask("GET", "_reshard/state", { expects: "state", limits });
  }

  /** Stop or resume all jobs. */
  async setState(
    state: ReshardState["state"],
    options: OperationOptions & { state_reason?: string | undefined } = {},
  ): Promise<void> {
    const { state_reason } = checkOptions(options, "state_reason");
    await this.#put("_reshard/state", { state, state_reason }, options);
  }

  /** List the jobs that the server remembers. */
  async jobs(options: OperationOptions = {}): Promise<ReshardJob[]> {
    const limits = checkOptions(options, "");
    const question = { expects: "jobs", limits };
    return (await this.#ask<{ jobs: ReshardJob[] }>("GET", "_reshard/jobs", question)).jobs;
  }

  /**
   * Read a job.
   *
   * @throws NotFoundError if it does not exist
   */
  async job(id: string, options: OperationOptions = {}): Promise<ReshardJob> {
    const limits = checkOptions(options, "");
    return this.#ask("GET", jobPath(id), { expects: "job_state", limits });
  }

  /**
   * Start to split shards, with one job for each.
   *
   * ```ts
   * const jobs = await admin(couch).resharding.start({ type: "split", db: "animals" });
   * ```
   *
   * @returns the `id` of a job, or an `error`, for each shard
   */
  async start(
    start: ReshardStart,
    options: OperationOptions = {},
  ): Promise<{ ok?: true; id?: string; error?: string; node: string; shard: string }[]> {
    const limits = checkOptions(options, "");
    return this.#ask("POST", "_reshard/jobs", { json: start, expects: "length", limits });
  }

  /** Read the state of a job. */
  async jobState(
    id: string,
    options: OperationOptions = {},
  ): Promise<{ state: ReshardJob["job_state"]; reason: string | null }> {
    const limits = checkOptions(options, "");
    return this.#ask("GET", `${jobPath(id)}/state`, { expects: "state", limits });
  }

  /** Stop or resume a job. */
  async setJobState(
    id: string,
    state: "running" | "stopped",
    options: OperationOptions & { state_reason?: string | undefined } = {},
  ): Promise<void> {
    const { state_reason } = checkOptions(options, "state_reason");
    await this.#put(`${jobPath(id)}/state`, { state, state_reason }, options);
  }

  /** Stop and remove a job. A completed split is not undone. */
  async remove(id: string, options: OperationOptions = {}): Promise<void> {
    const limits = checkOptions(options, "");
    await this.#ask("DELETE", jobPath(id), { expects: "ok", limits });
  }

  async #put(path: string, json: object, limits: OperationOptions): Promise<void> {
    await this.#ask("PUT", path, { json, expects: "ok", effect: "idempotent", limits } as const);
  }
}

function jobPath(id: string): string {
  return `_reshard/jobs/${encodeSegment(id)}`;
}
