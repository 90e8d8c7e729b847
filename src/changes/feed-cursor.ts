import type { Sequence } from "../shared/types.js";

/** Where a feed is: how far it was read, and how many events were handed over. */
export class FeedCursor {
  /** The next request begins after this sequence. */
  position: Sequence | undefined;
  /** Events handed over. */
  given = 0;
  /** Rows read, including those that were left out. */
  read = 0;
  readonly #limit: number;
  readonly #moveTo: (sequence: Sequence) => void;
  /** Of rows that were left out after the last event. */
  #skipped: Sequence | undefined;

  /**
   * @param limit - events to hand over
   * @param moveTo - called with a sequence that the consumer has passed without an event
   */
  constructor(limit: number, moveTo: (sequence: Sequence) => void) {
    this.#limit = limit;
    this.#moveTo = moveTo;
  }

  get isComplete(): boolean {
    return this.given >= this.#limit;
  }

  /** How many events are still to come; undefined without a limit. */
  get remaining(): number | undefined {
    return Number.isFinite(this.#limit) ? this.#limit - this.given : undefined;
  }

  /** Note an event. With `seq_interval` most have no sequence. */
  pass(sequence: Sequence | null): void {
    this.position = sequence ?? this.position;
    this.given += 1;
    this.#skipped = undefined;
  }

  /** Note a row that was left out. @param isSettled - whether all events before it are finished */
  skip(sequence: Sequence | null, isSettled: boolean): void {
    this.#skipped = sequence ?? this.#skipped;
    this.position = sequence ?? this.position;
    if (isSettled) this.settle();
  }

  /** The consumer has finished with all events so far. */
  settle(): void {
    if (this.#skipped !== undefined) this.#moveTo(this.#skipped);
    this.#skipped = undefined;
  }

  /** Note the end of a response, which may be past its last event. */
  end(sequence: Sequence | undefined): void {
    this.position = sequence ?? this.position;
    if (this.position !== undefined) this.#moveTo(this.position);
  }
}
