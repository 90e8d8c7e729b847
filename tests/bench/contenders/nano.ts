import nano from "nano";
import type { Task } from "./contender.js";

export async function docs({ server, database, tally }: Task): Promise<void> {
  const { rows } = await nano(server).use(database).list({ include_docs: true });
  for (const row of rows) tally.add(row.doc);
}
