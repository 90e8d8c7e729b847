import { spawn } from "node:child_process";
import { once } from "node:events";

/** A program that was started. */
export interface Running<R> {
  ready: R;
  /** All that it has said until now. */
  said(): string;
  stop(): Promise<void>;
}

/** @param readyOf - looks for what the program says when it is ready: all that it has said, each time */
export async function run<R>(
  path: string,
  args: string[],
  env: NodeJS.ProcessEnv,
  readyOf: (said: string) => R | undefined,
): Promise<Running<R>> {
  const child = spawn(path, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "exit");
  const stop = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  let said = "";
  const ready = new Promise<R>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        said += chunk;
        const found = readyOf(said);
        if (found !== undefined) resolve(found);
      });
    }
  });
  const broken = ended.then(() => {
    throw new Error(`${path} ended before it was ready:\n${said}`);
  });
  return { ready: await Promise.race([ready, broken]), said: () => said, stop };
}
