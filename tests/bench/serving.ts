import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The server, in a process of its own. */
export interface Serving {
  url: string;
  /** What it has sent so far, and the most memory that it ever had, in MB. */
  tell(): Promise<{ sent: number; memory: number }>;
  stop(): void;
}

export async function startServer(folder: string): Promise<Serving> {
  const program = fileURLToPath(new URL("server.ts", import.meta.url));
  const server = spawn(process.execPath, ["--import", "tsx", program, folder], {
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = `http://127.0.0.1:${await port(server)}`;
  return {
    url,
    tell: async () => (await fetch(url)).json(),
    stop: () => void server.kill(),
  };
}

async function port({ stdout }: ChildProcess): Promise<string> {
  if (!stdout) throw new Error("The server has no output");
  const [line] = await once(createInterface(stdout), "line");
  return line;
}
