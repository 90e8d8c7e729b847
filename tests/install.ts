import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * Installs the packages of a folder that has its own, when they are first needed, or its lock file has
 * changed: they are no part of `npm ci`, which all have to wait for who only want to see the demo.
 *
 * @param what - told to who waits
 */
export function install(folder: URL, what: string): void {
  const [lock, installed] = ["package-lock.json", "node_modules/.package-lock.json"].map((name) =>
    statSync(new URL(name, folder), { throwIfNoEntry: false }),
  );
  if (installed && lock && installed.mtimeMs >= lock.mtimeMs) return;
  console.error(`Installing ${what}: once`);
  const path = fileURLToPath(folder);
  execFileSync("npm", ["ci", "--prefix", path, "--ignore-scripts", "--no-audit", "--no-fund"], {
    stdio: ["ignore", 2, 2],
    // On Windows, npm is a script.
    shell: process.platform === "win32",
  });
}
