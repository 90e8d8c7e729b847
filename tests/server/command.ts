import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** The repository's root. */
export const cwd = fileURLToPath(new URL("../../", import.meta.url));

const started = new Set<ChildProcess>();

/** Starts `npm run server` on a free port, and waits until it listens. */
export async function start(...parameters: string[]) {
  const args = ["run", "server", "--", "--port", "0", ...parameters];
  // npm's child has children: a group of their own can be ended together.
  const child = spawn("npm", args, { cwd, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  started.add(child);
  let printed = "";
  const url = await new Promise<string>((resolve, reject) => {
    const look = (chunk: Buffer) => {
      printed += chunk;
      const [, found] = /listens at (http:\S+)/.exec(printed) ?? [];
      if (found) resolve(found);
    };
    child.stdout.on("data", look);
    child.stderr.on("data", look);
    child.once("close", (code) => reject(new Error(`exit code ${code}:\n${printed}`)));
  });
  return { child, url };
}

/** Ends the command. */
export async function stop(child: ChildProcess): Promise<void> {
  started.delete(child);
  if (child.exitCode !== null || child.pid === undefined) return;
  const closed = once(child, "close");
  process.kill(-child.pid, "SIGTERM");
  await closed;
}

export async function stopAll(): Promise<void> {
  await Promise.all(Array.from(started, stop));
}
