import { databasePath } from "../transport/paths.js";
import type { Transport } from "../transport/transport.js";
import type { OperationOptions } from "../types.js";
import { type Ask, asking } from "./asking.js";
import { DatabaseMaintenance } from "./maintenance.js";
import { ServerNode } from "./node.js";
import { Resharding } from "./resharding.js";
import type {
  ActiveTask,
  ClusterSetup,
  ClusterState,
  DatabaseInfoRow,
  Membership,
} from "./types.js";

/** Which databases to tell of. */
export interface DbsInfoParams extends OperationOptions {
  /** These; else all, from `startkey` to `endkey`. */
  keys?: readonly string[] | undefined;
  startkey?: string | undefined;
  endkey?: string | undefined;
  descending?: boolean | undefined;
  limit?: number | undefined;
  skip?: number | undefined;
}

/** A server, as those see it who run it. */
export class Server {
  /** The shards of its databases, and how they are split. */
  readonly resharding: Resharding;
  readonly #transport: Transport;
  readonly #ask: Ask;

  /** @internal */
  constructor(transport: Transport) {
    this.#transport = transport;
    this.#ask = asking(transport);
    this.resharding = new Resharding(this.#ask);
  }

  /** One of its nodes: by name, or the one that answers. No request. */
  node(name = "_local"): ServerNode {
    return new ServerNode(this.#transport, name);
  }

  /** What keeps a database in order. No request. */
  database(name: string): DatabaseMaintenance {
    return new DatabaseMaintenance(this.#ask, databasePath(name));
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
      ? this.#ask("POST", "_dbs_info", { ...question, json: { keys }, reads: true })
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
    const question = { json: { analyzer, text }, reads: true, expects: "tokens", signal };
    return (await this.#ask<{ tokens: string[] }>("POST", path, question)).tokens;
  }
}
