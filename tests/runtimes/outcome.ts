import type { Stage } from "./stage.js";
import { chosen } from "./suite.js";

/** What came of a run. */
export interface Finished {
  name: string;
  version: string;
  passed: number;
  failed: { name: string; why: string }[];
  /** The cases that were left out, by the reason. */
  skipped: Map<string, string[]>;
  seconds: number;
}

export type Outcome = Finished | { name: string; missing: string };

/** @param breakdown - what the runtime said when it ended too early */
export function outcomeOf({
  stage: { order, results },
  breakdown = "no result came back",
  ...run
}: Pick<Finished, "name" | "version" | "seconds"> & {
  stage: Pick<Stage, "order" | "results">;
  breakdown?: string | undefined;
}): Finished {
  const outcome: Finished = { ...run, passed: 0, failed: [], skipped: new Map() };
  for (const [name] of chosen(order)) {
    const { failed, skipped } = results.get(name) ?? { failed: breakdown };
    if (failed) outcome.failed.push({ name, why: failed });
    else if (!skipped) outcome.passed += 1;
    else outcome.skipped.set(skipped, [...(outcome.skipped.get(skipped) ?? []), name]);
  }
  return outcome;
}

/** @param all - whether a runtime that is missing is a failure */
export function isGood(outcome: Outcome, all: boolean): boolean {
  return "missing" in outcome ? !all : outcome.failed.length === 0 && outcome.passed > 0;
}

/** What a run has to say beside its numbers. */
export function report(outcome: Outcome): string {
  const { name } = outcome;
  if ("missing" in outcome) return `${name} is MISSING: ${outcome.missing}`;
  const { version, passed, failed, skipped } = outcome;
  const lines = [`${name} ${version}: ${passed} passed, ${failed.length} failed`];
  for (const [reason, names] of skipped) {
    lines.push(`  ${names.length} skipped: ${reason}`, ...names.map((each) => `    ${each}`));
  }
  for (const each of failed) lines.push(`  FAILED ${each.name}`, each.why.replace(/^/gm, "    "));
  return lines.join("\n");
}

const titles = ["runtime", "version", "passed", "failed", "skipped", "seconds"];

export function outcomeTable(outcomes: Outcome[]): string {
  const rows = outcomes.map((outcome) => {
    if ("missing" in outcome) return [outcome.name, "missing", "-", "-", "-", "-"];
    const { name, version, passed, failed, skipped, seconds } = outcome;
    const left = [...skipped.values()].flat().length;
    return [name, version, `${passed}`, `${failed.length}`, `${left}`, seconds.toFixed(1)];
  });
  const table = [titles, ...rows];
  const widths = titles.map((_, column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: string[]) =>
    row.map((cell, column) =>
      column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
  return table.map((row) => line(row).join("  ").trimEnd()).join("\n");
}
