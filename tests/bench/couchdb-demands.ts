/** What couchfetch must reach with a running CouchDB. */

import type { ServerInfo } from "./couchdb-server.js";
import { backupName, exportName, fetchName, importName } from "./couchdb-workloads.js";
import { type Demand, longestTask } from "./demands.js";
import { docs, docsInBatches, peerNames } from "./entries.js";
import type { Measure } from "./tables.js";

const beside = (
  [workload, entry, of]: [string, string, string[]],
  limits: Partial<Record<Measure, number>>,
): Demand[] =>
  Object.entries(limits).map(([measure, atMost]) => ({
    ...{ workloads: [workload], entry, of, atMost },
    measure: measure as Measure,
  }));

/** A server of one node is faster when it is asked another way. Of several, each document is read more than once. */
export function couchdbDemands({ nodes }: ServerInfo): Demand[] {
  return [
    ...beside(["scan", docs, [fetchName]], nodes === 1 ? { wall: 0.75, cpu: 0.8 } : { wall: 1 }),
    ...beside(["scan", docs, peerNames], { wall: 1, memory: 0.25 }),
    ...beside(["export", exportName, [backupName]], { wall: 0.8, cpu: 0.6, memory: 0.5 }),
    ...beside(["import", importName, [backupName]], { wall: 0.8, cpu: 0.5 }),
    ...[docs, docsInBatches, "couchfetch changes()", exportName, importName].map(
      (entry): Demand => ({
        workloads: ["scan", "feed", "export", "import"],
        entry,
        measure: "blocked",
        of: [],
        atMost: longestTask,
      }),
    ),
  ];
}
