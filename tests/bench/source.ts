import type { ServerInfo } from "./couchdb-server.js";
import type { Seen } from "./data.js";
import type { Entry, Workload } from "./entries.js";
import type { Run } from "./rounds.js";
import type { Runtime } from "./runtimes.js";

/** Where contenders read from and write to. */
export interface Source {
  /** The server, if it is a CouchDB. */
  info?: ServerInfo;
  /** Rejects if the entry has not seen every document. */
  run(entry: Entry, workload: Workload, runtime: Runtime): Promise<Run>;
  close(): Promise<void>;
}

/** A contender that has not seen every document as it is was fast for nothing. */
export function checked(run: Run, seen: Seen, { name }: Entry): Run {
  if (run.count === seen.count && run.sum === seen.sum) return run;
  throw new Error(`${name} saw ${run.count} documents with a sum of ${run.sum}`);
}
