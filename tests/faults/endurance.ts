import { setTimeout as sleep } from "node:timers/promises";
import type { ChangeEvent, Database, FeedKind, FeedState } from "couchfetch";
import fc from "fast-check";

/** What became of the changes that were written while a feed was followed. */
export interface Totals {
  /** Revisions that were written, as far as the writer knows. */
  written: number;
  /** Events that the feed brought. */
  delivered: number;
  /** Documents whose last revision it did not bring. */
  missed: string[];
  /** Events that had come before, after a break. */
  duplicates: number;
  /** Documents of which an event came again, or too late, without a break. */
  disordered: string[];
  /** How often the feed had to connect anew. */
  reconnects: number;
}

/** What a consumer has seen of each document. */
class Ledger {
  readonly #seen = new Map<string, { generation: number; rev: string; connection: number }>();
  /** Last revisions that are still to come, once it is known which they are. */
  #due: Map<string, string> | undefined;
  readonly disordered: string[] = [];
  delivered = 0;
  duplicates = 0;
  connection = 0;

  note({ id, rev }: ChangeEvent): void {
    const { connection } = this;
    const generation = Number.parseInt(rev, 10);
    const before = this.#seen.get(id);
    this.delivered += 1;
    if (before && generation <= before.generation) {
      this.duplicates += 1;
      if (connection === before.connection) this.disordered.push(id);
    }
    this.#seen.set(id, { generation, rev, connection });
    if (this.#due?.get(id) === rev) this.#due.delete(id);
  }

  expect(revs: Map<string, string>): void {
    const missing = [...revs].filter(([id, rev]) => this.#seen.get(id)?.rev !== rev);
    this.#due = new Map(missing);
  }

  get isComplete(): boolean {
    return this.#due?.size === 0;
  }

  get missed(): string[] {
    return [...(this.#due?.keys() ?? [])];
  }
}

export interface EnduranceOptions {
  feed: FeedKind;
  heartbeat: number;
  seed: number;
  /** Revisions that are written at once. */
  atOnce: number;
  /** How many documents there are to be at the most; from then on they are edited. */
  documents: number;
  /** Resolves when the next of so many writes may go out. */
  pace?(writes: number): Promise<unknown>;
  /** Whether enough was written. */
  isEnough(written: number): boolean;
  /** Milliseconds after the last write in which everything has to come. */
  patience: number;
}

/**
 * Writes to a database, and follows it at the same time, until all that was written has come. The server
 * may fail meanwhile.
 *
 * @param database - for writing
 * @param followed - the same, by the way that the feed is to take
 */
export async function endure(
  database: Database,
  followed: Database,
  options: EnduranceOptions,
): Promise<Totals> {
  const { feed, heartbeat, patience } = options;
  const ledger = new Ledger();
  let beLive = () => {};
  const live = new Promise<void>((resolve) => {
    beLive = resolve;
  });
  const onState = ({ state, caughtUp }: FeedState) => {
    if (state === "waiting") ledger.connection += 1;
    // A feed that has ended does not get that far.
    if (caughtUp || state === "closed") beLive();
  };
  const changes = followed.changes({ feed, heartbeat, onState });
  const follow = async () => {
    for await (const event of changes) {
      ledger.note(event);
      if (ledger.isComplete) return;
    }
  };
  const write = async () => {
    const count = await writeUntil(database, options);
    ledger.expect(await stateOf(database));
    // Perhaps all had come before that was known.
    if (ledger.isComplete) await changes.close();
    return count;
  };
  const following = follow();
  following.catch(() => {});
  // The server fails while the feed is live; while it still catches up, other tests let it fail.
  await live;
  const written = await write();
  const deadline = setTimeout(() => void changes.close(), patience);
  await following;
  clearTimeout(deadline);
  const { delivered, missed, duplicates, disordered, connection } = ledger;
  return { written, delivered, missed, duplicates, disordered, reconnects: connection };
}

/** New documents, edits and deletions; of a write that fails, what is there tells what became of it. */
async function writeUntil(
  database: Database,
  { seed, atOnce, documents, pace, isEnough }: EnduranceOptions,
): Promise<number> {
  let written = 0;
  let created = 0;
  for (let round = 0; !isEnough(written); round += 1) {
    const chances = fc.sample(fc.nat(99), { seed: seed + round, numRuns: atOnce });
    const ids = chances.map((chance, n) => {
      const isNew = chance < 70 && created < documents;
      if (isNew) created += 1;
      return `doc-${isNew ? created : (round * 31 + n * 7919 + chance * 104_729) % (created + 1)}`;
    });
    const deleted = new Set(ids.filter((_, n) => (chances[n] ?? 0) > 96));
    try {
      const { ok } = await database.updateDocs(
        [...new Set(ids)],
        (docs) => {
          for (const doc of docs) {
            doc.data.round = round;
            doc.data.text = "ä🦊".repeat(round % 20);
            if (doc.exists && deleted.has(doc.id)) doc.data._deleted = true;
          }
        },
        { create: true },
      );
      written += ok.length;
      await pace?.(round);
    } catch {
      await backAgain(database);
    }
  }
  return written;
}

/** The last revision of each document. */
async function stateOf(database: Database): Promise<Map<string, string>> {
  await backAgain(database);
  const revs = new Map<string, string>();
  for await (const { id, rev } of database.changes()) revs.set(id, rev);
  return revs;
}

async function backAgain(database: Database): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      await database.info();
      return;
    } catch (error) {
      if (tries === 600) throw error;
      await sleep(100);
    }
  }
}
