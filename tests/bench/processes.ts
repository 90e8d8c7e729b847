import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { built } from "./build.js";
import type { Runtime } from "./runtimes.js";

const execute = promisify(execFile);
// Ten times the rows on a busy machine take a while; for ever takes nothing.
const longest = 300_000;

interface Known {
  /** Where its program is: as a variable says, as this folder's packages have it, or on the PATH. */
  programs: (string | undefined)[];
  parameters: string[];
  /** How it is told to do with a heap of so many MB, if it can be told. */
  heap(megabytes: number): string[];
}

// What is young has a heap of its own, which grows as well.
const v8Heap = (megabytes: number) => [
  `--max-old-space-size=${megabytes}`,
  "--max-semi-space-size=2",
];

const packaged = (path: string) => fileURLToPath(new URL(`node_modules/${path}`, import.meta.url));

const known: Record<string, Known> = {
  node: { programs: [process.execPath], parameters: [], heap: v8Heap },
  deno: {
    programs: [process.env.DENO_PATH, packaged("@deno/linux-x64-glibc/deno"), "deno"],
    parameters: ["run", "--allow-all", "--no-lock"],
    heap: (megabytes) => [`--v8-flags=${v8Heap(megabytes).join(",")}`],
  },
  bun: {
    programs: [process.env.BUN_PATH, packaged("@oven/bun-linux-x64/bin/bun"), "bun"],
    parameters: ["run"],
    heap: () => [],
  },
};

/** A runtime that is a program: each run is a process. */
export async function openProcesses(name: string): Promise<Runtime> {
  const unknown: Known = { programs: [name], parameters: [], heap: () => [] };
  const { programs, parameters, heap: tell } = known[name] ?? unknown;
  const program = programs.find((path) => path && (path === name || existsSync(path))) ?? name;
  const { stdout } = await execute(program, ["--version"]);
  return {
    // Deno tells of V8 and TypeScript, too.
    version: /\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? "",
    entries: ({ entries }) => entries,
    async run({ module, run, database, heap }, task) {
      const script = fileURLToPath(new URL("process.js", built));
      const asked = [script, module, run, JSON.stringify({ ...task, database })];
      try {
        const { stdout } = await execute(
          program,
          [...parameters, ...(heap ? tell(heap) : []), ...asked],
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
