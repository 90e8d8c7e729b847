import { programOf, weigh } from "../package/bundles.js";
import { buildContenders } from "./build.js";
import { openCouchDB } from "./couchdb.js";
import type { ServerInfo } from "./couchdb-server.js";
import { couchdbWorkloads } from "./couchdb-workloads.js";
import type { Workload } from "./entries.js";
import { openRecorded } from "./recorded.js";
import { type Results, runRounds } from "./rounds.js";
import { openRuntime } from "./runtimes.js";
import { workloads } from "./workloads.js";

export interface Options {
  /** The URL of a running CouchDB, with an administrator's credentials. Without it, responses are recorded ones. */
  couchdb?: string | undefined;
  runtimes: string[];
  workloads: string[];
  rounds: number;
  /** How many documents there are. Of recorded databases, those of `small`. */
  documents: number;
  /** How many small documents are requested. */
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
  /** The CouchDB that was measured, if one was. */
  couchdb?: ServerInfo | undefined;
}

async function coreSize(): Promise<number> {
  return (await weigh(programOf(["CouchDB", "basic"]), "esbuild")).gzipped / 1000;
}

export const workloadsOf = ({ couchdb }: Pick<Options, "couchdb">) =>
  couchdb === undefined ? workloads : couchdbWorkloads;

export async function bench(options: Options): Promise<Report> {
  const chosen = workloadsOf(options)
    .filter(({ name }) => options.workloads.includes(name))
    .map((workload) => ({
      ...workload,
      entries: workload.entries.filter(({ peer }) => options.peers || !peer),
    }));
  await buildContenders();
  const report: Report = { runtimes: [], leftOut: [], size: await coreSize() };
  const source = options.couchdb
    ? await openCouchDB(options.couchdb, options)
    : await openRecorded(options, chosen);
  try {
    report.couchdb = source.info;
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
        options.tell(`${name} ${version}: ${workload.name}`);
        const rounds = workload.once ? 1 : options.rounds;
        const results = await runRounds(entries, rounds, (entry) =>
          source.run(entry, workload, runtime),
        );
        measured.push({ workload, results });
      }
      await runtime.close();
      report.runtimes.push({ name, version, measured });
    }
    return report;
  } finally {
    await source.close();
  }
}
