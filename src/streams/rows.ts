import type { Source } from "../shared/batch.js";
import type { RowsSummary } from "../shared/types.js";
import { toAsyncIterator } from "./async-iterator.js";
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
  #isBegun = false;
  #closedWith: DOMException | undefined;
  #operation: Operation | undefined;
  #opened: Source<R[]> | undefined;

  /** @internal */
  constructor(source: RowsSource<R>) {
    this.#source = source;
    this.#summary = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // A consumer that does not use the summary need not catch its error.
    this.#summary.catch(() => {});
  }

  /**
   * What the result has beside its rows, once they are read to the end; it rejects if they are not.
   * Asked for before the rows, it reads past them.
   */
  get summary(): Promise<RowsSummary> {
    if (!this.#isBegun) void this.#readPast();
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

  /** Close the connection. A pending read rejects with an AbortError. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isBegun = true;
    this.#close();
  }

  #close(): void {
    this.#closedWith ??= new DOMException("the rows were closed before their end", "AbortError");
    this.#settle?.reject(this.#closedWith);
    this.#operation?.abort(this.#closedWith);
    this.#operation?.end();
  }

  #items<I>(toItems: (rows: R[]) => I[]): AsyncIterableIterator<I> {
    if (this.#isBegun) throw new TypeError("rows can be read only once");
    this.#isBegun = true;
    return toAsyncIterator(() => this.#next(toItems), {
      aborted: () => this.#operation?.aborted ?? false,
      end: () => this.#close(),
    });
  }

  async #next<I>(toItems: (rows: R[]) => I[]): Promise<I[] | undefined> {
    try {
      if (this.#closedWith) throw this.#closedWith;
      this.#operation ??= this.#source.begin();
      this.#opened ??= this.#source.open(this.#operation);
      this.#operation.throwIfAborted();
      const rows = await this.#opened.next();
      if (rows) return toItems(rows);
      this.#settle?.resolve(this.#opened.summary);
    } catch (error) {
      this.#settle?.reject(error);
      this.#close();
      throw error;
    }
    this.#close();
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
