import { Database } from "../../client/database.js";
import type { DatabaseContext } from "../../documents/database-context.js";
import type { BulkRow } from "../../shared/types.js";
import type { Change } from "../live/change.js";
import type { LiveQueryState } from "../live/live-query.js";
import { type Mutation, rowError, saveMutations } from "./save-mutations.js";

/** Waits for the revisions that a transaction has written. */
interface Arrival {
  revs: Map<string, string>;
  resolve: () => void;
}

const generationOf = (rev = "0") => Number.parseInt(rev, 10);

/**
 * Writes the mutations of a collection, one transaction after the other: the second change of a document needs the
 * revision of the first. A transaction is complete when the query of the collection shows it.
 */
export class MutationWriter {
  readonly #db: Database;
  readonly #context: DatabaseContext;
  readonly #query: LiveQueryState;
  #isFollowing = false;
  #turn: Promise<unknown> = Promise.resolve();
  #underWay = 0;
  /** By id and revision, the revision that a transaction has replaced it by. */
  readonly #newer = new Map<string, string>();
  /** By id, the revision that the query has received last, since the first transaction under way began. */
  readonly #received = new Map<string, string>();
  #arrivals: Arrival[] = [];

  constructor(db: Database, query: LiveQueryState) {
    this.#db = db;
    this.#context = Database.contextOf(db);
    this.#query = query;
    query.onChanges = (changes) => this.#receive(changes);
  }

  /**
   * Write the mutations of a transaction. Resolves when the query shows them.
   *
   * @throws ConflictError if a document has changed; the others may have been written
   */
  async write(mutations: readonly Mutation[]): Promise<void> {
    this.#underWay += 1;
    try {
      const sent = this.#turn.then(() => this.#send(mutations));
      this.#turn = sent.catch(() => {});
      const revs = await sent;
      // The feed may have been faster than the response.
      if (this.#isFollowing) this.#query.show();
      await new Promise<void>((resolve) => {
        this.#arrivals.push({ revs, resolve });
        this.#arrive();
      });
    } finally {
      this.#underWay -= 1;
      if (this.#underWay === 0) {
        this.#newer.clear();
        this.#received.clear();
      }
    }
  }

  /** Called after each snapshot of the query, and when it ends: no transaction then waits for it. */
  follow(isFollowing: boolean): void {
    this.#isFollowing = isFollowing;
    this.#arrive();
  }

  async #send(mutations: readonly Mutation[]): Promise<Map<string, string>> {
    const based = mutations.map((mutation) => ({ ...mutation, base: this.#baseOf(mutation) }));
    const bases = new Map(based.map(({ key, base }) => [key, base]));
    const revs = new Map<string, string>();
    let failed: BulkRow | undefined;
    for (const row of await saveMutations(this.#db, this.#context, based)) {
      const { id, rev, error } = row;
      if (error !== undefined) failed ??= row;
      else {
        revs.set(id, rev as string);
        this.#newer.set(`${id} ${bases.get(id)}`, rev as string);
      }
    }
    if (failed) throw rowError(this.#context, failed);
    return revs;
  }

  /** The revision to replace: of a document that this collection has just written, the new one. */
  #baseOf({ key, original }: Mutation): string | undefined {
    let rev = original._rev;
    for (;;) {
      const newer = this.#newer.get(`${key} ${rev}`);
      if (newer === undefined) return rev;
      rev = newer;
    }
  }

  /** @param changes - of the query; empty if it has read the database again */
  #receive(changes: readonly Change[]): void {
    if (this.#underWay === 0) return;
    for (const { id, rev } of changes) this.#received.set(id, rev);
    const isRead = changes.length === 0;
    if (!isRead && !this.#arrivals.some((arrival) => this.#hasArrived(arrival))) return;
    this.#query.show();
    this.#arrive(isRead);
  }

  #arrive(isRead = false): void {
    const arrivals = this.#arrivals;
    this.#arrivals = [];
    for (const arrival of arrivals)
      if (isRead || this.#hasArrived(arrival)) arrival.resolve();
      else this.#arrivals.push(arrival);
  }

  #hasArrived({ revs }: Arrival): boolean {
    if (!this.#isFollowing) return true;
    const { doc_ids } = this.#query.scope;
    return [...revs].every(
      ([id, rev]) =>
        (doc_ids && !doc_ids.includes(id)) ||
        generationOf(this.#received.get(id)) >= generationOf(rev),
    );
  }
}
