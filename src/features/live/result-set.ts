import type { Entry, Plan } from "./plan.js";
import type { LiveDocument } from "./types.js";

/** The documents of a result, in order. */
export class ResultSet {
  readonly #compare: Plan["compareEntries"];
  readonly byId = new Map<string, Entry>();
  readonly #docs: LiveDocument[] = [];

  constructor(compare: Plan["compareEntries"]) {
    this.#compare = compare;
  }

  add(entry: Entry): void {
    this.byId.set(entry.doc.id, entry);
    this.#docs.splice(this.#placeOf(entry), 0, entry.doc);
  }

  delete(id: string): void {
    const entry = this.byId.get(id);
    if (entry) this.#docs.splice(this.#placeOf(entry), 1);
    this.byId.delete(id);
  }

  /** The first documents. */
  docs(limit: number): LiveDocument[] {
    return this.#docs.slice(0, limit);
  }

  /** The number of entries before this one. No two are equal: they differ at least by id. */
  #placeOf(entry: Entry): number {
    let from = 0;
    let to = this.#docs.length;
    // Not in the middle at first: the first read mostly comes in order.
    let at = to - 1;
    while (from < to) {
      const other = this.byId.get((this.#docs[at] as LiveDocument).id) as Entry;
      if (this.#compare(other, entry) < 0) from = at + 1;
      else to = at;
      at = (from + to) >> 1;
    }
    return from;
  }
}
