import type { Measured } from "./bench.js";
import { bufferedName } from "./entries.js";
import type { Run } from "./rounds.js";
import { median, type Ratio, ratio } from "./statistics.js";

export type Measure = "cpu" | "wall" | "memory" | "first" | "blocked" | "sent" | "served";

export const measures: Record<Measure, { title: string; show: (value: number) => string }> = {
  cpu: { title: "CPU", show: seconds },
  wall: { title: "time", show: seconds },
  memory: { title: "peak memory", show: megabytes },
  first: { title: "first document", show: seconds },
  blocked: { title: "longest task", show: seconds },
  sent: { title: "sent", show: megabytes },
  served: { title: "server's memory", show: megabytes },
};

/** The medians of a workload, and what they are of the base's, and of those of `fetch().json()`. */
export function workloadTable({ workload, results }: Measured): string {
  const { base } = workload;
  const baseRuns = results.get(base);
  const buffered = results.get(bufferedName);
  const against = buffered ? [baseRuns, buffered] : [baseRuns];
  const shown = (Object.keys(measures) as Measure[]).filter((measure) =>
    [...results.values()].some((runs) => Array.isArray(runs) && runs[0]?.[measure] !== undefined),
  );
  const head = [""];
  for (const measure of shown) {
    head.push(measures[measure].title, `÷ ${base}`);
    if (buffered) head.push(`÷ ${bufferedName}`);
  }
  const rows = [...results].map(([name, runs]) => {
    if (runs instanceof Error) return [name, "failed"];
    return [
      name,
      ...shown.flatMap((measure) => [
        showMedian(runs, measure),
        ...against.map((others) =>
          Array.isArray(others) ? showRatio(compare(runs, others, measure)) : "",
        ),
      ]),
    ];
  });
  const failures = [...results].flatMap(([name, runs]) =>
    runs instanceof Error ? [`\n\n${name} failed: ${runs.message}`] : [],
  );
  return table(head, rows) + failures.join("");
}

export function compare(runs: Run[], others: Run[], measure: Measure): Ratio {
  return ratio(values(runs, measure), values(others, measure));
}

/** A median, or a dash if a contender does not measure this. */
export function showMedian(runs: Run[], measure: Measure): string {
  const is = median(values(runs, measure));
  return Number.isNaN(is) ? "–" : measures[measure].show(is);
}

export function values(runs: Run[], measure: Measure): number[] {
  return runs.map((run) => run[measure] ?? Number.NaN);
}

export function showRatio({ median, least, most }: Ratio): string {
  // Of nothing, such as a server that needed no more memory than it had.
  if (!Number.isFinite(most)) return "–";
  const spread = least === most ? "" : ` (${least.toFixed(2)}–${most.toFixed(2)})`;
  return `${median.toFixed(2)}${spread}`;
}

function megabytes(value: number): string {
  return `${value.toFixed(0)} MB`;
}

function seconds(milliseconds: number): string {
  return milliseconds < 1000
    ? `${milliseconds.toFixed(0)} ms`
    : `${(milliseconds / 1000).toFixed(2)} s`;
}

/** A table that is legible in a terminal, too. */
export function table(head: string[], rows: string[][]): string {
  const all = [head, ...rows].map((row) => head.map((_, column) => row[column] ?? ""));
  const widths = head.map((_, column) =>
    Math.max(3, ...all.map((row) => row[column]?.length ?? 0)),
  );
  const [first = "", ...others] = all.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`,
  );
  return [first, `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`, ...others].join(
    "\n",
  );
}
