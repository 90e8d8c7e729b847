import { createReadStream, createWriteStream } from "node:fs";
import couchbackup, { type Done } from "@cloudant/couchbackup";
import type { Task } from "./contender.js";

export async function exported({ server, database, file, tally }: Task): Promise<void> {
  const output = createWriteStream(file);
  await settled((done) => {
    const backup = couchbackup.backup(`${server}/${database}`, output, {}, done);
    backup.on("written", () => tally.begin());
  });
}

export async function imported({ server, target, file }: Task): Promise<void> {
  const input = createReadStream(file);
  await settled((done) => couchbackup.restore(input, `${server}/${target}`, {}, done));
}

function settled(start: (done: Done) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => (error ? reject(error) : resolve()));
  });
}
