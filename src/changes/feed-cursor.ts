import type { Sequence } from "../shared/types.js";

/** The position of a feed: how far it was read, and how many events were delivered. */
export class FeedCursor {
  /** The next request begins after this sequence. */
  position: Sequence | undefined;
  /** Events that were delivered. */
  delivered = 0;
  /** Rows that were read, including skipped ones. */
  read = 0;
  readonly #limit: number;
  readonly #moveTo: (sequence: Sequence) => void;
  /** The sequence of the rows that were skipped after the last event. */
  #skipped: Sequence | undefined;

  /**
   * @param limit - the number of events to deliver
   * @param moveTo - called with a sequence that the consumer has passed without an event
   */
  constructor(limit: number, moveTo: (sequence: Sequence) => void) {
    this.#limit = limit;
    this.#moveTo = moveTo;
  }

  get isComplete(): boolean {
    return this.delivered >= this.#limit;
  }

  /** Record an event. With `seq_interval`, most have no sequence. */
  note(sequence: Sequence | null): void {
    this.position = sequence ?? this.position;
    this.delivered += 1;
    this.#skipped = undefined;
  }

  /**
   * Record a skipped row.
   *
   * @param isSettled - whether the consumer has finished with all events before it
   */
  skip(sequence: Sequence | null, isSettled: boolean): void {
    this.#skipped = sequence ?? this.#skipped;
    this.position = sequence ?? this.position;
    if (isSettled) this.settle();
  }

  /** Record that the consumer has finished with all events so far. */
  settle(): void {
    if (this.#skipped !== undefined) this.#moveTo(this.#skipped);
    this.#skipped = undefined;
  }

  /** Record the end of a response, which may be past its last event. */
  end(sequence: Sequence | undefined): void {
    this.position = sequence ?? this.position;
    if (this.position !== undefined) this.#moveTo(this.position);
  }
}
