import type { RowsSummary } from "../types.js";
import type { Flight } from "./flight.js";
import { items } from "./items.js";

/** What rows are read from, within a flight of their own. */
export interface RowsSource<R> {
  takeOff(): Flight;
  batches(flight: Flight): AsyncGenerator<R[], RowsSummary, void>;
}

/**
 * A result with rows, read from the network as the consumer asks for them, and only once. Nothing is
 * sent before the first row is asked for; a consumer that stops reading stops the server, and
 * `break` closes the connection.
 *
 * ```ts
 * for await (const doc of animals.docs()) console.log(doc.id);
 * ```
 */
export class Rows<R> implements AsyncIterable<R> {
  readonly #source: RowsSource<R>;
  readonly #summary: Promise<RowsSummary>;
  #settle: { resolve(summary: RowsSummary): void; reject(reason: unknown): void } | undefined;
  #begun = false;
  #givenUp: DOMException | undefined;
  #flight: Flight | undefined;

  /** @internal */
  constructor(source: RowsSource<R>) {
    this.#source = source;
    this.#summary = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // Whoever does not ask for the summary need not catch what became of it.
    this.#summary.catch(() => {});
  }

  /**
   * What the result has beside its rows, once they are read to the end; it rejects if they are not.
   * Asked for before the rows, it reads past them.
   */
  get summary(): Promise<RowsSummary> {
    if (!this.#begun) void this.#readPast();
    return this.#summary;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<R> {
    return this.#items(this.#batches());
  }

  /** The rows in arrays, one for each piece that the network brought, of 64 KiB at most: the fast path. */
  batches(): AsyncIterableIterator<R[]> {
    return this.#items(singly(this.#batches()));
  }

  /** All rows in memory. */
  async toArray(): Promise<R[]> {
    const rows: R[] = [];
    for await (const batch of this.batches()) for (const row of batch) rows.push(row);
    return rows;
  }

  /** The rows as a stream that pulls one at a time. Cancelling it closes the connection. */
  toReadableStream(): ReadableStream<R> {
    const rows = this[Symbol.asyncIterator]();
    return new ReadableStream<R>(
      {
        pull: async (controller) => {
          const { done, value } = await rows.next();
          if (done) controller.close();
          else controller.enqueue(value);
        },
        cancel: async () => void (await rows.return?.()),
      },
      { highWaterMark: 0 },
    );
  }

  /** Gives the rows up and closes the connection; who waits for a row meanwhile gets an AbortError. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#begun = true;
    this.#giveUp();
  }

  #giveUp(): void {
    this.#givenUp ??= new DOMException("The rows were given up before their end", "AbortError");
    this.#settle?.reject(this.#givenUp);
    this.#flight?.abort(this.#givenUp);
  }

  #items<I>(batches: AsyncGenerator<I[], void, void>): AsyncIterableIterator<I> {
    if (this.#begun) {
      throw new TypeError("These rows are being read, or were given up: they come only once");
    }
    this.#begun = true;
    return items(batches, {
      ended: () => this.#flight?.signal.aborted ?? false,
      end: () => this.#giveUp(),
    });
  }

  async *#batches(): AsyncGenerator<R[], void, void> {
    let source: AsyncGenerator<R[], RowsSummary, void> | undefined;
    try {
      if (this.#givenUp) throw this.#givenUp;
      this.#flight = this.#source.takeOff();
      source = this.#source.batches(this.#flight);
      for (;;) {
        const step = await source.next();
        this.#flight.throwIfEnded();
        if (step.done) {
          this.#settle?.resolve(step.value);
          return;
        }
        if (step.value.length > 0) yield step.value;
        this.#flight.throwIfEnded();
      }
    } catch (error) {
      this.#settle?.reject(error);
      throw error;
    } finally {
      this.#giveUp();
      await source?.return({});
      this.#flight?.land();
    }
  }

  async #readPast(): Promise<void> {
    try {
      for await (const _batch of this.batches());
    } catch {
      // The summary has rejected with it.
    }
  }
}

async function* singly<R>(batches: AsyncGenerator<R[], void, void>) {
  for await (const batch of batches) yield [batch];
}
