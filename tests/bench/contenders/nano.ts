import nano from "nano";
import { type Getter, oneByOne, repeatedly, sixtyFourAtATime, type Task } from "./contender.js";

export async function docs({ server, database, tally }: Task): Promise<void> {
  const { rows } = await nano(server).use(database).list({ include_docs: true });
  for (const row of rows) tally.add(row.doc);
}

export async function feed({ server, database, tally }: Task): Promise<void> {
  const { results } = await nano(server).use(database).changes({ include_docs: true });
  for (const change of results) tally.add(change.doc);
}

const getter: Getter = ({ server, database }) => {
  const db = nano(server).use(database);
  return (id) => db.get(id);
};

export const get = repeatedly(getter);
export const getEach = oneByOne(getter);
export const getMany = sixtyFourAtATime(getter);
