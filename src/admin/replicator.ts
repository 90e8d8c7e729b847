import { documentPath } from "../http/paths.js";
import { checkOptions } from "../shared/arguments.js";
import type { OperationOptions } from "../shared/types.js";
import type { Ask } from "./asking.js";
import type { Endpoint, EndpointData } from "./endpoint.js";
import {
  type ReplicationParams,
  type ReplicationProgress,
  replicationParams,
} from "./replication.js";

/** The scheduler's state of a persistent replication. */
export interface ReplicationState {
  database: string;
  doc_id: string;
  id: string | null;
  node: string;
  source: string;
  target: string;
  state: "initializing" | "error" | "pending" | "running" | "crashing" | "completed" | "failed";
  /** The progress, or the error. */
  info: (Partial<ReplicationProgress> & { error?: string }) | null;
  error_count: number;
  last_updated: string;
  start_time: string | null;
}

/**
 * Parameters of a persistent replication.
 *
 * @see https://docs.couchdb.org/en/stable/replication/replicator.html
 */
export interface PersistentParams extends ReplicationParams {
  /** Never end, but replicate new changes, too. Default false. */
  continuous?: boolean | undefined;
}

/** The parts of a server that a replicator uses. */
export interface Surroundings {
  ask: Ask;
  /** Wait some milliseconds. Rejects when the signal aborts or the session is closed. */
  sleep(milliseconds: number, limits?: OperationOptions): Promise<void>;
  endpoint(given: Endpoint): Promise<EndpointData>;
}

/**
 * Persistent replications, which survive restarts of the server. Each has a document in this database.
 *
 * @see https://docs.couchdb.org/en/stable/replication/replicator.html
 */
export class Replicator {
  readonly #surroundings: Surroundings;
  readonly #path: string;

  /**
   * @internal
   * @param path - the path of the database
   */
  constructor(surroundings: Surroundings, path: string) {
    this.#surroundings = surroundings;
    this.#path = path;
  }

  /**
   * Start a replication. Its document includes the endpoints' credentials: do not use an expiring one, such
   * as a `cookie`, for a long replication.
   *
   * ```ts
   * const replication = await admin(couch).replicator().create("animals", "copy", { continuous: true });
   * ```
   *
   * @param params - `_id`: the id of the document; default: a random one
   * @throws ConflictError if the id exists
   */
  async create(
    source: Endpoint,
    target: Endpoint,
    params: PersistentParams & { _id?: string | undefined } = {},
  ): Promise<Replication> {
    const known = replicationParams(params, "continuous _id");
    const { _id = crypto.randomUUID(), ...rest } = known as typeof params;
    const { ask, endpoint } = this.#surroundings;
    const replication = this.get(_id);
    const json = { ...rest, source: await endpoint(source), target: await endpoint(target) };
    await ask("PUT", `${this.#path}/${documentPath(_id)}`, {
      json,
      expects: "rev",
      limits: params,
    });
    return replication;
  }

  /** A replication that exists. Sends no request. */
  get(id: string): Replication {
    return new Replication(this.#surroundings, this.#path, id);
  }

  /** List the states of these replications. */
  async states(options: OperationOptions = {}): Promise<ReplicationState[]> {
    const limits = checkOptions(options, "");
    return statesOf(this.#surroundings.ask, `_scheduler/docs/${this.#path}`, limits);
  }
}

/** List the states of persistent replications. */
export async function statesOf(
  ask: Ask,
  path: string,
  limits: OperationOptions,
): Promise<ReplicationState[]> {
  const question = { query: { limit: 10_000 }, expects: "docs", limits };
  return (await ask<{ docs: ReplicationState[] }>("GET", path, question)).docs;
}

// Milliseconds between two requests.
const interval = 500;

/** A persistent replication. */
export class Replication {
  /** The id of its document. */
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
   * Read the state of the replication.
   *
   * @throws NotFoundError if the document does not exist, or the scheduler has not processed it yet
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#get--_scheduler-docs-replicator_db-docid
   */
  async state(options: OperationOptions = {}): Promise<ReplicationState> {
    const limits = checkOptions(options, "");
    return this.#surroundings.ask("GET", this.#scheduler, { expects: "state", limits });
  }

  /**
   * Follow the state of the replication until it has completed or failed; a continuous replication may run
   * forever. It yields each new state, including the last one.
   *
   * ```ts
   * for await (const { state, info } of replication.states()) console.log(state, info?.docs_written);
   * ```
   *
   * @throws NotFoundError if the document is deleted, as soon as the scheduler notices
   */
  async *states(options: OperationOptions = {}): AsyncGenerator<ReplicationState, void, void> {
    const limits = checkOptions(options, "");
    let seen = "";
    for (;;) {
      const state = await this.#look(limits);
      const text = JSON.stringify(state);
      if (state && text !== seen) {
        seen = text;
        yield state;
        if (state.state === "completed" || state.state === "failed") return;
      }
      await this.#surroundings.sleep(interval, limits);
    }
  }

  /**
   * Cancel the replication by deleting its document.
   *
   * @throws NotFoundError if the document does not exist
   */
  async cancel(options: OperationOptions = {}): Promise<void> {
    const limits = checkOptions(options, "");
    const { ask } = this.#surroundings;
    // The scheduler also updates the document.
    for (let attempt = 1; ; attempt += 1) {
      const question = { expects: "_rev", limits };
      const { _rev: rev } = await ask<{ _rev: string }>("GET", this.#document, question);
      try {
        await ask("DELETE", this.#document, { query: { rev }, expects: "rev", limits });
        return;
      } catch (error) {
        if (Object(error).status !== 409 || attempt === 10) throw error;
      }
    }
  }

  /** Read the state; undefined if the scheduler has not processed the document yet. */
  async #look(limits: OperationOptions): Promise<ReplicationState | undefined> {
    try {
      return await this.state(limits);
    } catch (error) {
      if (Object(error).status !== 404) throw error;
      await this.#surroundings.ask("GET", this.#document, { expects: "_rev", limits });
      return undefined;
    }
  }
}
