import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { buildContenders, size } from "./build.js";
import { type Seen, writeDatabase } from "./data.js";
import { type Results, type Run, runRounds } from "./rounds.js";
import { openRuntime } from "./runtimes.js";
import { type Entry, type Workload, workloads } from "./workloads.js";

export interface Options {
  runtimes: string[];
  workloads: string[];
  rounds: number;
  /** How many documents there are; the tenfold for one workload. */
  documents: number;
  /** How often the one document is got. */
  gets: number;
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
  /** Of `dist/index.js`, in kB. */
  size: number;
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
  const report: Report = { runtimes: [], leftOut: [], size: await size() };
  let server: ChildProcess | undefined;
  try {
    tell(`Writing ${documents} documents`);
    const expected: Record<string, Seen> = {};
    expected.small = await writeDatabase(join(folder, "small"), documents, true);
    if (chosen.some(({ name }) => name === "large")) {
      tell(`Writing ${documents * 10} documents`);
      expected.large = await writeDatabase(join(folder, "large"), documents * 10, false);
    }
    const { weight } = JSON.parse(await readFile(join(folder, "small", "document"), "utf8"));
    const got = { count: options.gets, sum: options.gets * weight };

    server = startServer(folder);
    const url = `http://127.0.0.1:${await port(server)}`;

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
        const results = await runRounds(entries, options.rounds, async (entry) => {
          const seen = entry.run === "get" ? got : expected[entry.database.split("-")[0] ?? ""];
          if (!seen) throw new Error(`nobody wrote ${entry.database}`);
          const run = await runtime.run(entry, { server: url, count: seen.count });
          return checked(run, seen, entry);
        });
        measured.push({ workload, results });
      }
      await runtime.close();
      report.runtimes.push({ name, version, measured });
    }
    return report;
  } finally {
    server?.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Who has not seen every document as it is was fast for nothing. */
export function checked(run: Run, seen: Seen, { name }: Entry): Run {
  if (run.count === seen.count && run.sum === seen.sum) return run;
  throw new Error(`${name} saw ${run.count} documents with a sum of ${run.sum}`);
}

function startServer(folder: string): ChildProcess {
  const program = fileURLToPath(new URL("server.ts", import.meta.url));
  return spawn(process.execPath, ["--import", "tsx", program, folder], {
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    stdio: ["ignore", "pipe", "inherit"],
  });
}

async function port({ stdout }: ChildProcess): Promise<string> {
  if (!stdout) throw new Error("The server has no output");
  const [line] = await once(createInterface(stdout), "line");
  return line;
}
