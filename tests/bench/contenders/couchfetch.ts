import { CouchDB } from "../../../dist/index.js";
import { importDocs } from "../../../dist/transfer.js";
import {
  aMillisecond,
  aSecond,
  type Getter,
  inParallel,
  oneByOne,
  repeatedly,
  sixtyFourAtATime,
  type Task,
} from "./contender.js";

export async function docs({ server, database, tally }: Task): Promise<void> {
  const db = new CouchDB(server).database(database);
  for await (const doc of db.docs()) tally.add(doc.data);
}

export const many = inParallel(docs);

export async function held({ server, database, count, tally }: Task): Promise<void> {
  const db = new CouchDB(server).database(database);
  for await (const doc of db.docs()) {
    tally.add(doc.data);
    await aSecond();
    if (tally.count === count) break;
  }
}

export async function batches({ server, database, tally }: Task): Promise<void> {
  const db = new CouchDB(server).database(database);
  for await (const batch of db.docs().batches()) {
    for (const doc of batch) tally.add(doc.data);
  }
}

export async function feed({ server, database, count, tally }: Task): Promise<void> {
  const db = new CouchDB(server).database(database);
  const changes = db.changes({ feed: "continuous", include_docs: true, limit: count });
  for await (const change of changes) tally.add(change.json.doc);
}

export async function paced({ server, database, count, tally }: Task): Promise<void> {
  const db = new CouchDB(server).database(database);
  const changes = db.changes({ feed: "continuous", include_docs: true, limit: count });
  for await (const change of changes) {
    tally.add(change.json.doc);
    await aMillisecond();
  }
}

const getter: Getter = ({ server, database }) => {
  const db = new CouchDB(server).database(database);
  return async (id) => (await db.get(id)).data;
};

export const get = repeatedly(getter);
export const getEach = oneByOne(getter);
export const getMany = sixtyFourAtATime(getter);

/** Imports the documents of a scan as they are read. In memory, they would cost the runtime longer pauses. */
export async function imported({ server, database, tally }: Task): Promise<void> {
  const db = new CouchDB(server).database(database);
  async function* documents() {
    for await (const { data } of db.docs()) {
      tally.add(data);
      yield data;
    }
  }
  const { written } = await importDocs(db, documents(), { new_edits: false });
  if (written !== tally.count) throw new Error(`${written} were written`);
}
