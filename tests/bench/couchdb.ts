import { mkdir, rm } from "node:fs/promises";
import type { Options } from "./bench.js";
import { CouchDBServer } from "./couchdb-server.js";
import { firstSeen } from "./data.js";
import { checked, type Source } from "./source.js";
import { Transfers } from "./transfers.js";

/** A running CouchDB, with databases that are deleted in the end, after a failure and an interrupt as well. */
export async function openCouchDB(address: string, options: Options): Promise<Source> {
  const { documents: count, folder, gets, tell } = options;
  const server = new CouchDBServer(address);
  const close = async () => {
    process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
    await rm(folder, { recursive: true, force: true });
    await server.deleteAll();
  };
  const interrupted = () => {
    close().then(
      () => process.exit(1),
      (error) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.on("SIGINT", interrupted).on("SIGTERM", interrupted);
  try {
    await mkdir(folder, { recursive: true });
    const database = await server.create();
    tell(`Writing ${count} documents into ${database}`);
    await server.fill(database, count);
    const all = firstSeen(count);
    const some = firstSeen(Math.min(gets, count));
    const fingerprint = await server.fingerprint(database);
    const transfers = new Transfers({ server, database, fingerprint, folder, all });
    return {
      info: await server.info(database),
      async run(entry, _workload, runtime) {
        if (entry.writes) return transfers.run(entry, runtime);
        const due = entry.run.startsWith("get") ? some : all;
        const task = { server: address, count: due.count };
        const run = await runtime.run({ ...entry, database }, task);
        return checked(run, entry.drains ? { ...due, sum: 0 } : due, entry);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
