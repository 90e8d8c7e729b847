import type { Source } from "../shared/batch.js";
import { type Inspection, print } from "../shared/inspect.js";
import type { RowsSummary } from "../shared/types.js";
import { toAsyncIterator } from "./async-iterator.js";
import type { Operation } from "./operation.js";

/** The source of rows, read as a separate operation. */
export interface RowsSource<R> {
  begin(): Operation;
  open(operation: Operation): Source<R[]>;
}

/**
 * The rows of a result, streamed as you read them. They can be read only once.
 *
 * Nothing is sent before you read the first row. If you stop reading, the server stops sending; `break`
 * closes the connection.
 *
 * ```ts
 * for await (const doc of animals.docs()) console.log(doc.id);
 * ```
 */
export class Rows<R> implements AsyncIterable<R> {
  readonly #source: RowsSource<R>;
  readonly #summary: Promise<RowsSummary>;
  #settle!: { resolve(summary: RowsSummary): void; reject(reason: unknown): void };
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
    // A consumer that ignores the summary need not catch its error.
    this.#summary.catch(() => {});
  }

  /**
   * The members of the result other than its rows, such as `total_rows`. Resolves after the last row, and
   * rejects if the rows are not read to the end. If you ask for it before reading, it reads and discards the
   * rows.
   *
   * ```ts
   * const { total_rows } = await animals.allDocs.rows({ limit: 0 }).summary;
   * ```
   */
  get summary(): Promise<RowsSummary> {
    if (!this.#isBegun) void this.#readPast();
    return this.#summary;
  }

  /** Iterate over the rows. They can be read only once. */
  [Symbol.asyncIterator](): AsyncIterableIterator<R> {
    return this.#items((rows) => rows);
  }

  /**
   * Iterate over arrays of rows: those that have arrived, of at most 64 KiB. This is the fastest way to read
   * many rows.
   *
   * ```ts
   * for await (const docs of animals.docs().batches()) console.log(docs.length);
   * ```
   */
  batches(): AsyncIterableIterator<R[]> {
    return this.#items((rows) => [rows]);
  }

  /**
   * Read the first row, and close the connection. Pass `limit: 1` to a query that costs the server time.
   *
   * ```ts
   * const cat = await animals.find({ type: "cat" }, { limit: 1 }).first();
   * ```
   *
   * @returns undefined if there are no rows
   */
  async first(): Promise<R | undefined> {
    for await (const row of this) return row;
    return undefined;
  }

  /**
   * Read all rows into memory.
   *
   * ```ts
   * const ids = await animals.keys().toArray();
   * ```
   */
  async toArray(): Promise<R[]> {
    const rows: R[] = [];
    for await (const batch of this.batches()) for (const row of batch) rows.push(row);
    return rows;
  }

  /**
   * Convert the rows to a stream that reads one row at a time. Canceling it closes the connection.
   *
   * ```ts
   * await animals.values().toReadableStream().pipeTo(writable);
   * ```
   */
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

  /** @internal */
  [Symbol.for("nodejs.util.inspect.custom")](...how: Inspection): string {
    return print(this, how, {
      state: this.#closedWith ? "ended" : this.#isBegun ? "reading" : "not read",
    });
  }

  /** Close the connection. A pending read rejects with an AbortError. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isBegun = true;
    this.#close();
  }

  #close(): void {
    this.#closedWith ??= new DOMException("the rows are closed", "AbortError");
    this.#settle.reject(this.#closedWith);
    this.#operation?.abort(this.#closedWith);
  }

  #items<I>(toItems: (rows: R[]) => I[]): AsyncIterableIterator<I> {
    if (this.#isBegun) throw new TypeError("rows can be read only once");
    this.#isBegun = true;
    return toAsyncIterator(() => this.#next(toItems), {
      wasAborted: () => this.#operation?.wasAborted,
      end: () => this.#close(),
    });
  }

  async #next<I>(toItems: (rows: R[]) => I[]): Promise<I[] | undefined> {
    try {
      if (this.#closedWith) throw this.#closedWith;
      this.#operation ??= this.#source.begin();
      this.#opened ??= this.#source.open(this.#operation);
      this.#operation.throwReason();
      const rows = await this.#opened.next();
      if (rows) return toItems(rows);
      this.#settle.resolve(this.#opened.summary);
    } catch (error) {
      this.#settle.reject(error);
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
      // The summary has rejected with this error.
    }
  }
}
