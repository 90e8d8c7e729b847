import type { DatabaseContext } from "../../documents/database-context.js";
import type { Document } from "../../documents/document.js";
import { checkOptions } from "../../shared/arguments.js";
import { otherTasks } from "../../shared/long-task.js";
import type { Operation } from "../../streams/operation.js";
import { AdaptiveRetry } from "./adaptive-retry.js";
import { BatchWriter } from "./batch-writer.js";
import {
  type DocumentSource,
  entriesOf,
  type SourceReader,
  sourceReader,
} from "./document-source.js";
import type { Entry } from "./entry.js";
import type { ImportOptions, ImportTotals } from "./options.js";

// Characters of JSON per request, unless a single document has more: fewer while the server is slow. Larger requests
// are not faster, and stay in memory until the server responds.
const smallestRequest = 60_000;
const largestRequest = 250_000;

// What a document costs the server beside its JSON, in characters.
const costOfDocument = 100;

// Milliseconds within which a fast server responds, and that a slow one takes.
const fast = 1000;
const slow = 4000;

/** Import documents in concurrent batches. */
export async function importDocuments<T extends object>(
  context: DatabaseContext,
  source: DocumentSource<T | Document<T>>,
  options: ImportOptions<T>,
): Promise<ImportTotals> {
  checkOptions(options, "batchSize concurrency onProgress onConflict onMalformed new_edits");
  const operation = context.client.begin(options);
  try {
    const run = new Import<T>(context, operation, options);
    return await run.from(source);
  } finally {
    operation.end();
  }
}

/** Reads a source, and writes batches concurrently. */
class Import<T extends object> {
  readonly #context: DatabaseContext;
  readonly #operation: Operation;
  readonly #batchSize: number;
  readonly #skipsMalformed: boolean;
  readonly #onProgress: ImportOptions["onProgress"];
  readonly #retry: AdaptiveRetry;
  readonly #writer: BatchWriter<T>;
  #failure: { error: unknown } | undefined;
  #mostCharacters = largestRequest;

  constructor(context: DatabaseContext, operation: Operation, options: ImportOptions<T>) {
    const { batchSize = Infinity, concurrency = 4, onConflict = "skip", onMalformed } = options;
    if (!(batchSize >= 1)) throw new RangeError("`batchSize` must be at least 1");
    if (!(concurrency >= 1)) throw new RangeError("`concurrency` must be at least 1");
    if (typeof onConflict !== "function" && !["skip", "overwrite"].includes(onConflict))
      throw new TypeError('`onConflict` must be "skip", "overwrite" or a function');
    if (!["throw", "skip", undefined].includes(onMalformed))
      throw new TypeError('`onMalformed` must be "throw" or "skip"');
    this.#skipsMalformed = onMalformed === "skip";
    this.#context = context;
    this.#operation = operation;
    this.#batchSize = batchSize;
    this.#onProgress = options.onProgress;
    this.#retry = new AdaptiveRetry(operation, concurrency, context.client.session);
    this.#writer = new BatchWriter<T>(context, operation, this.#retry, { ...options, onConflict });
  }

  async from(source: DocumentSource<T | Document<T>>): Promise<ImportTotals> {
    const reader = sourceReader<T | Document<T> | Uint8Array>(source);
    const batches = this.#batches(reader);
    const running = new Set<Promise<unknown>>();
    try {
      for (;;) {
        while (running.size >= this.#retry.concurrency) await Promise.race(running);
        const { done, value } = await this.#operation.race(batches.next());
        if (done) break;
        const work = this.#write(value).finally(() => running.delete(work));
        running.add(work);
      }
      await Promise.all(running);
    } catch (error) {
      // Batches that were sent are completed, but not retried for a source that failed.
      this.#retry.stop();
      throw error;
    } finally {
      reader.release();
      await Promise.all(running);
    }
    if (this.#failure) throw this.#failure.error;
    return this.#writer.totals;
  }

  async #write(batch: Entry<T>[]): Promise<void> {
    try {
      const sentAt = Date.now();
      await this.#writer.write(batch);
      this.#adapt(Date.now() - sentAt);
      const { failures, ...counts } = this.#writer.totals;
      const reported = this.#onProgress?.({ ...counts, failures: [...failures] });
      await this.#operation.race(Promise.resolve(reported));
    } catch (error) {
      this.#failure ??= { error };
      this.#operation.abort(error);
    }
  }

  /** Adapt the size of the next requests to the time that one took. */
  #adapt(milliseconds: number): void {
    if (milliseconds < fast)
      this.#mostCharacters = Math.min(2 * this.#mostCharacters, largestRequest);
    if (milliseconds > slow)
      this.#mostCharacters = Math.max(this.#mostCharacters / 2, smallestRequest);
  }

  async *#batches(
    reader: SourceReader<T | Document<T> | Uint8Array>,
  ): AsyncGenerator<Entry<T>[], void, void> {
    const { json } = this.#context.client;
    let batch: Entry<T>[] = [];
    let characters = 0;
    for await (const given of entriesOf<T>(reader, json, this.#skipsMalformed)) {
      // The source may be in memory.
      await otherTasks();
      const entry = await this.#writer.accept(given);
      if (!entry) continue;
      const cost = entry.body.length + costOfDocument;
      if (batch.length >= this.#batchSize || characters + cost > this.#mostCharacters) {
        if (batch.length > 0) yield batch;
        batch = [];
        characters = 0;
      }
      batch.push(entry);
      characters += cost;
    }
    if (batch.length > 0) yield batch;
  }
}
