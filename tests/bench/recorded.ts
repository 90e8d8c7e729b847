import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Options } from "./bench.js";
import { atOnce } from "./contenders/contender.js";
import { firstSeen, type Seen, times, writeDatabase } from "./data.js";
import type { Entry, Workload } from "./entries.js";
import type { Run } from "./rounds.js";
import { type Serving, startServer } from "./serving.js";
import { checked, type Source } from "./source.js";
import { sizes } from "./workloads.js";

/** A server of our own, which sends to each contender the same bytes. */
export async function openRecorded(
  { documents, folder, gets, seconds, tell }: Options,
  workloads: Workload[],
): Promise<Source> {
  const expected: Record<string, Seen> = {};
  const due = ({ run, database }: Entry): Seen => {
    const all = expected[stored(database)];
    if (!all) throw new Error(`nobody wrote ${database}`);
    if (run === "get") return times(firstSeen(1), gets);
    if (run === "held") return firstSeen(seconds);
    return run === "many" ? times(all, atOnce) : all;
  };
  let server: Serving | undefined;
  const close = async () => {
    server?.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    for (const { database } of workloads.flatMap(({ entries }) => entries)) {
      const name = stored(database);
      if (expected[name]) continue;
      const count = documents * (sizes[name] ?? 1);
      tell(`Writing ${count} documents`);
      expected[name] = await writeDatabase(join(folder, name), count, name === "small");
    }
    server = await startServer(folder);
  } catch (error) {
    await close();
    throw error;
  }
  const { url } = server;
  return {
    async run(entry, { watched }, runtime) {
      const seen = due(entry);
      const read = (server: string) => runtime.run(entry, { server, count: seen.count });
      return checked(await (watched ? watch(folder, read) : read(url)), seen, entry);
    },
    close,
  };
}

/** A run at a server of its own, whose peak is of that run alone. */
async function watch(folder: string, read: (url: string) => Promise<Run>): Promise<Run> {
  const server = await startServer(folder);
  try {
    const before = await server.tell();
    const run = await read(server.url);
    const { sent, memory } = await server.tell();
    return { ...run, sent: sent - before.sent, served: memory - before.memory };
  } finally {
    server.stop();
  }
}

/** The name that a database was written under, however it is sent. */
function stored(database: string): string {
  return database.split("-")[0] ?? "";
}
