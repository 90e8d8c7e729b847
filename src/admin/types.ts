import type { DatabaseInfo } from "../shared/types.js";

/** A task that a server works on: a compaction, an index, a replication. What else it has depends on `type`. */
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

/** What is told of one database among many. */
export type DatabaseInfoRow =
  | { key: string; info: DatabaseInfo; error?: undefined }
  | { key: string; info?: undefined; error: string };

/** How far a cluster is set up. */
export interface ClusterState {
  state:
    | "cluster_disabled"
    | "single_node_disabled"
    | "single_node_enabled"
    | "cluster_enabled"
    | "cluster_finished";
}

/**
 * A step of setting a cluster up.
 *
 * @see https://docs.couchdb.org/en/stable/setup/cluster.html#the-cluster-setup-api
 */
export interface ClusterSetup {
  /** The step. */
  action:
    | "enable_single_node"
    | "enable_cluster"
    | "add_node"
    | "remove_node"
    | "finish_cluster"
    | "receive_cookie";
  /** What the node listens on. Default: as it is configured. */
  bind_address?: string | undefined;
  /** The administrator, to be made on the node. */
  username?: string | undefined;
  /** Theirs. */
  password?: string | undefined;
  /** The other node's host. */
  host?: string | undefined;
  /** The other node's port. */
  port?: number | undefined;
  /** Nodes that the cluster will have. */
  node_count?: number | undefined;
  /** The name of the other node, whose Erlang cookie is set. */
  remote_node?: string | undefined;
  /** Who is administrator of the other node now. */
  remote_current_user?: string | undefined;
  /** Theirs. */
  remote_current_password?: string | undefined;
  /** System databases to create at the end. Default: `_users` and `_replicator`. */
  ensure_dbs_exist?: string[] | undefined;
}
