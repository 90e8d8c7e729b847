import { Database } from "../../client/database.js";
import type { DatabaseContext } from "../../documents/database-context.js";
import type { BulkRow } from "../../shared/types.js";
import type { Change } from "../live/change.js";
import type { LiveQueryState } from "../live/live-query.js";
import { type Mutation, rowError, saveMutations } from "./save-mutations.js";

/** Waits for the revisions that a transaction has written. */
interface Arrival {
  revs: Map<string, string>;
  /** How many reads of the query had begun when CouchDB responded. */
  readsBefore: number;
  /** Whether a later read is complete: it has seen the revisions, or what has replaced them. */
  isRead: boolean;
  resolve: () => void;
}

// Milliseconds within which a connected feed brings a revision.
const longestArrival = 1_000;

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
  /** How many reads of the query have begun. */
  #reads = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #underWay = 0;
  /** By id and revision, the revision that a transaction has replaced it by. */
  readonly #newer = new Map<string, string>();
  /** By id, the revision that the query has received last, since the first transaction under way began. */
  readonly #received = new Map<string, string>();
  #arrivals: Arrival[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

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
      await new Promise<void>((resolve) => {
        const arrival = { revs, readsBefore: this.#reads, isRead: false, resolve };
        this.#arrivals.push(arrival);
        this.#showArrived();
        this.#readUnlessArrived();
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
  follow(isFollowing: boolean, isReading = false): void {
    if (isReading) this.#reads += 1;
    this.#isFollowing = isFollowing;
    if (!isFollowing) clearTimeout(this.#timer);
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

  /** @param changes - of the query; null if it has read the database */
  #receive(changes: readonly Change[] | null | undefined): void {
    if (changes === undefined || this.#underWay === 0) return;
    // A read may bring an older one.
    for (const { id, rev } of changes ?? [])
      if (generationOf(rev) >= generationOf(this.#received.get(id))) this.#received.set(id, rev);
    if (changes === null)
      for (const arrival of this.#arrivals) arrival.isRead ||= arrival.readsBefore < this.#reads;
    this.#showArrived();
  }

  /**
   * Read again if a revision does not come. The feed may have begun after it, or name another one: that of a
   * conflict, which wins once a document is deleted.
   */
  #readUnlessArrived(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#arrivals.every((arrival) => this.#hasArrived(arrival))) return;
      if (this.#query.current.status === "live") this.#query.readAgain();
      else this.#readUnlessArrived();
    }, longestArrival);
  }

  /** Show what has arrived in a snapshot, rather than in the next frame, and complete its transactions. */
  #showArrived(): void {
    if (!this.#arrivals.some((arrival) => this.#hasArrived(arrival))) return;
    if (this.#isFollowing) this.#query.show();
    this.#arrive();
  }

  #arrive(): void {
    const arrivals = this.#arrivals;
    this.#arrivals = [];
    for (const arrival of arrivals)
      if (this.#isShown(arrival)) arrival.resolve();
      else this.#arrivals.push(arrival);
  }

  #isShown(arrival: Arrival): boolean {
    return !this.#isFollowing || (this.#query.isComplete && this.#hasArrived(arrival));
  }

  #hasArrived({ revs, isRead }: Arrival): boolean {
    const { doc_ids } = this.#query.scope;
    return (
      isRead ||
      !this.#isFollowing ||
      [...revs].every(
        ([id, rev]) =>
          (doc_ids && !doc_ids.includes(id)) ||
          generationOf(this.#received.get(id)) >= generationOf(rev),
      )
    );
  }
}
