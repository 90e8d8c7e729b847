import { openChromium } from "./chromium.js";
import type { Task } from "./contenders/contender.js";
import type { Entry, Workload } from "./entries.js";
import { openProcesses } from "./processes.js";
import type { Run } from "./rounds.js";

type Places = Pick<Task, "server" | "count"> & Partial<Pick<Task, "file" | "target">>;

/** Where contenders run. */
export interface Runtime {
  version: string;
  /** The part of a workload that can run here. */
  entries(workload: Workload): Entry[];
  /** Runs an entry where nothing ran before. */
  run(entry: Entry, task: Places): Promise<Run>;
  close(): Promise<void>;
}

/** Rejects, with the reason, where there is no such runtime. */
export function openRuntime(name: string): Promise<Runtime> {
  return name === "chromium" ? openChromium() : openProcesses(name);
}
