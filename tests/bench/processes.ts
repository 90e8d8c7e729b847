import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { findProgram } from "../runtimes/programs.js";
import { built } from "./build.js";
import type { Runtime } from "./runtimes.js";

const execute = promisify(execFile);
// Ten times the rows on a busy machine take a while; for ever takes nothing.
const longest = 300_000;

interface Known {
  parameters: string[];
  /** How it is told to do with a heap of so many MB, where it can be told. */
  heap?(megabytes: number): string[];
}

// What is young has a heap of its own, which grows as well.
const v8Heap = (megabytes: number) => [
  `--max-old-space-size=${megabytes}`,
  "--max-semi-space-size=2",
];

/** By name, without the version that `node24` has. */
const known: Record<string, Known> = {
  node: { parameters: [], heap: v8Heap },
  deno: {
    parameters: ["run", "--allow-all", "--no-lock"],
    heap: (megabytes) => [`--v8-flags=${v8Heap(megabytes).join(",")}`],
  },
  bun: { parameters: ["run"] },
};

/** A runtime that is a program: each run is a process. */
export async function openProcesses(name: string): Promise<Runtime> {
  const { parameters, heap: tell } = known[name.replace(/\d+$/, "")] ?? { parameters: [] };
  const program = name === "node" ? process.execPath : findProgram(name);
  if (program === undefined) throw new Error(`there is no ${name}`);
  const { stdout } = await execute(program, ["--version"]);
  return {
    // Deno tells of V8 and TypeScript, too.
    version: /\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? "",
    entries: ({ entries }) => entries.filter(({ heap }) => heap === undefined || tell),
    async run({ module, run, database, heap }, task) {
      const script = fileURLToPath(new URL("process.js", built));
      const asked = [script, module, run, JSON.stringify({ ...task, database })];
      try {
        const { stdout } = await execute(
          program,
          [...parameters, ...(heap && tell ? tell(heap) : []), ...asked],
          {
            env: { ...process.env, NO_COLOR: "1" },
            timeout: longest,
          },
        );
        return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
      } catch (error) {
        const { stderr = "", message } = error as { stderr?: string; message: string };
        throw new Error(/^.*error\b.*$/im.exec(stderr)?.[0] ?? message);
      }
    },
    async close() {},
  };
}
