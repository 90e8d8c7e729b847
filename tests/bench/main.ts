import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { install } from "../install.js";
import { installPrograms } from "../runtimes/programs.js";
import { bench, workloadsOf } from "./bench.js";
import { results } from "./document.js";
import { demandsTable } from "./judge.js";
import { write } from "./writing.js";

const { values } = parseArgs({
  options: {
    couchdb: { type: "string" },
    documents: { type: "string", default: "100000" },
    rounds: { type: "string", default: "5" },
    runtime: { type: "string" },
    only: { type: "string" },
    write: { type: "boolean" },
    help: { type: "boolean" },
  },
});
const { couchdb } = values;
const names = workloadsOf({ couchdb }).map(({ name }) => name);
const runtimes = couchdb === undefined ? "node,deno,bun,chromium" : "node,deno,bun";

if (values.help) {
  const real = workloadsOf({ couchdb: "http://" }).map(({ name }) => name);
  const recorded = workloadsOf({}).map(({ name }) => name);
  console.log(`npm run bench -- [options]
  --couchdb http://admin:secret@localhost:5984
                     measures against this CouchDB instead of recorded responses, in databases
                     of its own, which it deletes
  --documents 100000 how many documents there are
  --rounds 5         how often each contender runs
  --runtime node,node24,deno,bun,chromium
                     without chromium if there is a CouchDB
  --only ${recorded.join(",")}
                     with --couchdb: ${real.join(",")}
  --write            to docs/benchmarks.md; without --couchdb, also to the picture and the README`);
  process.exit();
}

const chosen = values.only?.split(",") ?? names;
const unknown = chosen.filter((name) => !names.includes(name));
if (unknown.length > 0)
  throw new Error(`--only must be among ${names.join(", ")}; got ${unknown.join(", ")}`);
const runtime = values.runtime ?? runtimes;

if (/deno|bun|node\d/.test(runtime)) installPrograms();
const here = new URL("./", import.meta.url);
install(here, "the peers");

const options = {
  couchdb,
  runtimes: runtime.split(","),
  workloads: chosen,
  rounds: Number(values.rounds),
  documents: Number(values.documents),
  gets: couchdb === undefined ? 3000 : 10_000,
  seconds: 10,
  peers: true,
  folder: fileURLToPath(new URL(".data", here)),
  tell: (progress: string) => console.error(progress),
};
const report = await bench(options);
if (report.couchdb) console.log(`\nCouchDB: ${JSON.stringify(report.couchdb)}`);
console.log(`\n${results(report)}\n\n${demandsTable(report)}`);
if (values.write) await write(report, options);
