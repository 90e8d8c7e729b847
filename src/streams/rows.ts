import type { RowsSummary } from "../types.js";
import { items } from "./items.js";

/** Makes the batches of a result. It must stop when the signal aborts. */
export type RowsSource<R> = (owner: AbortSignal) => AsyncGenerator<R[], RowsSummary, void>;

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
  readonly #owner = new AbortController();
  #begun = false;
  #settled: { resolve(summary: RowsSummary): void; reject(reason: unknown): void } | undefined;
  readonly #summary: Promise<RowsSummary>;

  /** @internal */
  constructor(source: RowsSource<R>) {
    this.#source = source;
    this.#summary = new Promise((resolve, reject) => {
      this.#settled = { resolve, reject };
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

  /** The rows in arrays, one for each piece that the network brought: the fast path. */
  batches(): AsyncGenerator<R[], void, void> {
    if (this.#begun) throw new TypeError("These rows are being read already: they come only once");
    this.#begun = true;
    return this.#batches();
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<R> {
    return items(this.batches());
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
        cancel: () => this[Symbol.asyncDispose](),
      },
      { highWaterMark: 0 },
    );
  }

  /** Closes the connection, also while a row is waited for. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#begun = true;
    const reason = new DOMException("The rows were given up before their end", "AbortError");
    this.#settled?.reject(reason);
    this.#owner.abort(reason);
  }

  async *#batches(): AsyncGenerator<R[], void, void> {
    const source = this.#source(this.#owner.signal);
    try {
      for (;;) {
        const step = await source.next();
        if (step.done) {
          this.#settled?.resolve(step.value);
          return;
        }
        if (step.value.length > 0) yield step.value;
      }
    } catch (error) {
      this.#settled?.reject(error);
      throw error;
    } finally {
      await source.return({});
      await this[Symbol.asyncDispose]();
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
