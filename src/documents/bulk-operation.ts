import { documentPath } from "../http/paths.js";
import { uploadTime } from "../http/progress.js";
import type { JsonRequest } from "../http/request.js";
import { checkOptions } from "../shared/arguments.js";
import type { CouchDBError } from "../shared/errors.js";
import { type Inspection, print } from "../shared/inspect.js";
import type { BulkRow, JsonObject, NewData, OperationOptions } from "../shared/types.js";
import type { Operation } from "../streams/operation.js";
import { enqueue } from "./call-queue.js";
import type { DatabaseContext } from "./database-context.js";
import { Document, isIn } from "./document.js";
import type { Draft } from "./document-state.js";
import { checkNewRevs, tombstoneOf } from "./save-document.js";
import { documentWrite, findOutcomes, isUncertain, toUncertainError } from "./write-outcome.js";

/** A function that changes the documents of a bulk operation, or adds others. */
export type BulkEdit<T extends object> = (documents: BulkOperation<T>) => unknown;

/**
 * Options of a bulk write.
 *
 * @see https://docs.couchdb.org/en/stable/api/database/bulk-api.html#post--db-_bulk_docs
 */
export interface BulkOptions extends OperationOptions {
  /**
   * Set to false to store the documents with their own revisions, as a replicator does, whatever the server
   * has. This never conflicts, but may add leaves. Default true.
   */
  new_edits?: boolean | undefined;
}

