import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { install } from "../install.js";
import { installPrograms } from "../runtimes/programs.js";
import { writeInto } from "../written.js";
import { bench } from "./bench.js";
import { demandsTable } from "./demands.js";
import { page, results } from "./document.js";
import { summary } from "./summary.js";
import { workloads } from "./workloads.js";

const names = workloads.map(({ name }) => name);
const runtimes = "node,deno,bun,chromium";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    runtime: { type: "string", default: runtimes },
    only: { type: "string", default: names.join(",") },
    write: { type: "boolean" },
    help: { type: "boolean" },
  },
});

if (values.help) {
  console.log(`npm run bench -- [options]
  --rounds 5         how often each contender runs
  --runtime ${runtimes}
  --only ${names.join(",")}
  --write            to docs/benchmarks.md, and the README, too`);
  process.exit();
}

const chosen = values.only.split(",");
const unknown = chosen.filter((name) => !names.includes(name));
if (unknown.length > 0)
  throw new Error(`--only knows ${names.join(", ")}; not ${unknown.join(", ")}`);

if (/deno|bun/.test(values.runtime)) installPrograms();
const here = new URL("./", import.meta.url);
install(here, "the peers");

const options = {
  runtimes: values.runtime.split(","),
  workloads: chosen,
  rounds: Number(values.rounds),
  documents: 100_000,
  gets: 3000,
  seconds: 10,
  peers: true,
  folder: fileURLToPath(new URL(".data", here)),
  tell: (progress: string) => console.error(progress),
};
const report = await bench(options);
console.log(`\n${results(report)}\n\n${demandsTable(report)}`);
if (values.write) {
  writeFileSync(new URL("../../docs/benchmarks.md", import.meta.url), page(report, options));
  writeInto("README.md", "npm run bench -- --write", await summary(report));
}
