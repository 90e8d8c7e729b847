import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type EmbeddedServer, startServer } from "../server/server.js";
import { bench, type Options } from "./bench.js";
import { openCouchDB } from "./couchdb.js";
import { couchdbWorkloads } from "./couchdb-workloads.js";
import { couchdbSection, page } from "./document.js";
import { docs, type Entry, type Workload } from "./entries.js";
import { demandsTable } from "./judge.js";
import type { Runtime } from "./runtimes.js";
import { checked } from "./source.js";
import { summarize } from "./summary.js";
import { workloadTable } from "./tables.js";
import { workloads } from "./workloads.js";
import { keptSection } from "./writing.js";

let embedded: EmbeddedServer | undefined;
let couchdb: string;

beforeAll(async () => {
  if (!process.env.COUCHDB_URL) embedded = await startServer();
  couchdb = process.env.COUCHDB_URL ?? embedded?.url.replace("//", "//admin:secret@") ?? "";
});

afterAll(() => embedded?.close());

const optionsFor = (chosen: Workload[]): Options => ({
  runtimes: ["node", "no-such-runtime"],
  workloads: chosen.map(({ name }) => name),
  rounds: 1,
  documents: 200,
  gets: 5,
  seconds: 1,
  peers: false,
  folder: mkdtempSync(join(tmpdir(), "couchfetch-bench-")),
  tell: () => {},
});

async function ownDatabases(): Promise<string[]> {
  const { origin, username, password } = new URL(couchdb);
  const authorization = `Basic ${btoa(`${username}:${password}`)}`;
  const response = await fetch(`${origin}/_all_dbs`, { headers: { authorization } });
  const names: string[] = await response.json();
  return names.filter((name) => name.startsWith("couchfetch-bench-"));
}

async function measure(chosen: Workload[], options: Options) {
  const report = await bench(options);
  const [node] = report.runtimes;
  expect(node?.measured.map(({ workload }) => workload.name)).toEqual(options.workloads);
  for (const one of node?.measured ?? []) {
    for (const [name, runs] of one.results) expect(runs, name).toBeInstanceOf(Array);
    expect(workloadTable(one)).not.toMatch(/NaN|Infinity/);
  }
  expect(node?.measured).toHaveLength(chosen.length);
  expect(report.leftOut.map(({ name }) => name)).toEqual(["no-such-runtime"]);
  return report;
}

test("the benchmarks run with recorded responses, to the tables that they end in", async () => {
  const options = optionsFor(workloads);
  const report = await measure(workloads, options);
  const demands = demandsTable(report);
  expect(demands).toMatch(/\| get +\| couchfetch get\(\) +\| CPU +\| ky +\| ≤ 1.05 ×/);
  expect(demands).toMatch(/[✓✗]/);
  const size = { kilobytes: 20, nodeOnly: false };
  const { runtimes, clients } = summarize(report, { nano: size, PouchDB: size });
  expect(runtimes).toEqual([expect.stringMatching(/^node \d/)]);
  // No peer was measured.
  expect(clients.map(({ name, scans }) => [name, scans[0] !== undefined])).toEqual([
    ["couchfetch", true],
    ["nano", false],
    ["PouchDB", false],
  ]);
  const written = page(report, options, "a section of another command");
  const [, first = "", details = ""] = /^(.+)\n## Details\n(.+)$/s.exec(written) ?? [];
  expect(first).toMatch(/benchmarks\.svg.+## Requirements.+## Method/s);
  expect(details).toMatch(/<summary>node \d.+### A full scan.+<\/details>/s);
  expect(keptSection(written)).toBe("a section of another command");
}, 120_000);

test("the benchmarks run with a CouchDB, and leave no database there", async () => {
  const before = await ownDatabases();
  const options = { ...optionsFor(couchdbWorkloads), couchdb };
  const report = await measure(couchdbWorkloads, options);
  expect(report.couchdb).toMatchObject({
    version: expect.stringMatching(/^\d/),
    nodes: expect.any(Number),
  });
  expect(report.couchdb?.copies).toBeGreaterThan(0);
  expect(demandsTable(report)).toMatch(
    /\| scan +\| couchfetch docs\(\) +\| time +\| fetch +\| ≤ (0.75|1.00) ×/,
  );
  expect(couchdbSection(report, options)).toMatch(/CouchDB \d.+### All documents to a file/s);
  expect((await ownDatabases()).filter((name) => !before.includes(name))).toEqual([]);
}, 120_000);

test("contenders that fail or lose documents leave no database either", async () => {
  const before = await ownDatabases();
  const source = await openCouchDB(couchdb, { ...optionsFor([]), documents: 3 });
  const [first] = couchdbWorkloads;
  if (!first) throw new Error("there are no workloads");
  const entry = (writes: Partial<Entry>): Entry => ({
    ...{ name: "lossy", module: "lossy", run: "copied", database: "" },
    ...writes,
  });
  const runtime = (run: Runtime["run"]): Runtime => ({
    ...{ version: "", entries: () => [], run },
    close: async () => {},
  });
  const sawNothing = runtime(async () => ({ wall: 1, count: 0, sum: 0 }));
  const failed = runtime(async () => Promise.reject(new Error("it broke")));
  try {
    await expect(source.run(entry({}), first, sawNothing)).rejects.toThrow("saw 0 documents");
    await expect(source.run(entry({ writes: "database" }), first, failed)).rejects.toThrow("broke");
    await expect(source.run(entry({ writes: "file" }), first, sawNothing)).rejects.toThrow(
      "ENOENT",
    );
  } finally {
    await source.close();
  }
  expect((await ownDatabases()).filter((name) => !before.includes(name))).toEqual([]);
}, 60_000);

test("a contender that has not seen every document as it is has failed", () => {
  const seen = { count: 200, sum: 1000 };
  const run = { wall: 1, first: 1, ...seen };
  const [entry] = workloads.flatMap(({ entries }) => entries);
  if (!entry) throw new Error("there is no contender");
  expect(checked(run, seen, entry)).toBe(run);
  expect(() => checked({ ...run, count: 199 }, seen, entry)).toThrow("saw 199 documents");
  expect(() => checked({ ...run, sum: 999 }, seen, entry)).toThrow("a sum of 999");
});

test("a requirement is the engine's own, and one that is not reached is shown as such", () => {
  const [workload] = workloads;
  if (!workload) throw new Error("there are no workloads");
  const run = (cpu: number) => [{ cpu, wall: 1, count: 1, sum: 1 }];
  const results = new Map([
    [docs, run(115)],
    ["loop", run(100)],
  ]);
  const runtimes = ["node", "bun"].map((name) => ({
    ...{ name, version: "1.0.0", measured: [{ workload, results }] },
  }));
  const table = demandsTable({ runtimes, leftOut: [], size: 26 });
  expect(table).toMatch(/CPU +\| loop +\| ≤ 1.05 ×, in Bun ≤ 1.20 × \| \*\*1.15 ✗\*\* +\| 1.15 ✓/);
  expect(table).toMatch(/size .*\*\*26.0 kB ✗\*\*/);
});
