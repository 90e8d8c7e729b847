import http from "pouchdb-adapter-http";
import PouchDB from "pouchdb-core";
import replication from "pouchdb-replication";
import type { Task } from "./contender.js";

PouchDB.plugin(http).plugin(replication);

export async function copied({ server, database, target }: Task): Promise<void> {
  const [from, to] = [database, target].map(
    (name) => new PouchDB(`${server}/${name}`, { adapter: "http", skip_setup: true }),
  );
  await from?.replicate.to(to);
}
