import { isMalformed } from "../../auth/credential-cache.js";
import type { DatabaseContext } from "../../documents/database-context.js";
import { documentWrite, requestOutcomes } from "../../documents/write-outcome.js";
import { uploadTime } from "../../http/progress.js";
import type { JsonRequest } from "../../http/request.js";
import {
  BadRequestError,
  type CouchDBError,
  PayloadTooLargeError,
  PreconditionFailedError,
  ServerError,
  TooManyRequestsError,
} from "../../shared/errors.js";
import { otherTasks } from "../../shared/long-task.js";
import type { BulkRow } from "../../shared/types.js";
import type { Operation } from "../../streams/operation.js";
import { isUncertainRow } from "../uncertain-row.js";
import type { AdaptiveRetry } from "./adaptive-retry.js";
import type { Entry } from "./entry.js";
import { readTheirs, replacementOf } from "./merge-conflict.js";
import type { ImportOptions, ImportTotals } from "./options.js";

const mostFailures = 100;

const noResult = { error: "unknown", reason: "CouchDB sent no result" };

// How often a conflict is merged with the server's document, which may change each time.
const mostMerges = 10;

type WriterOptions<T extends object> = ImportOptions<T> &
  Required<Pick<ImportOptions<T>, "onConflict">>;

/** Writes batches, and counts the results of their documents. */
export class BatchWriter<T extends object> {
  readonly totals: ImportTotals = { read: 0, written: 0, conflicts: 0, failed: 0, failures: [] };
  readonly #context: DatabaseContext;
  readonly #operation: Operation;
  readonly #retry: AdaptiveRetry;
  readonly #options: WriterOptions<T>;

  constructor(
    context: DatabaseContext,
    operation: Operation,
    retry: AdaptiveRetry,
    options: WriterOptions<T>,
  ) {
    this.#context = context;
    this.#operation = operation;
    this.#retry = retry;
    this.#options = options;
  }

