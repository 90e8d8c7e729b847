/** What couchfetch must reach. */

import {
  atFullSpeed,
  bufferedName,
  docs,
  docsInBatches,
  fifth,
  loopName,
  peerNames,
  tenfold,
  tight,
} from "./entries.js";
import type { Measure } from "./tables.js";

export type Engine = "v8" | "jsc";

/** At most this much of what each of the others takes. */
export interface Demand {
  workloads: string[];
  entry: string;
  measure: Measure;
  /** If there is none, `atMost` is in milliseconds. */
  of: string[];
  atMost: number | Record<Engine, number>;
}

const changes = "couchfetch changes()";
const imports = "couchfetch importDocs()";
const get = "couchfetch get()";
const both = ["scan", "chunked"];
const buffering = [bufferedName, ...peerNames];

const ofScan = { v8: 1.05, jsc: 1.2 };
const ofBatches = { v8: 1, jsc: 1.15 };

/** Milliseconds that a scan, a feed or an import may keep a page from reacting. */
export const longestTask = 20;

/** kB of `import { CouchDB, basic }`. */
export const largestCore = 25;

export const demands: Demand[] = [
  { workloads: both, entry: docs, measure: "cpu", of: [loopName], atMost: ofScan },
  { workloads: both, entry: docsInBatches, measure: "cpu", of: [loopName], atMost: ofBatches },
  { workloads: both, entry: docs, measure: "wall", of: buffering, atMost: 1 },
  { workloads: both, entry: docs, measure: "memory", of: buffering, atMost: 0.25 },
  { workloads: both, entry: docs, measure: "first", of: buffering, atMost: 0.1 },
  ...[docs, docsInBatches, tight(docs), tight(docsInBatches)].map((entry) => ({
    workloads: ["large"],
    entry: tenfold(entry),
    measure: "memory" as const,
    of: [entry],
    atMost: 1.1,
  })),
  {
    workloads: ["large"],
    entry: tenfold(docs),
    measure: "cpu",
    of: [tenfold(loopName)],
    atMost: ofScan,
  },
  {
    workloads: ["large"],
    entry: tenfold(docsInBatches),
    measure: "cpu",
    of: [tenfold(loopName)],
    atMost: ofBatches,
  },
  {
    workloads: ["feed"],
    entry: changes,
    measure: "cpu",
    of: [loopName],
    atMost: { v8: 1.05, jsc: 1.25 },
  },
  {
    workloads: ["paced"],
    entry: changes,
    measure: "memory",
    of: [atFullSpeed(changes)],
    atMost: 1.1,
  },
  {
    workloads: ["paced"],
    entry: tight(changes),
    measure: "memory",
    of: [tight(atFullSpeed(changes))],
    atMost: 1.1,
  },
  { workloads: ["held"], entry: docs, measure: "memory", of: [atFullSpeed(docs)], atMost: 1 },
  { workloads: ["held"], entry: docs, measure: "served", of: [atFullSpeed(docs)], atMost: 1 },
  { workloads: ["held"], entry: docs, measure: "sent", of: [atFullSpeed(docs)], atMost: 0.02 },
  { workloads: ["many"], entry: docs, measure: "memory", of: [fifth(docs)], atMost: 1.25 },
  {
    workloads: ["many"],
    entry: tight(docs),
    measure: "memory",
    of: [fifth(tight(docs))],
    atMost: 1.1,
  },
  {
    workloads: ["get"],
    entry: get,
    measure: "cpu",
    of: ["ky"],
    atMost: { v8: 1.05, jsc: 1.15 },
  },
  { workloads: ["get"], entry: get, measure: "cpu", of: ["nano"], atMost: 1 },
  ...[docs, docsInBatches, changes, imports].map((entry) => ({
    workloads: [...both, "feed", "import"],
    entry,
    measure: "blocked" as const,
    of: [],
    atMost: longestTask,
  })),
];
