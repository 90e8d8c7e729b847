import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const run = promisify(execFile);

export const root = fileURLToPath(new URL("../../", import.meta.url));

/** An empty project in which the package is installed as npm would publish it. */
export interface Project {
  folder: string;
  /** The package, before it was installed. */
  tarball: string;
  remove(): void;
}

export async function startProject(): Promise<Project> {
  const folder = mkdtempSync(join(tmpdir(), "couchfetch-"));
  const shell = process.platform === "win32";
  const pack = ["pack", "--json", "--pack-destination", folder];
  const { stdout } = await run("npm", pack, { cwd: root, shell });
  const tarball = join(folder, JSON.parse(stdout)[0].filename);
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  await run("npm", ["install", "--offline", "--no-audit", tarball], { cwd: folder, shell });
  return { folder, tarball, remove: () => rmSync(folder, { recursive: true }) };
}
