import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** An example that runs, and what it has printed. */
export interface Program {
  child: ChildProcess;
  printed(): string;
  /** What it ended with, once it has. */
  ended: Promise<number | null>;
}

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Starts a file of the repository in Node, or in another runtime. */
export function startProgram(
  file: string,
  {
    runtime = [process.execPath, "--import", "tsx"],
    parameters = [],
    env = {},
  }: { runtime?: string[]; parameters?: string[]; env?: NodeJS.ProcessEnv } = {},
): Program {
  const [command = "", ...before] = runtime;
  const child = spawn(command, [...before, file, ...parameters], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      printed += chunk;
    });
  }
  const ended = once(child, "close").then(([code]) => code as number | null);
  return { child, printed: () => printed, ended };
}
