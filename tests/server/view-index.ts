import type { PouchChange } from "pouchdb-core";
import { compareIds } from "./collate.js";

/** One row of an index. */
export interface IndexRow {
  id: string;
  key: unknown;
  value: unknown;
}

/** What a document (as its latest change shows it) contributes to an index. */
export type MapChange = (change: PouchChange) => { key: unknown; value: unknown }[];

export type ReadChanges = (options: {
  since: number;
  limit: number;
  include_docs: boolean;
}) => Promise<PouchChange[]>;

export type CompareKeys = (a: unknown, b: unknown) => number;

const BATCH = 500;

/**
 * Rows in key order, kept for the next query and brought up to date when that comes, as CouchDB
 * does. `rows()` hands out an array that no later update touches: a reader that takes its time
 * sees one state of the database.
 */
export class ViewIndex {
  #rows: readonly IndexRow[] = [];
  #seq = 0;
  #update: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly changes: ReadChanges,
    private readonly map: MapChange,
    readonly compareKeys: CompareKeys,
    private readonly options: { documents: boolean },
  ) {}

  async rows(): Promise<readonly IndexRow[]> {
    // One update after another, so that none works on rows that another is replacing.
    const update = this.#update.then(() => this.#catchUp());
    this.#update = update.catch(() => undefined);
    await update;
    return this.#rows;
  }

  async #catchUp(): Promise<void> {
    const changed = new Set<string>();
    const added: IndexRow[] = [];
    let seq = this.#seq;
    for (;;) {
      const batch = await this.changes({
        since: seq,
        limit: BATCH,
        include_docs: this.options.documents,
      });
      for (const change of batch) {
        changed.add(change.id);
        seq = change.seq;
        if (change.deleted === true) continue;
        for (const { key, value } of this.map(change)) added.push({ id: change.id, key, value });
      }
      if (batch.length < BATCH) break;
    }
    this.#seq = seq;
    if (changed.size === 0) return;
    const kept = this.#rows.filter((row) => !changed.has(row.id));
    this.#rows = kept.concat(added).sort((a, b) => this.#compare(a, b));
  }

  #compare(a: IndexRow, b: IndexRow): number {
    return this.compareKeys(a.key, b.key) || compareIds(a.id, b.id);
  }
}
