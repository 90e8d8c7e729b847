import type { HttpClient } from "../http/client.js";
import { databasePath, encodeSegment } from "../http/paths.js";
import type { OperationOptions } from "../shared/types.js";
import { type Ask, asking } from "./asking.js";
import { type Connect, type Endpoint, endpointData } from "./endpoint.js";
import { DatabaseMaintenance } from "./maintenance.js";
import { ServerNode } from "./node.js";
import {
  jobsOf,
  type ReplicationJob,
  type ReplicationParams,
  type ReplicationProgress,
  type ReplicationResult,
  replicate,
} from "./replication.js";
import { type ReplicationState, Replicator, type Surroundings, statesOf } from "./replicator.js";
import { Resharding } from "./resharding.js";
import type {
  ActiveTask,
  ClusterSetup,
  ClusterState,
  DatabaseInfoRow,
  Membership,
} from "./types.js";

/**
 * Which databases to tell of.
 *
 * @see https://docs.couchdb.org/en/stable/api/server/common.html#dbs-info
 */
export interface DbsInfoParams extends OperationOptions {
  /** These; else all, from `startkey` to `endkey`. */
  keys?: readonly string[] | undefined;
  /** From this name on. */
  startkey?: string | undefined;
  /** Up to this name. */
  endkey?: string | undefined;
  /** From the last name to the first. Default false. */
  descending?: boolean | undefined;
  /** Databases at the most. Default: all there are. */
  limit?: number | undefined;
  /** Pass over so many. Default 0. */
  skip?: number | undefined;
}

/**
 * How databases are replicated once.
 *
 * @see https://docs.couchdb.org/en/stable/api/server/common.html#replicate
 */
export interface ReplicateOptions extends ReplicationParams {
  /** Called now and then with how far it is. */
  onProgress?: ((progress: ReplicationProgress) => void) | undefined;
}

/** A server, as those see it who run it. */
export class Server {
  /** The shards of its databases, and how they are split. */
  readonly resharding: Resharding;
  readonly #client: HttpClient;
  readonly #ask: Ask;
  readonly #connect: Connect;

