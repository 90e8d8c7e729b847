import type { DatabaseInfo } from "../shared/types.js";

/** A task of a server: a compaction, an indexer, a replication. Its other members depend on `type`. */
export interface ActiveTask {
  type: string;
  node: string;
  pid: string;
  database?: string;
  /** Percent. */
  progress?: number;
  /** Seconds since 1970. */
  started_on: number;
  updated_on: number;
  // biome-ignore lint/suspicious/noExplicitAny: each type has its own
  [member: string]: any;
}

/** The nodes that a node knows, and those of its cluster. */
export interface Membership {
  all_nodes: string[];
  cluster_nodes: string[];
}

/** Information about one of several databases. */
export type DatabaseInfoRow =
  | { key: string; info: DatabaseInfo; error?: undefined }
  | { key: string; info?: undefined; error: string };

/** The state of a cluster's setup. */
export interface ClusterState {
  state:
    | "cluster_disabled"
    | "single_node_disabled"
    | "single_node_enabled"
    | "cluster_enabled"
    | "cluster_finished";
}

/**
 * A step of a cluster's setup.
 *
 * @see https://docs.couchdb.org/en/stable/setup/cluster.html#the-cluster-setup-api
 */
export interface ClusterSetup {
  /** The step to perform. */
  action:
    | "enable_single_node"
    | "enable_cluster"
    | "add_node"
    | "remove_node"
    | "finish_cluster"
    | "receive_cookie";
  /** The address that the node listens on. Default: as it is configured. */
  bind_address?: string | undefined;
  /** The name of the administrator to create on the node. */
  username?: string | undefined;
  /** The password of this administrator. */
  password?: string | undefined;
  /** The host of the other node. */
  host?: string | undefined;
  /** The port of the other node. */
  port?: number | undefined;
  /** The number of nodes that the cluster will have. */
  node_count?: number | undefined;
  /** The name of the other node, whose Erlang cookie is set. */
  remote_node?: string | undefined;
  /** The name of the other node's current administrator. */
  remote_current_user?: string | undefined;
  /** The password of that administrator. */
  remote_current_password?: string | undefined;
  /** System databases to create at the end. Default: `_users` and `_replicator`. */
  ensure_dbs_exist?: string[] | undefined;
}
