import type { Entry, Plan } from "./plan.js";
import type { LiveDocument } from "./types.js";

/** The documents of a result, in order. */
export class ResultSet {
  readonly #compare: Plan["compareEntries"];
  readonly byId = new Map<string, Entry>();
  readonly #entries: Entry[] = [];

  constructor(compare: Plan["compareEntries"]) {
    this.#compare = compare;
  }

  add(entry: Entry): void {
    this.byId.set(entry.doc.id, entry);
    this.#entries.splice(this.#placeOf(entry), 0, entry);
  }

  delete(id: string): void {
    const entry = this.byId.get(id);
    if (!entry) return;
    this.byId.delete(id);
    this.#entries.splice(this.#placeOf(entry), 1);
  }

  /** The first documents. */
  docs(limit: number): LiveDocument[] {
    return this.#entries.slice(0, limit).map(({ doc }) => doc);
  }

  /** The number of entries before this one. No two are equal: they differ at least by id. */
  #placeOf(entry: Entry): number {
    let from = 0;
    let to = this.#entries.length;
    // Not in the middle at first: the first read mostly comes in order.
    let at = to - 1;
    while (from < to) {
      if (this.#compare(this.#entries[at] as Entry, entry) < 0) from = at + 1;
      else to = at;
      at = (from + to) >> 1;
    }
    return from;
  }
}
