import type { Task } from "./contender.js";

export async function docs({ server, database, tally }: Task): Promise<void> {
  const response = await fetch(`${server}/${database}/_all_docs?include_docs=true`);
  const { rows } = await response.json();
  for (const row of rows) tally.add(row.doc);
}