  /** Count a document that was read. Returns undefined if it cannot be written. */
  async accept(entry: Entry<T> | BulkRow): Promise<Entry<T> | undefined> {
    this.totals.read += 1;
    if (!("body" in entry)) {
      this.#fail(entry);
      return undefined;
    }
    const { codec } = this.#context;
    if (!codec) return entry;
    return this.#unlessInvalid(entry.id, async () => {
      await codec.validateWrite([entry.body], this.#operation);
      return entry;
    });
  }

  /** Write a batch, with repeated requests for conflicts. */
  async write(batch: Entry<T>[]): Promise<void> {
    let left = batch;
    for (let merges = 0; left.length > 0; merges += 1) {
      const conflicts = await this.#send(left);
      left = await this.#merge(conflicts, merges >= mostMerges);
    }
  }

  /** Run work. If a schema rejects the document, count it as failed, and return undefined. */
  async #unlessInvalid<R>(id: string, work: () => Promise<R>): Promise<R | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#operation.throwReason();
      if (!this.#context.codec?.isRejection(error)) throw error;
      this.#fail({ id, error: "invalid", reason: error.message });
      return undefined;
    }
  }

  #fail(row: BulkRow): void {
    this.totals.failed += 1;
    if (this.totals.failures.length < mostFailures) this.totals.failures.push(row);
  }

  /** Send a batch until there is a result for each document. Returns the documents in conflict. */
  async #send(batch: Entry<T>[]): Promise<Entry<T>[]> {
    const { client, path } = this.#context;
    const conflicts: Entry<T>[] = [];
    let halved: Entry<T>[] = [];
    let left = batch;
    let uncertain: BulkRow[] = [];
    const post = async () => {
      uncertain = [];
      const rows = await this.#post(left);
      left = left.filter((entry, at) => {
        const row = { ...(rows[at] ?? noResult), id: entry.id };
        const isUncertain = isUncertainRow(row);
        if (isUncertain) uncertain.push(row);
        else if (row.error === "conflict") conflicts.push(entry);
        else if (row.error === undefined) this.totals.written += 1;
        else this.#fail(row);
        return isUncertain;
      });
      const [row] = uncertain;
      if (row) throw client.error(ServerError, { method: "POST", path }, row);
    };
    try {
      await this.#retry.run(post, (error) => {
        const isUndone =
          error instanceof TooManyRequestsError || Object(error).mayHaveHappened === false;
        for (const entry of left) entry.mayBeThere ||= !isUndone;
      });
    } catch (error) {
      this.#operation.throwReason();
      if (uncertain.length > 0) for (const row of uncertain) this.#fail(row);
      else if (!isRefusal(error)) throw error;
      else {
        // CouchDB may have written other documents before it found a missing stub.
        for (const entry of left) entry.mayBeThere ||= error instanceof PreconditionFailedError;
        halved = await this.#halve(left, error);
      }
    }
    return [...halved, ...(await this.#withoutOurs(conflicts))];
  }

  async #post(batch: Entry<T>[]): Promise<(BulkRow | undefined)[]> {
    const { client, path } = this.#context;
    const { new_edits = true } = this.#options;
    // Joining, encoding and parsing megabytes takes milliseconds each.
    await otherTasks();
    const docs = batch.map(({ body }) => body).join(",");
    const body = `{${new_edits ? "" : '"new_edits":false,'}"docs":[${docs}]}`;
    await otherTasks();
    const request: JsonRequest = {
      method: "POST",
      path: `${path}/_bulk_docs`,
      body,
      uploadTime: uploadTime(body.length),
      retries: 0,
      expects: "length",
    };
    const rows = await client.value<BulkRow[]>(request, this.#operation);
    if (!Array.isArray(rows)) throw client.invalid(request, "expected rows");
    // With new edits, CouchDB keeps the order; without, it sends rows for failures only.
    if (new_edits && rows.every((row, at) => row?.id === batch[at]?.id)) return rows;
    // Without new edits, a document may have several revisions.
    const nameOf = (id: unknown, rev: unknown) => (new_edits ? id : JSON.stringify([id, rev]));
    const rowOf = new Map(rows.map((row) => [nameOf(row?.id, row?.rev), row]));
    return batch.map(({ id, rev }) => {
      // Without new edits, CouchDB does not name the documents that it may not have stored.
      const other = new_edits ? undefined : (rowOf.get(nameOf(undefined, undefined)) ?? { id });
      return rowOf.get(nameOf(id, rev)) ?? other;
    });
  }

  /** Count the documents that conflict with themselves. Returns the others. */
  async #withoutOurs(conflicts: Entry<T>[]): Promise<Entry<T>[]> {
    // A document that was sent before may conflict with itself.
    const asked = conflicts.filter(({ mayBeThere }) => mayBeThere);
    if (asked.length === 0) return conflicts;
    const writes = asked.map(({ id, body }) => documentWrite(this.#context, id, body));
    const outcomes = await this.#retry.run(() =>
      requestOutcomes(this.#context, writes, this.#operation),
    );
    const ours = new Set(asked.filter((_, at) => typeof outcomes[at] === "object"));
    this.totals.written += ours.size;
    // `onConflict` must not get our own document as the server's.
    const isMerged = typeof this.#options.onConflict === "function";
    const left = new Set(asked.filter((_, at) => isMerged && outcomes[at] === "unknown"));
    this.totals.conflicts += left.size;
    return conflicts.filter((entry) => !ours.has(entry) && !left.has(entry));
  }

  /** Split a batch that is too large or has a refused document. A single document is counted as failed. */
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

  /** Resolve conflicts. Returns the documents to write; the others are counted. */
  async #merge(conflicts: Entry<T>[], isLast: boolean): Promise<Entry<T>[]> {
    const { onConflict } = this.#options;
    if (onConflict === "skip" || isLast) {
      this.totals.conflicts += conflicts.length;
      return [];
    }
    if (conflicts.length === 0) return [];
    const context = this.#context;
    const operation = this.#operation;
    const ids = conflicts.map(({ id }) => id);
    const merge = typeof onConflict === "function" ? onConflict : undefined;
    const theirs = await this.#retry.run(() =>
      readTheirs(context, ids, merge !== undefined, operation),
    );
    const left: Entry<T>[] = [];
    for (const entry of conflicts) {
      await otherTasks();
      const { id } = entry;
      const next = await this.#unlessInvalid(id, () =>
        replacementOf(context, entry, theirs.get(id), merge, operation),
      );
      if (next) left.push(next);
      else if (next === null) this.totals.conflicts += 1;
    }
    return left;
  }
}

/** Whether the server refused the request, but may accept a part of it. */
function isRefusal(error: unknown): error is CouchDBError {
  if (error instanceof BadRequestError) return !isMalformed(error.reason ?? "");
  if (error instanceof PreconditionFailedError) return error.error === "missing_stub";
  return error instanceof PayloadTooLargeError;
}
