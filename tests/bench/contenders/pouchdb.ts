import http from "pouchdb-adapter-http";
import PouchDB from "pouchdb-core";
import { type Getter, oneByOne, sixtyFourAtATime, type Task } from "./contender.js";

PouchDB.plugin(http);

// Or it would ask first whether there is such a database.
const open = ({ server, database }: Task) =>
  new PouchDB(`${server}/${database}`, { adapter: "http", skip_setup: true });

export async function docs(task: Task): Promise<void> {
  const { rows } = await open(task).allDocs({ include_docs: true });
  for (const row of rows) task.tally.add(row.doc);
}

export async function feed(task: Task): Promise<void> {
  // By default it asks for 25 at a time. Without `return_docs: false` it would keep them all.
  const options = { include_docs: true, batch_size: 1000, return_docs: false };
  const changes = open(task).changes(options);
  changes.on("change", ({ doc }) => task.tally.add(doc));
  await changes;
}

const getter: Getter = (task) => {
  const db = open(task);
  return (id) => db.get(id);
};

export const getEach = oneByOne(getter);
export const getMany = sixtyFourAtATime(getter);
