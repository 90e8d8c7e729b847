import { encodeSegment } from "../http/paths.js";
import type { OperationOptions } from "../shared/types.js";
import type { Ask } from "./asking.js";

/** Whether shards are split. */
export interface ReshardState {
  state: "running" | "stopped";
  reason: string | null;
}

/**
 * Which shards to split: all of a database, or one.
 *
 * @see https://docs.couchdb.org/en/stable/api/server/common.html#post--_reshard-jobs
 */
export interface ReshardStart {
  /** There is but this. */
  type: "split";
  /** All shards of this database. */
  db?: string | undefined;
  /** Only on this node. */
  node?: string | undefined;
  /** `80000000-ffffffff`, for example. */
  range?: string | undefined;
  /** The whole path of a shard. */
  shard?: string | undefined;
}

/** A shard's split, under way or done. */
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
 * How the shards of databases are split.
 *
 * @see https://docs.couchdb.org/en/stable/api/server/common.html#reshard
 */
export class Resharding {
  readonly #ask: Ask;

  /** @internal */
  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** How many jobs there are in each state. */
  summary({
    signal,
  }: OperationOptions = {}): Promise<
    { state: "running" | "stopped"; state_reason: string | null } & Record<
      "completed" | "failed" | "running" | "stopped" | "total",
      number
    >
  > {
    return this.#ask("GET", "_reshard", { expects: "total", signal });
  }

  /** Whether jobs are worked on. */
  state({ signal }: OperationOptions = {}): Promise<ReshardState> {
    return this.#ask("GET", "_reshard/state", { expects: "state", signal });
  }

  /** Stops all jobs, or lets them go on. */
  async setState(
    state: ReshardState["state"],
    { state_reason, signal }: OperationOptions & { state_reason?: string | undefined } = {},
  ): Promise<void> {
    await this.#put("_reshard/state", { state, state_reason }, signal);
  }

  /** All jobs that the server remembers. */
  async jobs({ signal }: OperationOptions = {}): Promise<ReshardJob[]> {
    const question = { expects: "jobs", signal };
    return (await this.#ask<{ jobs: ReshardJob[] }>("GET", "_reshard/jobs", question)).jobs;
  }

  /** @throws NotFoundError for an id that there is not */
  async job(id: string, { signal }: OperationOptions = {}): Promise<ReshardJob> {
    return this.#ask("GET", jobPath(id), { expects: "job_state", signal });
  }

  /**
   * Begins to split shards, each by a job of its own.
   *
   * @returns a job's `id`, or an `error`, for each shard
   */
  start(
    start: ReshardStart,
    { signal }: OperationOptions = {},
  ): Promise<{ ok?: true; id?: string; error?: string; node: string; shard: string }[]> {
    return this.#ask("POST", "_reshard/jobs", { json: start, expects: "length", signal });
  }

  /** The state of one job. */
  async jobState(
    id: string,
    { signal }: OperationOptions = {},
  ): Promise<{ state: ReshardJob["job_state"]; reason: string | null }> {
    return this.#ask("GET", `${jobPath(id)}/state`, { expects: "state", signal });
  }

  /** Stops a job, or lets it go on. */
  async setJobState(
    id: string,
    state: "running" | "stopped",
    { state_reason, signal }: OperationOptions & { state_reason?: string | undefined } = {},
  ): Promise<void> {
    await this.#put(`${jobPath(id)}/state`, { state, state_reason }, signal);
  }

  /** Stops a job, and forgets it. What it has split stays so. */
  async remove(id: string, { signal }: OperationOptions = {}): Promise<void> {
    await this.#ask("DELETE", jobPath(id), { expects: "ok", signal });
  }

  async #put(path: string, json: object, signal: AbortSignal | undefined): Promise<void> {
    await this.#ask("PUT", path, { json, expects: "ok", effect: "idempotent", signal } as const);
  }
}

function jobPath(id: string): string {
  return `_reshard/jobs/${encodeSegment(id)}`;
}
