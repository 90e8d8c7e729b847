import { isMalformed } from "../../auth/credential-cache.js";
import type { DatabaseContext } from "../../documents/database-context.js";
import type { Document } from "../../documents/document.js";
import { requestOutcomes, documentWrite as writing } from "../../documents/write-outcome.js";
import { uploadTimeout } from "../../http/progress.js";
import {
  BadRequestError,
  type CouchDBError,
  InvalidResponseError,
  PayloadTooLargeError,
  PreconditionFailedError,
  TooManyRequestsError,
} from "../../shared/errors.js";
import type { ViewRow } from "../../shared/row-types.js";
import type { BulkRow, DocumentData } from "../../shared/types.js";
import type { Operation } from "../../streams/operation.js";
import { admitted, checkOut } from "../schema/validation.js";
import { ValidationError } from "../schema/validation-error.js";
import { AdaptiveRetry } from "./adaptive-retry.js";
import { type DocumentSource, documentsOf, type Origin, originOf } from "./document-source.js";
import { dataOf, type Entry, entryOf } from "./import-entry.js";
import type { ImportOptions, ImportTotals } from "./import-options.js";

// Characters of JSON that are sent at once, at the most, if they are not of one document.
const mostCharacters = 4_000_000;

const mostFailures = 100;

// Tries on end without an answer, if the session does not say: a server may be starting anew.
const patience = 12;

// How often a conflict is met with what the server has by then.
const mostMerges = 10;

/** Writes documents by the batch, several batches at once. */
export class Import<T extends object> {
  readonly #context: DatabaseContext;
  readonly #operation: Operation;
  readonly #options: ImportOptions<T>;
  readonly #patience: AdaptiveRetry;
  readonly #totals: ImportTotals = { read: 0, written: 0, conflicts: 0, failed: 0, failures: [] };

  constructor(context: DatabaseContext, operation: Operation, options: ImportOptions<T>) {
    const { batchSize = 500, concurrency = 4, onConflict = "skip" } = options;
    if (!(batchSize >= 1)) throw new RangeError("batchSize is at least 1");
    if (!(concurrency >= 1)) throw new RangeError("concurrency is at least 1");
    if (typeof onConflict !== "function" && !["skip", "overwrite"].includes(onConflict)) {
      throw new TypeError('onConflict is "skip", "overwrite" or a function');
    }
    this.#context = context;
    this.#operation = operation;
    this.#options = { ...options, batchSize, onConflict };
    const { feedRetries } = context.client;
    const limit = Number.isFinite(feedRetries) ? feedRetries : patience;
    this.#patience = new AdaptiveRetry(operation, concurrency, limit);
  }

