import type { Measured, Report } from "./bench.js";
import { median } from "./statistics.js";
import { compare, type Measure, measures, showRatio, table, values } from "./tables.js";
import { atFullSpeed, bufferedName, fifth, loopName, tenfold, tight } from "./workloads.js";

/** What couchfetch must reach: so much, at most, of what each of the others takes, or by itself. */
interface Demand {
  workloads: string[];
  entry: string;
  measure: Measure;
  /** Without any, `atMost` is milliseconds. */
  of: string[];
  atMost: number;
}

const docs = "couchfetch docs()";
const batches = "couchfetch docs().batches()";
const changes = "couchfetch changes()";
const imports = "couchfetch importDocs()";
const both = ["scan", "chunked"];
const buffering = [bufferedName, "nano", "PouchDB", "Cloudant SDK"];
const mostKilobytes = 25;

const demands: Demand[] = [
  { workloads: both, entry: docs, measure: "cpu", of: [loopName], atMost: 1.1 },
  { workloads: both, entry: batches, measure: "cpu", of: [loopName], atMost: 1 },
  { workloads: both, entry: docs, measure: "wall", of: buffering, atMost: 1 },
  { workloads: both, entry: docs, measure: "memory", of: buffering, atMost: 0.25 },
  { workloads: both, entry: docs, measure: "first", of: buffering, atMost: 0.1 },
  ...[docs, batches, tight(docs), tight(batches)].map((entry) => ({
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
    atMost: 1.1,
  },
  {
    workloads: ["large"],
    entry: tenfold(batches),
    measure: "cpu",
    of: [tenfold(loopName)],
    atMost: 1,
  },
  {
    workloads: ["feed"],
    entry: changes,
    measure: "cpu",
    of: [loopName],
    atMost: 1.1,
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
  {
    workloads: ["held"],
    entry: docs,
    measure: "memory",
    of: [atFullSpeed(docs)],
    atMost: 1,
  },
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
  { workloads: ["get"], entry: "couchfetch get()", measure: "cpu", of: ["ky"], atMost: 1.1 },
  ...[docs, batches, changes, imports].map((entry) => ({
    workloads: [...both, "feed", "import"],
    entry,
    measure: "blocked" as const,
    of: [],
    atMost: 20,
  })),
];

/** Each demand in each runtime: what is required, what was measured, and whether it is met. */
export function demandsTable({ runtimes, size }: Report): string {
  const rows = runtimes.flatMap(({ name, measured }) =>
    measured.flatMap((one) =>
      demands
        .filter(({ workloads }) => workloads.includes(one.workload.name))
        .flatMap((demand) => judge(demand, one).map((cells) => [name, ...cells])),
    ),
  );
  const required = `≤ ${mostKilobytes} kB`;
  rows.push([
    "",
    "",
    "{ CouchDB, basic }",
    "size",
    "",
    required,
    `${size.toFixed(1)} kB`,
    met(size, mostKilobytes),
  ]);
  return table(["", "workload", "who", "what", "of", "required", "measured", "met"], rows);
}

/** The row of a demand, with the one of the others that is hardest to beat; none if it was not measured. */
function judge(
  { entry, measure, of, atMost }: Demand,
  { workload, results }: Measured,
): string[][] {
  const runs = results.get(entry);
  if (runs === undefined) return [];
  const row = [workload.name, entry, measures[measure].title];
  const { show } = measures[measure];
  const required = of.length === 0 ? `≤ ${show(atMost)}` : `≤ ${atMost.toFixed(2)} ×`;
  if (runs instanceof Error) return [[...row, "", required, "failed", "no"]];
  if (of.length === 0) {
    const is = median(values(runs, measure));
    return [[...row, "", required, show(is), met(is, atMost)]];
  }
  const [worst] = of
    .flatMap((name) => {
      const others = results.get(name);
      return Array.isArray(others) ? [{ name, is: compare(runs, others, measure) }] : [];
    })
    .filter(({ is }) => !Number.isNaN(is.median))
    .sort((a, b) => b.is.median - a.is.median);
  if (!worst) return [];
  return [[...row, worst.name, required, showRatio(worst.is), met(worst.is.median, atMost)]];
}

function met(measured: number, atMost: number): string {
  return measured <= atMost ? "yes" : "no";
}