/**
 * Documents to write in one request.
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
  /** The documents that the last `save` wrote, with their new revisions. */
  ok: Document<T>[] = [];
  /**
   * The documents that the last `save` failed to write. `response` has the reasons. After `internal_server_error`,
   * which a cluster reports if nodes are away, the document may be there when they return.
   */
  error: Document<T>[] = [];
  /** CouchDB's response to the last `save`: a row for each document, or for failures without `new_edits`. */
  response: BulkRow[] = [];
  readonly #context: DatabaseContext;
  readonly #documents = new Map<string, Document<T>>();
  readonly #deleted = new Set<Document<T>>();

  /** @internal */
  constructor(context: DatabaseContext, documents: Iterable<Document<T>> = []) {
    this.#context = context;
    for (const document of documents) this.append(document);
  }

  /** @internal */
  [Symbol.for("nodejs.util.inspect.custom")](...how: Inspection): string {
    return print(this, how, { documents: [...this], ...this });
  }

  /** Iterate over the documents of this operation, including unchanged ones. */
  [Symbol.iterator](): IterableIterator<Document<T>> {
    // The loop does not include documents that are added meanwhile.
    return [...this.#documents.values()].values();
  }

  /**
   * Add a new document.
   *
   * ```ts
   * const fish = docs.create("fish", { legs: 0 });
   * ```
   *
   * @throws TypeError if the operation already has this id
   */
  create(id: string, ...[data]: NewData<T>): Document<T> {
    return this.append(new Document<T>(this.#context, id, data ?? {}));
  }

  /**
   * Add an existing Document.
   *
   * ```ts
   * docs.append(await animals.get("cat"));
   * ```
   *
   * @throws TypeError if the operation already has its id, or it belongs to another database
   */
  append(document: Document<T>): Document<T> {
    if (!isIn(this.#context, document)) throw new TypeError("`document` must be of this database");
    // The id is not part of the URL, which would check it.
    documentPath(document.id);
    if (this.#documents.has(document.id)) throw new TypeError(`${document.id} is already included`);
    this.#documents.set(document.id, document);
    return document;
  }

  /**
   * Delete a document when the operation is saved. Unsaved changes are dropped. This copy is then empty, as
   * after `Document.delete`.
   *
   * ```ts
   * await animals.updateDocs(ids, (docs) => { for (const doc of docs) docs.delete(doc); });
   * ```
   *
   * @throws TypeError if the document was neither read nor saved, or belongs to another database
   */
  delete(document: Document<T>): void {
    if (!document.exists) throw new TypeError("`document` must be read or saved first");
    if (this.#documents.get(document.id) !== document) this.append(document);
    this.#deleted.add(document);
  }

  /**
   * Write the changed documents in one request; without changes, nothing is sent. The result of each is in
   * `ok` or `error`: the failure of one document is not thrown. A second call writes what is still unsaved.
   *
   * @throws TypeError without `new_edits` if a document has no new revision; nothing is sent
   * @throws PayloadTooLargeError if the request is larger than the server accepts
   * @throws NetworkError with `mayHaveHappened` if the connection was lost and the server does not say for
   * each document what happened: those that it reports are in `ok` and `error`, the others in neither
   */
  async save(options: BulkOptions = {}): Promise<void> {
    const { new_edits = true, signal } = checkOptions(options, "new_edits");
    signal?.throwIfAborted();
    const documents = [...this];
    const states = documents.map((document) => Document.stateOf(document));
    const prepared = states.map((state, at) =>
      this.#deleted.has(documents[at] as Document<T>) ? () => tombstoneOf(state) : state.draft(),
    );
    await enqueue(states, options, async () => {
      const drafts = prepared.map((draft) => draft());
      const changed = drafts.filter((draft) => draft !== undefined);
      if (!new_edits) checkNewRevs(changed);
      const { rows, error } = await this.#send(changed, new_edits, options);
      // Without `new_edits`, CouchDB sends no row for a document that it stored.
      const rowOf = new Map<unknown, BulkRow>(rows.map((row) => [row?.id, row]));
      this.response = rows;
      this.ok = [];
      this.error = [];
      for (const [index, document] of documents.entries()) {
        const draft = drafts[index];
        if (!draft) continue;
        // Nor does it name the documents that it may not have stored.
        const row = rowOf.get(document.id) ?? (new_edits ? undefined : rowOf.get(undefined));
        const isSaved = row ? row.error === undefined && typeof row.rev === "string" : !new_edits;
        if (isSaved) {
          draft.saved(row?.rev);
          this.#deleted.delete(document);
        }
        if (row || !error) this[isSaved ? "ok" : "error"].push(document);
      }
      if (error) throw error;
    });
  }

  /** Send the documents. Returns the rows and, if the outcome of some documents is unknown, the error. */
  async #send(
    drafts: Draft[],
    new_edits: boolean,
    limits: OperationOptions,
  ): Promise<{ rows: BulkRow[]; error?: CouchDBError | undefined }> {
    if (drafts.length === 0) return { rows: [] };
    const { client, codec, path } = this.#context;
    const bodies = drafts.map(({ body }) => body);
    const body = `{${new_edits ? "" : '"new_edits":false,'}"docs":[${bodies.join(",")}]}`;
    const request: JsonRequest = {
      method: "POST",
      path: `${path}/_bulk_docs`,
      body,
      uploadTime: uploadTime(body.length),
      // Given revisions stay the same however often they are written.
      effect: new_edits ? "write" : "idempotent",
      expects: "length",
    };
    return client.during(limits, async (operation) => {
      try {
        await codec?.validateWrite(bodies, operation);
        const { value } = await client.request(request, operation);
        if (Array.isArray(value)) return { rows: value as BulkRow[] };
        throw client.invalid(request, "expected rows", 200);
      } catch (error) {
        if (!isUncertain(error, client.url(request))) throw error;
        if (!new_edits) throw toUncertainError(error);
        const rows = await this.#lookUp(drafts, operation);
        const isKnown = rows.length === drafts.length;
        return { rows, error: isKnown ? undefined : toUncertainError(error) };
      }
    });
  }

  /** Look up the outcome of each document. Returns the rows that the lost response had, if known. */
  async #lookUp(drafts: Draft[], operation: Operation): Promise<BulkRow[]> {
    const context = this.#context;
    const writes = drafts.map(({ id, body }) => documentWrite(context, id, body));
    const outcomes = await findOutcomes(context, writes, operation);
    return outcomes.flatMap((outcome, at): BulkRow[] => {
      const { id } = drafts[at] as Draft;
      if (outcome === "unknown") return [];
      if (outcome !== "conflict") return [{ ok: true, id, rev: outcome.rev }];
      return [{ id, error: "conflict", reason: "Document update conflict." }];
    });
  }
}

/** Call `edit`, and save the operation unless that throws. */
export async function editAndSave<T extends object>(
  context: DatabaseContext,
  documents: Document<T>[],
  edit: BulkEdit<T> = () => {},
  options: BulkOptions = {},
): Promise<BulkOperation<T>> {
  const bulk = new BulkOperation<T>(context, documents);
  checkOptions(options, "new_edits");
  await context.client.during(options, () => edit(bulk));
  await bulk.save(options);
  return bulk;
}
