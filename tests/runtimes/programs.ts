import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { install } from "../install.js";

const here = fileURLToPath(new URL(".", import.meta.url));

// Where the packages have them. On other platforms these are missing.
const packaged: Record<string, string> = {
  node22: "node-22-linux-x64/bin/node",
  node24: "node-24-linux-x64/bin/node",
  deno: "@deno/linux-x64-glibc/deno",
  bun: "@oven/bun-linux-x64/bin/bun",
  workerd: "@cloudflare/workerd-linux-64/bin/workerd",
};

/**
 * Where a program is, or undefined: as `DENO_PATH` and the like say, or else as this folder's packages
 * have it, or on the PATH.
 */
export function findProgram(name: string): string | undefined {
  const variable = `${name.toUpperCase()}_PATH`;
  const given = process.env[variable];
  if (given) {
    if (!existsSync(given)) throw new Error(`${variable}: there is nothing at ${given}`);
    return given;
  }
  const folders = (process.env.PATH ?? "").split(delimiter);
  const paths = folders.map((folder) => join(folder, name));
  return [join(here, "node_modules", packaged[name] ?? name), ...paths].find((path) =>
    existsSync(path),
  );
}

/** Installs this folder's packages, where that is needed and can be done. */
export function installPrograms(): void {
  try {
    install(new URL("./", import.meta.url), "the runtimes that npm has for this platform, 0.8 GB");
  } catch (error) {
    // Each that is missing will be named.
    console.error(String(error));
  }
}
