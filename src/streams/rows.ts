import type { RowsSummary } from "../shared/types.js";
import { toAsyncIterator } from "./async-iterator.js";
import type { Source } from "./batch.js";
import type { Operation } from "./operation.js";

/** What rows are read from, within an operation of their own. */
export interface RowsSource<R> {
  begin(): Operation;
  open(operation: Operation): Source<R[]>;
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
  #operation: Operation | undefined;
  #opened: Source<R[]> | undefined;

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

  /** One at a time, as they are asked for; only once. */
  [Symbol.asyncIterator](): AsyncIterableIterator<R> {
    return this.#items((rows) => rows);
  }

  /** The rows in arrays, one for each piece that the network brought, of 64 KiB at most: the fast path. */
  batches(): AsyncIterableIterator<R[]> {
    return this.#items((rows) => [rows]);
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
    this.#operation?.abort(this.#givenUp);
    this.#operation?.end();
  }

  #items<I>(toItems: (rows: R[]) => I[]): AsyncIterableIterator<I> {
    if (this.#begun) {
      throw new TypeError("These rows are being read, or were given up: they come only once");
    }
    this.#begun = true;
    return toAsyncIterator(() => this.#next(toItems), {
      ended: () => this.#operation?.ended ?? false,
      end: () => this.#giveUp(),
    });
  }

  async #next<I>(toItems: (rows: R[]) => I[]): Promise<I[] | undefined> {
    try {
      if (this.#givenUp) throw this.#givenUp;
      this.#operation ??= this.#source.begin();
      this.#opened ??= this.#source.open(this.#operation);
      this.#operation.throwIfEnded();
      const rows = await this.#opened.next();
      if (rows) return toItems(rows);
      this.#settle?.resolve(this.#opened.summary);
    } catch (error) {
      this.#settle?.reject(error);
      this.#giveUp();
      throw error;
    }
    this.#giveUp();
    return undefined;
  }

  async #readPast(): Promise<void> {
    try {
      for await (const _batch of this.batches());
    } catch {
      // The summary has rejected with it.
    }
  }
}
