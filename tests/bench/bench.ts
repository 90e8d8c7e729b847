import { rm } from "node:fs/promises";
import { join } from "node:path";
import { programOf, weigh } from "../package/bundles.js";
import { buildContenders } from "./build.js";
import { atOnce } from "./contenders/contender.js";
import { firstSeen, type Seen, times, writeDatabase } from "./data.js";
import { type Results, type Run, runRounds } from "./rounds.js";
import { openRuntime } from "./runtimes.js";
import { type Serving, startServer } from "./serving.js";
import { type Entry, sizes, type Workload, workloads } from "./workloads.js";

export interface Options {
  runtimes: string[];
  workloads: string[];
  rounds: number;
  /** How many documents `small` has; the others have their part or multiple. */
  documents: number;
  /** How often the one document is got. */
  gets: number;
  /** How long a slow consumer stays. */
  seconds: number;
  peers: boolean;
  folder: string;
  tell(progress: string): void;
}

export interface Measured {
  workload: Workload;
  results: Results;
}

export interface Report {
  runtimes: { name: string; version: string; measured: Measured[] }[];
  /** Runtimes that are not here, with the reason. */
  leftOut: { name: string; reason: string }[];
  /** Of `{ CouchDB, basic }`, in kB. */
  size: number;
}

async function coreSize(): Promise<number> {
  return (await weigh(programOf(["CouchDB", "basic"]), "esbuild")).gzipped / 1000;
}

export async function bench(options: Options): Promise<Report> {
  const { documents, folder, tell } = options;
  const chosen = workloads
    .filter(({ name }) => options.workloads.includes(name))
    .map((workload) => ({
      ...workload,
      entries: workload.entries.filter(({ peer }) => options.peers || !peer),
    }));
  await buildContenders();
  const report: Report = { runtimes: [], leftOut: [], size: await coreSize() };
  const expected: Record<string, Seen> = {};
  const due = ({ run, database }: Entry): Seen => {
    const all = expected[stored(database)];
    if (!all) throw new Error(`nobody wrote ${database}`);
    if (run === "get") return times(firstSeen(1), options.gets);
    if (run === "held") return firstSeen(options.seconds);
    return run === "many" ? times(all, atOnce) : all;
  };
  let server: Serving | undefined;
  try {
    for (const { database } of chosen.flatMap(({ entries }) => entries)) {
      const name = stored(database);
      if (expected[name]) continue;
      const count = documents * (sizes[name] ?? 1);
      tell(`Writing ${count} documents`);
      expected[name] = await writeDatabase(join(folder, name), count, name === "small");
    }
    server = await startServer(folder);
    const { url } = server;

    for (const name of options.runtimes) {
      const runtime = await openRuntime(name).catch((error: Error) => error);
      if (runtime instanceof Error) {
        report.leftOut.push({ name, reason: runtime.message });
        continue;
      }
      const { version } = runtime;
      const measured: Measured[] = [];
      for (const workload of chosen) {
        const entries = runtime.entries(workload);
        if (entries.length === 0) continue;
        tell(`${name} ${version}: ${workload.name}`);
        const rounds = workload.once ? 1 : options.rounds;
        const results = await runRounds(entries, rounds, async (entry) => {
          const seen = due(entry);
          const read = (server: string) => runtime.run(entry, { server, count: seen.count });
          const run = await (workload.watched ? watch(folder, read) : read(url));
          return checked(run, seen, entry);
        });
        measured.push({ workload, results });
      }
      await runtime.close();
      report.runtimes.push({ name, version, measured });
    }
    return report;
  } finally {
    server?.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** A run at a server of its own, whose peak is of that run alone. */
async function watch(folder: string, read: (url: string) => Promise<Run>): Promise<Run> {
  const server = await startServer(folder);
  try {
    const before = await server.tell();
    const run = await read(server.url);
    const { sent, memory } = await server.tell();
    return { ...run, sent: sent - before.sent, served: memory - before.memory };
  } finally {
    server.stop();
  }
}

/** The name that a database was written under, however it is sent. */
function stored(database: string): string {
  return database.split("-")[0] ?? "";
}

/** Who has not seen every document as it is was fast for nothing. */
export function checked(run: Run, seen: Seen, { name }: Entry): Run {
  if (run.count === seen.count && run.sum === seen.sum) return run;
  throw new Error(`${name} saw ${run.count} documents with a sum of ${run.sum}`);
}
