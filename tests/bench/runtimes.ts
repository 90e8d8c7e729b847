import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** A runtime of processes. */
export interface Runtime {
  version: string;
  command: string;
  parameters: string[];
}

const modules = new URL("node_modules/", import.meta.url);

const known: Record<string, { paths: (string | undefined)[]; parameters: string[] }> = {
  node: { paths: [process.execPath], parameters: [] },
  deno: {
    paths: [
      process.env.DENO_PATH,
      fileURLToPath(new URL("@deno/linux-x64-glibc/deno", modules)),
      "deno",
    ],
    parameters: ["run", "--allow-all", "--no-lock"],
  },
  bun: {
    paths: [
      process.env.BUN_PATH,
      fileURLToPath(new URL("@oven/bun-linux-x64/bin/bun", modules)),
      "bun",
    ],
    parameters: ["run"],
  },
};

/** Where a runtime is: as its variable says, as this folder's packages have it, or on the PATH. */
export async function findRuntime(name: string): Promise<Runtime> {
  const runtime = known[name];
  if (!runtime) throw new Error("no such runtime");
  const command = runtime.paths.find((path) => path && (!path.includes("/") || existsSync(path)));
  const { stdout } = await execute(command ?? name, ["--version"]);
  // Deno tells of V8 and TypeScript, too.
  const version = /\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? stdout.trim();
  return { version, command: command ?? name, parameters: runtime.parameters };
}
