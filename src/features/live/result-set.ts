import type { Entry, Plan } from "./plan.js";
import type { LiveDocument } from "./types.js";

/** The documents of a result, in order. */
export class ResultSet {
  readonly #compare: Plan["compareEntries"];
  readonly #byId = new Map<string, Entry>();
  readonly #entries: Entry[] = [];

  constructor(compare: Plan["compareEntries"]) {
    this.#compare = compare;
  }

  get knownIds(): Iterable<string> {
    return this.#byId.keys();
  }

  /** The revision of a document. */
  revOf(id: string): string | undefined {
    return this.#byId.get(id)?.doc.rev;
  }

  add(entry: Entry): void {
    this.#byId.set(entry.doc.id, entry);
    this.#entries.splice(this.#placeOf(entry), 0, entry);
  }

  delete(id: string): void {
    const entry = this.#byId.get(id);
    if (!entry) return;
    this.#byId.delete(id);
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
    // The first read mostly comes in order.
    if (to > 0 && this.#compare(this.#entries[to - 1] as Entry, entry) < 0) return to;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.#compare(this.#entries[middle] as Entry, entry) < 0) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
