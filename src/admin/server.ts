import type { HttpClient } from "../http/client.js";
import { databasePath, encodeSegment } from "../http/paths.js";
import { checkJson, checkObject, checkOptions, paramsOf } from "../shared/arguments.js";
import type { OperationOptions, ParamsOptions } from "../shared/types.js";
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
 * Parameters for reading information about databases.
 *
 * @see https://docs.couchdb.org/en/stable/api/server/common.html#dbs-info
 */
export interface DbsInfoParams extends ParamsOptions {
  /** Names of databases. Default: all from `startkey` to `endkey`. */
  keys?: readonly string[];
  /** The first name. */
  startkey?: string;
  /** The last name. */
  endkey?: string;
  /** List the last name first. Default false. */
  descending?: boolean | undefined;
  /** The maximum number of databases. Default: no limit. */
  limit?: number | undefined;
  /** The number of databases to skip. Default 0. */
  skip?: number | undefined;
}

/**
 * Options of a one-time replication.
 *
 * @see https://docs.couchdb.org/en/stable/api/server/common.html#replicate
 */
export interface ReplicateOptions extends ReplicationParams {
  /** Called with the progress, at most every 500 ms. */
  onProgress?: ((progress: ReplicationProgress) => void) | undefined;
}

/** The administration of a server. */
export class Server {
  /** Splitting of the server's shards. */
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

  /** A node of the server, by default the one that responds. Sends no request. */
  node(name = "_local"): ServerNode {
    return new ServerNode(this.#client, name);
  }

  /** Maintenance of a database. Sends no request. */
  database(name: string): DatabaseMaintenance {
    return new DatabaseMaintenance(this.#ask, databasePath(name));
  }

  /**
   * Replicate once, and wait for the end. The server replicates; the documents do not pass through this
   * process. If the signal aborts, the replication is canceled, as long as the session stays open.
   *
   * ```ts
   * await server.replicate("animals", { url: "https://other:6984/animals", auth: basic("jan", "secret") });
   * ```
   *
   * @param options - `onProgress`: called with the progress, at most every 500 ms
   * @throws CouchDBError if the replication fails, for example because an endpoint does not exist
   * @throws TypeError if there is `continuous`: use `replicator`
   * @throws NetworkError with `mayHaveHappened` if the server is away. A replication that takes longer than
   * the session's timeout is requested again
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#replicate
   */
  async replicate(
    source: Endpoint,
    target: Endpoint,
    options: ReplicateOptions = {},
  ): Promise<ReplicationResult> {
    checkObject("options", options);
    const { onProgress, ...params } = options;
    const { ask, sleep, endpoint } = this.#surroundings;
    const endpoints = { source: await endpoint(source), target: await endpoint(target) };
    return replicate(ask, sleep, endpoints, params, onProgress);
  }

  /** List the replications in the scheduler, one-time and persistent ones. */
  async replicationJobs(options: OperationOptions = {}): Promise<ReplicationJob[]> {
    return jobsOf(this.#ask, checkOptions(options, ""));
  }

  /**
   * List the states of all persistent replications, of all databases.
   *
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#get--_scheduler-docs
   */
  async replications(options: OperationOptions = {}): Promise<ReplicationState[]> {
    const limits = checkOptions(options, "");
    return statesOf(this.#ask, "_scheduler/docs", limits);
  }

  /**
   * The persistent replications. Sends no request.
   *
   * @param name - the database with their documents
   */
  replicator(name = "_replicator"): Replicator {
    // The scheduler also finds a `_replicator` database in a folder, such as `jan/_replicator`.
    const path = name.split("/").map(encodeSegment).join("%2F");
    return new Replicator(this.#surroundings, path);
  }

  get #surroundings(): Surroundings {
    const client = this.#client;
    return {
      ask: this.#ask,
      sleep: (milliseconds, limits) =>
        client.during(limits, (operation) => operation.sleep(milliseconds)),
      endpoint: (given) => endpointData(client, this.#connect, given),
    };
  }

  /**
   * Check whether the server accepts requests. For all users.
   *
   * @throws CouchDBError if it does not; with `status` 404 in maintenance mode
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#up
   */
  async up(options: OperationOptions = {}): Promise<{ status: string; seeds?: object }> {
    const limits = checkOptions(options, "");
    return this.#ask("GET", "_up", { expects: "status", limits });
  }

  /**
   * Request ids that the server generates. For all users.
   *
   * @param count - default 1
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#uuids
   */
  async uuids(count = 1, options: OperationOptions = {}): Promise<string[]> {
    const limits = checkOptions(options, "");
    const question = { query: { count }, expects: "uuids", limits };
    return (await this.#ask<{ uuids: string[] }>("GET", "_uuids", question)).uuids;
  }

  /**
   * List the server's running tasks.
   *
   * ```ts
   * for (const { type, progress } of await admin(couch).activeTasks()) console.log(type, progress);
   * ```
   *
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#active-tasks
   */
  async activeTasks(options: OperationOptions = {}): Promise<ActiveTask[]> {
    const limits = checkOptions(options, "");
    return this.#ask("GET", "_active_tasks", { expects: "length", limits });
  }

  /**
   * List the nodes of the cluster.
   *
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#membership
   */
  async membership(options: OperationOptions = {}): Promise<Membership> {
    const limits = checkOptions(options, "");
    return this.#ask("GET", "_membership", { expects: "all_nodes", limits });
  }

  /**
   * Read information about several databases, as `Database.info` does for one.
   *
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#dbs-info
   */
  async dbsInfo(options: DbsInfoParams = {}): Promise<DatabaseInfoRow[]> {
    const known = "keys startkey endkey descending limit skip" as const;
    const { keys, ...query } = paramsOf(options, known);
    if ("keys" in options) checkJson("keys", keys);
    const question = { query, expects: "length", limits: options };
    return keys
      ? this.#ask("POST", "_dbs_info", { ...question, json: { keys }, effect: "read" })
      : this.#ask("GET", "_dbs_info", question);
  }

  /**
   * Read the state of the cluster's setup, or perform a step of it.
   *
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#cluster-setup
   */
  clusterSetup(options?: OperationOptions): Promise<ClusterState>;
  clusterSetup(step: ClusterSetup, options?: OperationOptions): Promise<{ ok: boolean }>;
  async clusterSetup(
    first: ClusterSetup | OperationOptions = {},
    options: OperationOptions = {},
  ): Promise<unknown> {
    checkObject("step", first);
    const isStep = "action" in first;
    const limits = checkOptions(isStep ? options : first, "");
    return isStep
      ? this.#ask("POST", "_cluster_setup", { json: first, expects: "ok", limits })
      : this.#ask("GET", "_cluster_setup", { expects: "state", limits });
  }

  /**
   * Split a text into tokens with an analyzer of Clouseau. Requires that service.
   *
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#search-analyze
   */
  searchAnalyze(analyzer: string, text: string, options?: OperationOptions): Promise<string[]> {
    return this.#analyze("_search_analyze", analyzer, text, options);
  }

  /**
   * Split a text into tokens with an analyzer of Nouveau. Requires that service.
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
    options: OperationOptions = {},
  ): Promise<string[]> {
    const limits = checkOptions(options, "");
    const question = {
      json: { analyzer, text },
      effect: "read",
      expects: "tokens",
      limits,
    } as const;
    return (await this.#ask<{ tokens: string[] }>("POST", path, question)).tokens;
  }
}
