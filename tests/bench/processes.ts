import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { built } from "./build.js";
import type { Run } from "./rounds.js";
import type { Runtime } from "./runtimes.js";
import type { Entry } from "./workloads.js";

const execute = promisify(execFile);
// Ten times the rows on a busy machine take a while; for ever takes nothing.
const longest = 300_000;

/** Runs an entry in a fresh process. */
export async function runInProcess(runtime: Runtime, entry: Entry, task: object): Promise<Run> {
  const program = fileURLToPath(new URL("process.js", built));
  const { module, run, database } = entry;
  const parameters = [program, module, run, JSON.stringify({ ...task, database })];
  try {
    const { stdout } = await execute(runtime.command, [...runtime.parameters, ...parameters], {
      env: { ...process.env, NO_COLOR: "1" },
      timeout: longest,
    });
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  } catch (error) {
    const { stderr = "", message } = error as { stderr?: string; message: string };
    throw new Error(/^.*\b\w*error\b.*$/im.exec(stderr)?.[0] ?? message);
  }
}
