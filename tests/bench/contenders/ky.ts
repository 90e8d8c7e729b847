import ky from "ky";
import { documentId, type Task } from "./contender.js";

export async function get({ server, database, count, tally }: Task): Promise<void> {
  const url = `${server}/${database}/${documentId}`;
  for (let n = 0; n < count; n += 1) tally.add(await ky.get(url).json());
}
