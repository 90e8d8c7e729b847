import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bench, checked } from "./bench.js";
import { demandsTable } from "./demands.js";
import { workloadTable } from "./tables.js";
import { workloads } from "./workloads.js";

test("the benchmarks run, to the tables that they end in", async () => {
  const report = await bench({
    runtimes: ["node", "no-such-runtime"],
    workloads: workloads.map(({ name }) => name),
    rounds: 1,
    documents: 200,
    gets: 5,
    seconds: 1,
    peers: false,
    folder: mkdtempSync(join(tmpdir(), "couchfetch-bench-")),
    tell: () => {},
  });

  const [node] = report.runtimes;
  expect(node?.measured.map(({ workload }) => workload.name)).toEqual(
    workloads.map(({ name }) => name),
  );
  for (const one of node?.measured ?? []) {
    for (const [name, runs] of one.results) expect(runs, name).toBeInstanceOf(Array);
    expect(workloadTable(one)).not.toMatch(/NaN|Infinity/);
  }
  expect(report.leftOut.map(({ name }) => name)).toEqual(["no-such-runtime"]);
  expect(demandsTable(report)).toMatch(/\| node +\| get +\| couchfetch get\(\)/);
}, 60_000);

test("who has not seen every document as it is has failed", () => {
  const seen = { count: 200, sum: 1000 };
  const run = { wall: 1, first: 1, ...seen };
  const [entry] = workloads.flatMap(({ entries }) => entries);
  if (!entry) throw new Error("there is no contender");
  expect(checked(run, seen, entry)).toBe(run);
  expect(() => checked({ ...run, count: 199 }, seen, entry)).toThrow("saw 199 documents");
  expect(() => checked({ ...run, sum: 999 }, seen, entry)).toThrow("a sum of 999");
});
