import type { Connect } from "./admin/endpoint.js";
import { Server } from "./admin/server.js";
import { CouchDB } from "./index.js";

export type { Endpoint } from "./admin/endpoint.js";
export type { DatabaseMaintenance, ShardMap } from "./admin/maintenance.js";
export type { Config, ServerNode } from "./admin/node.js";
export type {
  ReplicationJob,
  ReplicationParams,
  ReplicationProgress,
  ReplicationResult,
} from "./admin/replication.js";
export type {
  PersistentParams,
  Replication,
  ReplicationState,
  Replicator,
} from "./admin/replicator.js";
export type { Resharding, ReshardJob, ReshardStart, ReshardState } from "./admin/resharding.js";
export type { DbsInfoParams, ReplicateOptions, Server } from "./admin/server.js";
export type {
  ActiveTask,
  ClusterSetup,
  ClusterState,
  DatabaseInfoRow,
  Membership,
} from "./admin/types.js";

/**
 * Administer a server. This is a separate module, as applications do not need it. Most of it requires an
 * administrator; other users get an UnauthorizedError or ForbiddenError.
 *
 * ```ts
 * import { admin } from "couchfetch/admin";
 *
 * await admin(couch).node().setConfig("log", "level", "warning");
 * ```
 *
 * @see https://docs.couchdb.org/en/stable/api/server/index.html
 */
export function admin(couch: CouchDB): Server {
  const { timeout } = CouchDB.clientOf(couch).session;
  const connect: Connect = (url, auth) => CouchDB.clientOf(new CouchDB(url, { auth, timeout }));
  return new Server(CouchDB.clientOf(couch), connect);
}