  async run(source: DocumentSource<T | Document<T>>): Promise<ImportTotals> {
    const origin = originOf<T | Document<T> | Uint8Array>(source);
    const batches = this.#batches(origin);
    const running = new Set<Promise<unknown>>();
    let failure: { error: unknown } | undefined;
    const start = (batch: Entry<T>[]) => {
      const work = this.#write(batch)
        .then(() => this.#operation.race(Promise.resolve(this.#tell())))
        .catch((error: unknown) => {
          failure ??= { error };
          this.#operation.abort(error);
        })
        .finally(() => running.delete(work));
      running.add(work);
    };
    try {
      for (;;) {
        while (running.size >= this.#patience.concurrency) await Promise.race(running);
        const { done, value } = await this.#operation.race(batches.next());
        if (done) break;
        start(value);
      }
      await Promise.all(running);
    } catch (error) {
      // What is under way comes to its end, but nothing is tried again for a source that broke.
      this.#patience.stop();
      throw error;
    } finally {
      origin.release();
      await Promise.all(running);
    }
    if (failure) throw failure.error;
    return this.#totals;
  }

  #tell(): unknown {
    const { failures, ...counts } = this.#totals;
    return this.#options.onProgress?.({ ...counts, failures: [...failures] });
  }

  async *#batches(
    origin: Origin<T | Document<T> | Uint8Array>,
  ): AsyncGenerator<Entry<T>[], void, void> {
    const { batchSize = 1 } = this.#options;
    let batch: Entry<T>[] = [];
    let characters = 0;
    let refused = 0;
    for await (const data of documentsOf<T | Document<T>>(origin, this.#context.client.json)) {
      this.#totals.read += 1;
      const entry = entryOf(data, this.#context.client.json);
      const isFree = !this.#context.border;
      const mayGo = "body" in entry ? isFree || (await this.#mayGo(entry)) : this.#fail(entry);
      if (!("body" in entry) || !mayGo) {
        refused += 1;
        // Who has no more to give than these, and at once, is to be stopped all the same.
        if (refused % batchSize === 0) await this.#operation.sleep(0);
        continue;
      }
      if (batch.length >= batchSize || characters + entry.body.length > mostCharacters) {
        if (batch.length > 0) yield batch;
        batch = [];
        characters = 0;
      }
      batch.push(entry);
      characters += entry.body.length;
    }
    if (batch.length > 0) yield batch;
  }

  /** Whether a schema lets an entry out; one that it does not has failed. */
  async #mayGo({ id, body }: Entry<T>): Promise<boolean> {
    const work = () => checkOut(this.#context, [body], this.#operation).then(() => true);
    return (await this.#unless(id, work)) ?? false;
  }

  async #admitted(mine: DocumentData<T>, theirs: DocumentData<T>): Promise<[T, DocumentData<T>]> {
    const [context, operation] = [this.#context, this.#operation];
    return [await admitted(context, mine, operation), await admitted(context, theirs, operation)];
  }

  /** What `work` gives; undefined if a schema is against it: then the document has failed. */
  async #unless<R>(id: string, work: () => Promise<R>): Promise<R | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ValidationError)) throw error;
      this.#fail({ id, error: "invalid", reason: error.message });
      return undefined;
    }
  }

  /** Writes a batch, in as many requests as that takes. */
  async #write(batch: Entry<T>[]): Promise<void> {
    let left = batch;
    for (let merges = 0; left.length > 0; merges += 1) {
      const conflicts = await this.#send(left);
      left = await this.#merge(conflicts, merges >= mostMerges);
    }
  }

  /** Sends a batch until there is an answer; gives those for which the server has another revision. */
  async #send(batch: Entry<T>[]): Promise<Entry<T>[]> {
    let rows: (BulkRow | undefined)[];
    try {
      rows = await this.#patience.run(
        () => this.#post(batch),
        (error) => {
          const isUndone =
            error instanceof TooManyRequestsError || Object(error).mayHaveHappened === false;
          for (const entry of batch) entry.mayBeThere ||= !isUndone;
        },
      );
    } catch (error) {
      if (!isRefusal(error)) throw error;
      // A stub that is missing is found when other documents may be written.
      for (const entry of batch) entry.mayBeThere ||= error instanceof PreconditionFailedError;
      return this.#halve(batch, error);
    }
    return this.#count(batch, rows);
  }

  async #post(batch: Entry<T>[]): Promise<(BulkRow | undefined)[]> {
    const { client, path } = this.#context;
    const { new_edits = true } = this.#options;
    const docs = batch.map(({ body }) => body).join(",");
    const body = `{${new_edits ? "" : '"new_edits":false,'}"docs":[${docs}]}`;
    const timeout = uploadTimeout(body.length, client.timeout);
    const call = { method: "POST", path: `${path}/_bulk_docs`, body, timeout, once: true } as const;
    const answer = await client.request({ ...call, expects: "length" }, this.#operation);
    const rows = answer.value as BulkRow[];
    if (!Array.isArray(rows))
      throw client.error(InvalidResponseError, call, { reason: "answered without rows" });
    // Without new edits there are rows for what failed only; with them, CouchDB keeps the order.
    if (new_edits && rows.every((row, at) => row?.id === batch[at]?.id)) return rows;
    // Of one document there may be several revisions then.
    const nameOf = (id: unknown, rev: unknown) => (new_edits ? id : JSON.stringify([id, rev]));
    const rowOf = new Map(rows.map((row) => [nameOf(row?.id, row?.rev), row]));
    return batch.map(({ id, data }) => {
      const { _rev } = data as { _rev?: unknown };
      return rowOf.get(nameOf(id, _rev)) ?? (new_edits ? undefined : { ok: true, id });
    });
  }

  /** Counts what is done and what failed; gives the rest. */
  async #count(batch: Entry<T>[], rows: (BulkRow | undefined)[]): Promise<Entry<T>[]> {
    const conflicts: Entry<T>[] = [];
    for (const [at, entry] of batch.entries()) {
      const row = rows[at];
      if (row?.error === "conflict") conflicts.push(entry);
      else if (row && row.error === undefined) this.#totals.written += 1;
      else this.#fail(row ?? { id: entry.id, error: "unknown", reason: "CouchDB does not tell" });
    }
    // Of what was sent before, the conflict may be with ourselves.
    const asked = conflicts.filter(({ mayBeThere }) => mayBeThere);
    if (asked.length === 0) return conflicts;
    const writes = asked.map(({ id, body }) => writing(this.#context, id, body));
    const fates = await this.#patience.run(() =>
      requestOutcomes(this.#context, writes, this.#operation),
    );
    const ours = new Set(asked.filter((_, at) => typeof fates[at] === "object"));
    this.#totals.written += ours.size;
    // A function must not be given for theirs what is ours.
    const isMerged = typeof this.#options.onConflict === "function";
    const left = new Set(asked.filter((_, at) => isMerged && fates[at] === "unknown"));
    this.#totals.conflicts += left.size;
    return conflicts.filter((entry) => !ours.has(entry) && !left.has(entry));
  }

  #fail(row: BulkRow): false {
    this.#totals.failed += 1;
    if (this.#totals.failures.length < mostFailures) this.#totals.failures.push(row);
    return false;
  }

  /**
   * Sends in two what is too much at once, or has a document in it that CouchDB does not understand; alone,
   * that one has failed.
   */
  async #halve(batch: Entry<T>[], refusal: CouchDBError): Promise<Entry<T>[]> {
    const [only] = batch;
    if (batch.length === 1 && only) {
      const { error = "refused", reason = refusal.message } = refusal;
      this.#fail({ id: only.id, error, reason });
      return [];
    }
    const middle = batch.length >> 1;
    const first = await this.#send(batch.slice(0, middle));
    return [...first, ...(await this.#send(batch.slice(middle)))];
  }

  /** What is to be written in place of those that are conflicts; what is not is counted. */
  async #merge(conflicts: Entry<T>[], isEnough: boolean): Promise<Entry<T>[]> {
    const { onConflict } = this.#options;
    if (onConflict === "skip" || isEnough) {
      this.#totals.conflicts += conflicts.length;
      return [];
    }
    if (conflicts.length === 0) return [];
    const { json } = this.#context.client;
    const theirs = await this.#theirs(conflicts.map(({ id }) => id));
    const merged: Entry<T>[] = [];
    for (const entry of conflicts) {
      const { doc, value } = theirs.get(entry.id) ?? {};
      let made: T | undefined = entry.data;
      if (typeof onConflict === "function" && doc) {
        // What is given to it is as a schema makes it, on both sides.
        const mine = this.#context.border ? json.parse(entry.body) : entry.data;
        const both = [mine, doc] as [DocumentData<T>, DocumentData<T>];
        const asked = await this.#unless(entry.id, () => this.#admitted(...both));
        if (!asked) continue;
        made = await this.#operation.race(Promise.resolve(onConflict(...asked)));
      }
      if (made === undefined) {
        this.#totals.conflicts += 1;
        continue;
      }
      const data = dataOf(made);
      const { rev, deleted } = Object(value) as { rev?: string; deleted?: boolean };
      const whole = { ...(json.parse(json.stringify(data)) as object), _id: entry.id };
      const body = json.stringify({ ...whole, _rev: deleted ? undefined : rev });
      const next = { ...entry, data, body, mayBeThere: false };
      if (await this.#mayGo(next)) merged.push(next);
    }
    return merged;
  }

  async #theirs(ids: string[]): Promise<Map<string, ViewRow>> {
    const { client, path } = this.#context;
    const include_docs = typeof this.#options.onConflict === "function";
    const body = client.json.stringify({ keys: ids });
    const call = { method: "POST", path: `${path}/_all_docs`, body, reads: true } as const;
    const whole = { ...call, query: { include_docs }, expects: "rows" };
    const ask = () => client.request(whole, this.#operation);
    const { rows } = (await this.#patience.run(ask)).value as { rows: ViewRow[] };
    if (Array.isArray(rows) && rows.every((row) => Object(row) === row)) {
      return new Map(rows.map((row) => [String(row.key), row]));
    }
    throw client.error(InvalidResponseError, call, {
      reason: "answered with rows that are none",
    });
  }
}

/** Whether it is for what was sent that it was not taken: more of the same need not be so. */
function isRefusal(error: unknown): error is CouchDBError {
  if (error instanceof BadRequestError) return !isMalformed(error.reason ?? "");
  if (error instanceof PreconditionFailedError) return error.error === "missing_stub";
  return error instanceof PayloadTooLargeError;
}
