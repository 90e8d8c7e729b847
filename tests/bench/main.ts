import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { bench } from "./bench.js";
import { demandsTable } from "./demands.js";
import { workloadTable } from "./tables.js";
import { workloads } from "./workloads.js";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    runtime: { type: "string", default: "node,deno,bun,chromium" },
    only: { type: "string", default: workloads.map(({ name }) => name).join(",") },
  },
});

const here = fileURLToPath(new URL(".", import.meta.url));
if (!existsSync(`${here}/node_modules`)) {
  execFileSync("npm", ["ci", "--prefix", here, "--ignore-scripts"], { stdio: "inherit" });
}

const report = await bench({
  runtimes: values.runtime.split(","),
  workloads: values.only.split(","),
  rounds: Number(values.rounds),
  documents: 100_000,
  gets: 3000,
  peers: true,
  folder: `${here}/.data`,
  tell: (progress) => console.error(progress),
});
for (const { name, version, measured } of report.runtimes) {
  for (const one of measured) {
    console.log(`\n${name} ${version}: ${one.workload.title}\n\n${workloadTable(one)}`);
  }
}
for (const { name, reason } of report.leftOut) console.log(`\n${name} is left out: ${reason}`);
console.log(`\n${demandsTable(report)}`);
