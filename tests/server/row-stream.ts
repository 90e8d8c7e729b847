import type { BodyStream } from "./http.js";

/** How many rows are worked on at once; what one write takes. */
export const BATCH = 100;

/** Writes rows as CouchDB lays them out: each on a line of its own. */
export async function writeRows(
  stream: BodyStream,
  rows: readonly unknown[],
  complete: (row: unknown) => unknown,
): Promise<void> {
  for (let from = 0; from < rows.length; from += BATCH) {
    const batch = await Promise.all(rows.slice(from, from + BATCH).map(complete));
    const text = batch.map((row) => JSON.stringify(row)).join(",\r\n");
    await stream.write(from === 0 ? text : `,\r\n${text}`);
  }
}
