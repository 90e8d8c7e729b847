import type { Report } from "./bench.js";
import { type Ratio, ratio } from "./statistics.js";
import { showRatio, table, values } from "./tables.js";
import { bufferedName, loopName, tenfold } from "./workloads.js";

/** What couchfetch must reach: so much, at most, of what others take. */
interface Demand {
  what: string;
  workloads: string[];
  entry: string;
  measure: "cpu" | "wall" | "memory" | "first";
  against: string[];
  atMost: number;
}

const docs = "couchfetch docs()";
const batches = "couchfetch docs().batches()";
const scans = ["scan", "chunked"];
const buffering = [bufferedName, "nano", "PouchDB", "Cloudant SDK"];
const mostKilobytes = 20;

const demands: Demand[] = [
  { what: "CPU", workloads: scans, entry: docs, measure: "cpu", against: [loopName], atMost: 1.1 },
  { what: "CPU", workloads: scans, entry: batches, measure: "cpu", against: [loopName], atMost: 1 },
  ...[docs, batches].flatMap((entry): Demand[] => [
    { what: "time", workloads: scans, entry, measure: "wall", against: buffering, atMost: 1 },
    {
      what: "memory",
      workloads: scans,
      entry,
      measure: "memory",
      against: buffering,
      atMost: 0.25,
    },
    {
      what: "first row",
      workloads: scans,
      entry,
      measure: "first",
      against: buffering,
      atMost: 0.1,
    },
  ]),
  ...[docs, batches].map(
    (name): Demand => ({
      what: "memory",
      workloads: ["large"],
      entry: tenfold(name),
      measure: "memory",
      against: [name],
      atMost: 1.1,
    }),
  ),
  {
    what: "CPU",
    workloads: ["feed"],
    entry: "couchfetch changes()",
    measure: "cpu",
    against: [loopName],
    atMost: 1.1,
  },
  {
    what: "CPU",
    workloads: ["get"],
    entry: "couchfetch get()",
    measure: "cpu",
    against: ["ky"],
    atMost: 1.1,
  },
];

/** Each demand in each runtime: what is required, what was measured, and whether it is met. */
export function demandsTable({ runtimes, size }: Report): string {
  const rows = runtimes.flatMap(({ name, measured }) =>
    measured.flatMap(({ workload, results }) =>
      demands
        .filter((demand) => demand.workloads.includes(workload.name))
        .flatMap(({ what, entry, measure, against, atMost }) => {
          const runs = results.get(entry);
          if (runs === undefined) return [];
          const head = [name, workload.name, entry, what];
          const limit = `≤ ${atMost.toFixed(2)} ×`;
          if (runs instanceof Error) return [[...head, "", limit, "failed", "no"]];
          if (values(runs, measure).some(Number.isNaN)) return [];
          const worst = against
            .map((other) => ({ other, others: results.get(other) }))
            .flatMap(({ other, others }) =>
              Array.isArray(others)
                ? [{ other, is: ratio(values(runs, measure), values(others, measure)) }]
                : [],
            )
            .sort((a, b) => b.is.median - a.is.median)[0];
          if (!worst) return [];
          return [[...head, worst.other, limit, showRatio(worst.is), met(worst.is, atMost)]];
        }),
    ),
  );
  const kilobytes = [`≤ ${mostKilobytes} kB`, `${size.toFixed(1)} kB`];
  rows.push([
    "",
    "",
    "dist/index.js",
    "size",
    "",
    ...kilobytes,
    size <= mostKilobytes ? "yes" : "no",
  ]);
  return table(["", "workload", "who", "what", "of", "required", "measured", "met"], rows);
}

function met({ median }: Ratio, atMost: number): string {
  return median <= atMost ? "yes" : "no";
}
