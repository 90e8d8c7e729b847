import type { Measured, Report } from "./bench.js";
import { couchdbDemands } from "./couchdb-demands.js";
import { type Demand, demands, type Engine, largestCore } from "./demands.js";
import { median } from "./statistics.js";
import { compare, measures, table, values } from "./tables.js";

const engineOf = (runtime: string): Engine => (runtime === "bun" ? "jsc" : "v8");

/** Each demand, and how far each runtime meets it. */
export function demandsTable({ runtimes, size, couchdb }: Report): string {
  const rows = (couchdb ? couchdbDemands(couchdb) : demands).flatMap((demand) =>
    demand.workloads.flatMap((workload) => {
      const cells = runtimes.map(({ name, measured }) => {
        const one = measured.find((one) => one.workload.name === workload);
        return one ? judge(demand, one, engineOf(name)) : "";
      });
      if (cells.every((cell) => cell === "")) return [];
      const { entry, measure, of } = demand;
      const others = of.length > 1 ? "the best of the others" : (of[0] ?? "");
      return [[workload, entry, measures[measure].title, others, required(demand), ...cells]];
    }),
  );
  const coreSize = mark(`${size.toFixed(1)} kB`, size <= largestCore);
  rows.push([
    "",
    "{ CouchDB, basic }",
    "size",
    "",
    `≤ ${largestCore} kB`,
    ...runtimes.map(() => coreSize),
  ]);
  return table(
    ["workload", "contender", "number", "÷", "required", ...runtimes.map(({ name }) => name)],
    rows,
  );
}

function required({ atMost, of, measure }: Demand): string {
  const shown = (limit: number) =>
    of.length === 0 ? measures[measure].show(limit) : `${limit.toFixed(2)} ×`;
  if (typeof atMost === "number") return `≤ ${shown(atMost)}`;
  return `≤ ${shown(atMost.v8)}, in Bun ≤ ${shown(atMost.jsc)}`;
}

/** A cell: beside the contender that is hardest to beat. Empty if a runtime did not measure it. */
function judge({ entry, measure, of, atMost }: Demand, { results }: Measured, engine: Engine) {
  const limit = typeof atMost === "number" ? atMost : atMost[engine];
  const runs = results.get(entry);
  if (runs === undefined) return "";
  if (runs instanceof Error) return mark("failed", false);
  if (of.length === 0) {
    const is = median(values(runs, measure));
    return Number.isNaN(is) ? "" : mark(measures[measure].show(is), is <= limit);
  }
  const ratios = of.flatMap((name) => {
    const others = results.get(name);
    const is = Array.isArray(others) ? compare(runs, others, measure).median : Number.NaN;
    return Number.isNaN(is) ? [] : [is];
  });
  const worst = Math.max(...ratios);
  return ratios.length === 0 ? "" : mark(worst.toFixed(2), worst <= limit);
}

function mark(measured: string, met: boolean): string {
  return met ? `${measured} ✓` : `**${measured} ✗**`;
}
