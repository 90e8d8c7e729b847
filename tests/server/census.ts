import type { PouchChange } from "pouchdb-core";

/** Counts the documents of a database, from where it stopped the last time. */
export class Census {
  readonly #living = new Set<string>();
  readonly #deleted = new Set<string>();
  #seq = 0;

  async take(
    changesSince: (seq: number) => Promise<PouchChange[]>,
  ): Promise<{ living: number; deleted: number }> {
    for (const { seq, id, deleted } of await changesSince(this.#seq)) {
      const [now, before] = deleted ? [this.#deleted, this.#living] : [this.#living, this.#deleted];
      now.add(id);
      before.delete(id);
      this.#seq = Math.max(this.#seq, seq);
    }
    return { living: this.#living.size, deleted: this.#deleted.size };
  }
}