  /** @internal */
  constructor(client: HttpClient, connect: Connect) {
    this.#client = client;
    this.#ask = asking(client);
    this.#connect = connect;
    this.resharding = new Resharding(this.#ask);
  }

  /** One of its nodes: by name, or the one that answers. No request. */
  node(name = "_local"): ServerNode {
    return new ServerNode(this.#client, name);
  }

  /** What keeps a database in order. No request. */
  database(name: string): DatabaseMaintenance {
    return new DatabaseMaintenance(this.#ask, databasePath(name));
  }

  /**
   * Replicates once, and waits for the end of it: the server works, and the documents do not pass here. A signal
   * that aborts ends the replication, as long as the session stays open to say so.
   *
   * ```ts
   * await server.replicate("animals", { url: "https://other:6984/animals", auth: basic("jan", "secret") });
   * ```
   *
   * @param options - `onProgress`: called now and then with how far it is
   * @throws CouchDBError for what the server could not do, an endpoint that is not there for example
   * @throws TypeError for `continuous`: begin it by `replicator`
   * @throws NetworkError with `mayHaveHappened`, if the server is away; what takes longer than an answer may, is
   * asked for again
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#replicate
   */
  async replicate(
    source: Endpoint,
    target: Endpoint,
    { onProgress, ...params }: ReplicateOptions = {},
  ): Promise<ReplicationResult> {
    const { ask, sleep, endpoint } = this.#surroundings;
    const endpoints = { source: await endpoint(source), target: await endpoint(target) };
    return replicate(ask, sleep, endpoints, params, onProgress);
  }

  /** The replications that the scheduler works on, of whatever kind. */
  replicationJobs(options: OperationOptions = {}): Promise<ReplicationJob[]> {
    return jobsOf(this.#ask, options);
  }

  /**
   * What the scheduler says of all replications that go on by themselves, of whatever database.
   *
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#get--_scheduler-docs
   */
  async replications({ signal }: OperationOptions = {}): Promise<ReplicationState[]> {
    return statesOf(this.#ask, "_scheduler/docs", signal);
  }

  /**
   * The replications that go on by themselves. No request.
   *
   * @param name - of the database of their documents
   */
  replicator(name = "_replicator"): Replicator {
    // Anyone's may be called so that the scheduler finds it.
    const path = name.split("/").map(encodeSegment).join("%2F");
    return new Replicator(this.#surroundings, path);
  }

  get #surroundings(): Surroundings {
    const client = this.#client;
    return {
      ask: this.#ask,
      sleep: (milliseconds, signal) =>
        client.during(signal, (operation) => operation.sleep(milliseconds)),
      endpoint: (given) => endpointData(client, this.#connect, given),
    };
  }

  /**
   * Whether the server takes requests. For everybody.
   *
   * @throws CouchDBError if it does not: with `status` 404 in maintenance mode
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#up
   */
  up({ signal }: OperationOptions = {}): Promise<{ status: string; seeds?: object }> {
    return this.#ask("GET", "_up", { expects: "status", signal });
  }

  /**
   * Ids that the server makes up. For everybody.
   *
   * @param count - default 1
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#uuids
   */
  async uuids(count = 1, { signal }: OperationOptions = {}): Promise<string[]> {
    const question = { query: { count }, expects: "uuids", signal };
    return (await this.#ask<{ uuids: string[] }>("GET", "_uuids", question)).uuids;
  }

  /**
   * What the server works on.
   *
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#active-tasks
   */
  activeTasks({ signal }: OperationOptions = {}): Promise<ActiveTask[]> {
    return this.#ask("GET", "_active_tasks", { expects: "length", signal });
  }

  /**
   * The nodes of the cluster.
   *
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#membership
   */
  membership({ signal }: OperationOptions = {}): Promise<Membership> {
    return this.#ask("GET", "_membership", { expects: "all_nodes", signal });
  }

  /**
   * What `Database.info` tells, of many databases at once.
   *
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#dbs-info
   */
  dbsInfo({ keys, signal, ...query }: DbsInfoParams = {}): Promise<DatabaseInfoRow[]> {
    const question = { query, expects: "length", signal };
    return keys
      ? this.#ask("POST", "_dbs_info", { ...question, json: { keys }, effect: "read" })
      : this.#ask("GET", "_dbs_info", question);
  }

  /**
   * How far the cluster is set up; or does a step of it.
   *
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#cluster-setup
   */
  clusterSetup(options?: OperationOptions): Promise<ClusterState>;
  clusterSetup(step: ClusterSetup, options?: OperationOptions): Promise<{ ok: boolean }>;
  clusterSetup(
    first: ClusterSetup | OperationOptions = {},
    { signal }: OperationOptions = {},
  ): Promise<unknown> {
    return "action" in first
      ? this.#ask("POST", "_cluster_setup", { json: first, expects: "ok", signal })
      : this.#ask("GET", "_cluster_setup", { expects: "state", signal: first.signal });
  }

  /**
   * The tokens that Clouseau's search makes of a text. It needs that service.
   *
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#search-analyze
   */
  searchAnalyze(analyzer: string, text: string, options?: OperationOptions): Promise<string[]> {
    return this.#analyze("_search_analyze", analyzer, text, options);
  }

  /**
   * The tokens that Nouveau makes of a text. It needs that service.
   *
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#nouveau-analyze
   */
  nouveauAnalyze(analyzer: string, text: string, options?: OperationOptions): Promise<string[]> {
    return this.#analyze("_nouveau_analyze", analyzer, text, options);
  }

  async #analyze(
    path: string,
    analyzer: string,
    text: string,
    { signal }: OperationOptions = {},
  ): Promise<string[]> {
    const question = {
      json: { analyzer, text },
      effect: "read",
      expects: "tokens",
      signal,
    } as const;
    return (await this.#ask<{ tokens: string[] }>("POST", path, question)).tokens;
  }
}
