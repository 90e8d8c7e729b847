import { documentPath } from "../http/paths.js";
import type { OperationOptions } from "../shared/types.js";
import type { Ask } from "./asking.js";
import type { Endpoint, EndpointData } from "./endpoint.js";
import type { ReplicationParams, ReplicationProgress } from "./replication.js";

/** What the scheduler says of a replication that a document stands for. */
export interface ReplicationState {
  database: string;
  doc_id: string;
  id: string | null;
  node: string;
  source: string;
  target: string;
  state: "initializing" | "error" | "pending" | "running" | "crashing" | "completed" | "failed";
  /** How far it is; or what is wrong. */
  info: (Partial<ReplicationProgress> & { error?: string }) | null;
  error_count: number;
  last_updated: string;
  start_time: string | null;
}

/**
 * How a replication is begun that goes on by itself.
 *
 * @see https://docs.couchdb.org/en/stable/replication/replicator.html
 */
export interface PersistentParams extends ReplicationParams {
  /** Never end. Default false. */
  continuous?: boolean | undefined;
}

/** What a replicator needs of its server. */
export interface Surroundings {
  ask: Ask;
  /** Waits so many milliseconds, or until the signal aborts or the session is closed. */
  sleep(milliseconds: number, signal?: AbortSignal | undefined): Promise<void>;
  endpoint(given: Endpoint): Promise<EndpointData>;
}

/**
 * Replications that go on by themselves, through restarts, each of a document of a database of their own.
 *
 * @see https://docs.couchdb.org/en/stable/replication/replicator.html
 */
export class Replicator {
  readonly #surroundings: Surroundings;
  readonly #path: string;

  /**
   * @internal
   * @param path - of the database
   */
  constructor(surroundings: Surroundings, path: string) {
    this.#surroundings = surroundings;
    this.#path = path;
  }

  /**
   * Begins a replication. Its credentials are part of the document: what expires, a `cookie` for example, is
   * nothing for one that goes on for long.
   *
   * @param params - `_id`: of the document; default, one that is made up
   * @throws ConflictError if there is one of this id
   */
  async create(
    source: Endpoint,
    target: Endpoint,
    params: PersistentParams & { _id?: string | undefined } = {},
  ): Promise<Replication> {
    const { _id = crypto.randomUUID(), signal, ...rest } = params;
    const { ask, endpoint } = this.#surroundings;
    const replication = this.get(_id);
    const json = { ...rest, source: await endpoint(source), target: await endpoint(target) };
    await ask("PUT", `${this.#path}/${documentPath(_id)}`, { json, expects: "rev", signal });
    return replication;
  }

  /** A replication that there is. No request. */
  get(id: string): Replication {
    return new Replication(this.#surroundings, this.#path, id);
  }

  /** What the scheduler says of all of them. */
  async states({ signal }: OperationOptions = {}): Promise<ReplicationState[]> {
    return statesOf(this.#surroundings.ask, `_scheduler/docs/${this.#path}`, signal);
  }
}

/** What the scheduler says of replications that have documents. */
export async function statesOf(
  ask: Ask,
  path: string,
  signal: AbortSignal | undefined,
): Promise<ReplicationState[]> {
  const question = { query: { limit: 10_000 }, expects: "docs", signal };
  return (await ask<{ docs: ReplicationState[] }>("GET", path, question)).docs;
}

// Milliseconds between two looks.
const interval = 500;

/** A replication that goes on by itself. */
export class Replication {
  /** Of its document. */
  readonly id: string;
  readonly #surroundings: Surroundings;
  readonly #document: string;
  readonly #scheduler: string;

  /** @internal */
  constructor(surroundings: Surroundings, path: string, id: string) {
    this.id = id;
    this.#surroundings = surroundings;
    this.#document = `${path}/${documentPath(id)}`;
    this.#scheduler = `_scheduler/docs/${this.#document}`;
  }

  /**
   * What the scheduler says of it.
   *
   * @throws NotFoundError if there is no such document, or the scheduler has not seen it yet
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#get--_scheduler-docs-replicator_db-docid
   */
  state({ signal }: OperationOptions = {}): Promise<ReplicationState> {
    return this.#surroundings.ask("GET", this.#scheduler, { expects: "state", signal });
  }

  /**
   * The same, each time that it is another, until the replication is completed or has failed: for a continuous
   * one that does not fail, for ever. The last state is given, too.
   *
   * @throws NotFoundError if its document is deleted, once the scheduler has heard of that
   */
  async *states({ signal }: OperationOptions = {}): AsyncGenerator<ReplicationState, void, void> {
    let seen = "";
    for (;;) {
      const state = await this.#look(signal);
      const text = JSON.stringify(state);
      if (state && text !== seen) {
        seen = text;
        yield state;
        if (state.state === "completed" || state.state === "failed") return;
      }
      await this.#surroundings.sleep(interval, signal);
    }
  }

  /**
   * Ends it: its document is deleted.
   *
   * @throws NotFoundError if there is none
   */
  async cancel({ signal }: OperationOptions = {}): Promise<void> {
    const { ask } = this.#surroundings;
    // The scheduler writes to the document, too.
    for (let attempt = 1; ; attempt += 1) {
      const question = { expects: "_rev", signal };
      const { _rev: rev } = await ask<{ _rev: string }>("GET", this.#document, question);
      try {
        await ask("DELETE", this.#document, { query: { rev }, expects: "rev", signal });
        return;
      } catch (error) {
        if (Object(error).status !== 409 || attempt === 10) throw error;
      }
    }
  }

  /** Its state; undefined while the scheduler has not seen its document. */
  async #look(signal: AbortSignal | undefined): Promise<ReplicationState | undefined> {
    try {
      return await this.state({ signal });
    } catch (error) {
      if (Object(error).status !== 404) throw error;
      await this.#surroundings.ask("GET", this.#document, { expects: "_rev", signal });
      return undefined;
    }
  }
}
