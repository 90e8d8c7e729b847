import type { Seen } from "./data.js";
import type { Entry } from "./entries.js";

/** What one run took: milliseconds, and `memory` in MB. A runtime measures what it can. */
export interface Run extends Seen {
  cpu?: number;
  wall: number;
  first?: number;
  memory?: number;
  /** The longest that a timer had to wait. */
  blocked?: number;
  /** MB that the server sent, and by how much its own memory grew at most. */
  sent?: number;
  served?: number;
}

/** The runs of each entry, a run a round, or why there are none. */
export type Results = Map<string, Run[] | Error>;

/**
 * Each entry in turn, and again: what disturbs the machine meanwhile disturbs all alike. Every other round goes
 * backwards, so that nobody always comes after the same one.
 */
export async function runRounds(
  entries: Entry[],
  rounds: number,
  run: (entry: Entry) => Promise<Run>,
): Promise<Results> {
  const results: Results = new Map();
  for (let round = 0; round < rounds; round += 1) {
    const turns = round % 2 === 0 ? entries : [...entries].reverse();
    for (const entry of turns) {
      const runs = results.get(entry.name) ?? [];
      if (runs instanceof Error) continue;
      try {
        runs.push(await run(entry));
        results.set(entry.name, runs);
      } catch (error) {
        results.set(entry.name, error as Error);
      }
    }
  }
  return results;
}
