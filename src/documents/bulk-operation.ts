import { checkOut } from "../features/schema/validation.js";
import { documentPath } from "../http/paths.js";
import { uploadTimeout } from "../http/progress.js";
import { type CouchDBError, InvalidResponseError } from "../shared/errors.js";
import type { BulkRow, JsonObject, OperationOptions } from "../shared/types.js";
import type { DatabaseContext } from "./database-context.js";
import { Document, isIn } from "./document.js";
import {
  findOutcomes,
  isUncertain,
  toUncertainError,
  documentWrite as writing,
} from "./write-outcome.js";

/** Changes and adds the documents of a bulk operation. */
export type BulkEdit<T extends object> = (documents: BulkOperation<T>) => unknown;

/**
 * How a bulk write is done.
 *
 * @see https://docs.couchdb.org/en/stable/api/database/bulk-api.html#post--db-_bulk_docs
 */
export interface BulkOptions extends OperationOptions {
  /**
   * False stores the documents with the revisions that they have, as a replicator does, whatever the
   * server has: never a conflict, but perhaps another leaf. Default true.
   */
  new_edits?: boolean | undefined;
}

/**
 * Documents that are written in one request.
 *
 * ```ts
 * const { error } = await animals.updateDocs(["cat", "dog"], (docs) => {
 *   for (const doc of docs) doc.data.legs = 4;
 *   docs.create("fish", { legs: 0 });
 * });
 * for (const doc of error) console.log(doc.id, "was not saved");
 * ```
 *
 * @see https://docs.couchdb.org/en/stable/api/database/bulk-api.html#post--db-_bulk_docs
 */
export class BulkOperation<T extends object = JsonObject> implements Iterable<Document<T>> {
  /** The documents that the last `save` has saved. They have their new revisions. */
  ok: Document<T>[] = [];
  /** The documents that the last `save` could not save. `response` tells why. */
  error: Document<T>[] = [];
  /** What CouchDB answered to the last `save`, a row for a document; none for what went well without `new_edits`. */
  response: BulkRow[] = [];
  readonly #context: DatabaseContext;
  readonly #documents = new Map<string, Document<T>>();

  /** @internal */
  constructor(context: DatabaseContext, documents: Iterable<Document<T>> = []) {
    this.#context = context;
    for (const document of documents) this.append(document);
  }

  /** The documents of this operation, also those that have not changed. */
  [Symbol.iterator](): IterableIterator<Document<T>> {
    // Those that are added meanwhile are not part of the round.
    return [...this.#documents.values()].values();
  }

  /**
   * Adds a new document.
   *
   * @throws TypeError if one with this id is part of the operation
   */
  create(id: string, data?: T): Document<T> {
    return this.append(new Document<T>(this.#context, id, data ?? {}));
  }

  /**
   * Adds a document that you have.
   *
   * @throws TypeError if one with its id is part of the operation, and for another database's document
   */
  append(document: Document<T>): Document<T> {
    if (!isIn(this.#context, document)) {
      throw new TypeError("A bulk operation takes the documents of one database");
    }
    // The request does not name it in its URL, where it would be refused.
    documentPath(document.id);
    if (this.#documents.has(document.id)) {
      throw new TypeError(`The document ${JSON.stringify(document.id)} is there already`);
    }
    this.#documents.set(document.id, document);
    return document;
  }

  /**
   * Writes the documents that have changed, in one request; none if there are none. What becomes of
   * each is in `ok` and `error`: a document's own failure is not thrown. Called again, it writes what
   * is still unsaved.
   *
   * @throws TypeError without `new_edits`, for a document that has no revision but the one it was read
   * with; nothing is sent
   * @throws PayloadTooLargeError if the server does not take so much at once
   * @throws NetworkError with `mayHaveHappened`, if the connection was lost, and the server does not tell
   * of each document what became of it: what it tells is in `ok` and `error`, and what it does not in neither
   */
  async save({ new_edits = true, signal }: BulkOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    const changed = [...this].filter((document) => document.dirty);
    const drafts = changed.map((document) => Document.inside(document).draft());
    if (!new_edits && drafts.some(({ isNewRev }) => !isNewRev())) {
      throw new TypeError(
        "Without new_edits, what is changed needs a revision of its own: set rev",
      );
    }
    const { rows, error } = await this.#send(changed, drafts, new_edits, signal);
    // Rows need not come for all: what was stored with its own revision has none.
    const rowOf = new Map(rows.map((row) => [row?.id, row]));
    this.response = rows;
    this.ok = [];
    this.error = [];
    for (const [index, document] of changed.entries()) {
      const row = rowOf.get(document.id);
      const isSaved = row ? row.error === undefined && typeof row.rev === "string" : !new_edits;
      if (isSaved) drafts[index]?.saved(row?.rev);
      if (row || !error) this[isSaved ? "ok" : "error"].push(document);
    }
    if (error) throw error;
  }

  /** Gives the rows, and, where some are missing because nobody knows, the error that is to blame. */
  async #send(
    documents: Document<T>[],
    drafts: { body: string }[],
    new_edits: boolean,
    signal: AbortSignal | undefined,
  ): Promise<{ rows: BulkRow[]; error?: CouchDBError }> {
    if (drafts.length === 0) return { rows: [] };
    const { client, path } = this.#context;
    const bodies = drafts.map(({ body }) => body);
    const body = `{${new_edits ? "" : '"new_edits":false,'}"docs":[${bodies.join(",")}]}`;
    const timeout = uploadTimeout(body.length, client.timeout);
    const operation = client.begin(signal);
    const call = { method: "POST", path: `${path}/_bulk_docs`, body, timeout } as const;
    try {
      await checkOut(this.#context, bodies, operation);
      // Revisions that are given are the same whenever they come.
      const whole = { ...call, expects: "length", repeats: !new_edits };
      const { value } = await client.request(whole, operation);
      if (Array.isArray(value)) return { rows: value as BulkRow[] };
      const details = { status: 200, reason: "answered without rows" };
      throw client.error(InvalidResponseError, call, details);
    } catch (error) {
      if (!isUncertain(error, client.url(call))) throw error;
      if (!new_edits) throw toUncertainError(error);
      const asked = documents.map(({ id }, at) => writing(this.#context, id, bodies[at] ?? ""));
      const fates = await findOutcomes(this.#context, asked, operation);
      const rows = fates.flatMap((fate, at): BulkRow[] => {
        const { id = "" } = documents[at] ?? {};
        if (fate === "unknown") return [];
        if (fate !== "conflict") return [{ ok: true, id, rev: fate.rev }];
        return [{ id, error: "conflict", reason: "Document update conflict." }];
      });
      return rows.length < fates.length ? { rows, error: toUncertainError(error) } : { rows };
    } finally {
      operation.end();
    }
  }
}

/** Lets the user change an operation, and saves it, unless that throws. */
export async function editAndSave<T extends object>(
  { client }: DatabaseContext,
  operation: BulkOperation<T>,
  edit: BulkEdit<T> = () => {},
  options: BulkOptions = {},
): Promise<BulkOperation<T>> {
  await client.during(options.signal, () => edit(operation));
  await operation.save(options);
  return operation;
}
