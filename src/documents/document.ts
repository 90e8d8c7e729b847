import { documentPath } from "../http/paths.js";
import { encodeQuery } from "../http/query.js";
import { checkOptions, checkType, paramsOf } from "../shared/arguments.js";
import { type Inspection, print } from "../shared/inspect.js";
import { copyJson, ownMembers } from "../shared/json-equal.js";
import type { DocumentData, JsonObject, OperationOptions, WriteResult } from "../shared/types.js";
import { Attachment } from "./attachment.js";
import { enqueue, enqueueReplacing } from "./call-queue.js";
import type { DatabaseContext } from "./database-context.js";
import {
  type GetOptions,
  getOptions,
  type SaveOptions,
  type UpdateOptions,
} from "./document-options.js";
import { DocumentState, type Original } from "./document-state.js";
import { checkRevisions, fetchDocument, readHead, readMembers } from "./read-document.js";
import { copyDocument, deleteDocument, saveDraft } from "./save-document.js";
import { type Mutate, updateDocument } from "./update-document.js";

/**
 * A local copy of a document. Only its methods that return a promise contact the server. Those that read the
 * document into this copy, or write it, apply in the order of the calls, whatever order the responses come in.
 *
 * ```ts
 * const cat = await animals.get("cat");
 * cat.data.legs = 4;
 * await cat.save();
 * ```
 */
export class Document<T extends object = JsonObject> {
  /** The document's id, including `_design/` or `_local/`. */
  readonly id: string;
  readonly #state: DocumentState<T>;

  /** @internal */
  constructor(
    context: DatabaseContext,
    id: string,
    data: object,
    original?: Original,
    State = DocumentState<T>,
  ) {
    this.id = id;
    let content = data;
    // Data from the server needs no check, and there may be many documents.
    if (!original) {
      // A Document keeps its members in `data`.
      if (typeof data !== "object" || data === null || Array.isArray(data) || #state in data)
        throw new TypeError("`data` must be a plain object; pass `other.json` to copy a document");
      const { existsOk, signal } = data as { existsOk?: unknown; signal?: unknown };
      const isOptions = existsOk !== undefined || signal instanceof AbortSignal;
      if (isOptions && /^((existsOk|signal|timeout),?)+$/.test(Object.keys(data).join()))
        throw new TypeError("`data` must be a document: pass options after it");
      content = copyJson({ ...data, _id: id });
    }
    this.#state = new State(context, id, content, original);
  }

  /** @internal */
  static stateOf<T extends object>(document: Document<T>): DocumentState<T> {
    return document.#state;
  }

  /** @internal */
  [Symbol.for("nodejs.util.inspect.custom")](...how: Inspection): string {
    const { id, rev, data } = this;
    let dirty = true;
    try {
      dirty = this.dirty;
    } catch {
      // The data is not JSON.
    }
    return print(this, how, { id, rev, data, dirty });
  }

  /** The document's JSON, including `_id` and `_rev`. Change it, then `save`. */
  get data(): DocumentData<T> {
    return this.#state.data;
  }

  /** The members of `data` that do not begin with `_`. Read-only: change `data`. */
  get json(): Readonly<T> {
    return Object.freeze(ownMembers(this.data)) as T;
  }

  /** The same as `data`, for `JSON.stringify`. */
  toJSON(): DocumentData<T> {
    return this.data;
  }

  /** The revision of this copy; undefined if the document was never saved, or was deleted. */
  get rev(): string | undefined {
    return this.data._rev;
  }

  /** Set it to overwrite a revision that you know. */
  set rev(rev: string) {
    checkType("rev", "string", rev);
    this.data._rev = rev;
  }

  /** Whether the document was read or saved, and not deleted. Sends no request. */
  get exists(): boolean {
    return this.data._rev !== undefined && this.data._deleted !== true;
  }

  /** Whether there is anything to save. */
  get dirty(): boolean {
    return this.#state.dirty;
  }

  /**
   * Read the document from the server.
   *
   * @param options - `ifChanged`: read nothing if the server has the revision of this copy. `discardChanges`:
   * drop the unsaved changes made before the call
   * @returns whether the document was read
   * @throws ConflictError if there are unsaved changes, unless `discardChanges`, or if you change the data
   * before the response arrives: changes made after the call are always kept
   * @throws NotFoundError if the document does not exist or was deleted
   * @throws BadRequestError if `rev` is invalid
   * @throws ValidationError if the document does not match the database's schema
   * @see https://docs.couchdb.org/en/stable/api/document/common.html#get--db-docid
   */
  async fetch(
    options: GetOptions & {
      discardChanges?: boolean | undefined;
      ifChanged?: boolean | undefined;
    } = {},
  ): Promise<boolean> {
    const state = this.#state;
    const known = `${getOptions} discardChanges ifChanged` as const;
    const { discardChanges: _, ...query } = paramsOf(options, known);
    return enqueueReplacing(state, "GET", options, (isChanged) =>
      fetchDocument(state, options, query, () => {
        if (isChanged()) throw state.unsavedChanges("GET");
      }),
    );
  }

  /**
   * Save the document, with the data as it is now. If nothing has changed since the last save, nothing is sent.
   *
   * @returns CouchDB's response, or undefined if there was nothing to save
   * @throws ConflictError if the server has another revision
   * @throws NetworkError with `mayHaveHappened` if the connection was lost and the outcome is unknown
   * @throws TypeError if `_id` was changed, or without `new_edits` if the document has no new revision
   * @throws ValidationError if the data does not match the database's schema
   * @see https://docs.couchdb.org/en/stable/api/document/common.html#put--db-docid
   */
  async save(options: SaveOptions = {}): Promise<WriteResult | undefined> {
    const { signal } = checkOptions(options, "batch new_edits");
    signal?.throwIfAborted();
    const state = this.#state;
    const draft = state.draft();
    return enqueue([state], options, () => saveDraft(state, draft(), options));
  }

  /**
   * Delete the document, which leaves a tombstone. This copy is then empty, and can be filled and saved again.
   * Changes made after the call are kept as a new, unsaved document.
   *
   * @throws ConflictError if the server has another revision, or for unsaved changes without `discardChanges`
   * @throws NotFoundError if the document does not exist
   * @throws NetworkError with `mayHaveHappened`, as `save` does
   * @see https://docs.couchdb.org/en/stable/api/document/common.html#delete--db-docid
   */
  async delete(
    options: OperationOptions & { discardChanges?: boolean | undefined } = {},
  ): Promise<WriteResult> {
    checkOptions(options, "discardChanges");
    return enqueueReplacing(this.#state, "DELETE", options, (isChanged) =>
      deleteDocument(this.#state, options, isChanged),
    );
  }

  /**
   * Copy the document on the server to another id.
   *
   * @param options - `rev`: the revision of an existing document that the copy replaces
   * @throws ConflictError if the other document exists and `rev` is not its revision
   * @throws NotFoundError if this document does not exist
   * @throws NetworkError with `mayHaveHappened` if the connection was lost
   * @see https://docs.couchdb.org/en/stable/api/document/common.html#copy--db-docid
   */
  async copy(
    newId: string,
    options: OperationOptions & { rev?: string | undefined } = {},
  ): Promise<WriteResult> {
    const { rev } = checkOptions(options, "rev");
    const destination = documentPath(newId) + encodeQuery({ rev }, String);
    return enqueue([this.#state], options, () => copyDocument(this.#state, destination, options));
  }

  /**
   * Read the document, change it with `mutate` and save it. If another save comes first, it starts again. If
   * it fails, this copy is unchanged.
   *
   * If this copy was never read nor saved, and the document does not exist, `mutate` gets the data of this copy,
   * and the document is created.
   *
   * ```ts
   * await counter.update((data) => { data.n += 1; });
   * ```
   *
   * @param mutate - changes the data, or returns a replacement; it may be called repeatedly. An arrow
   * function without braces returns the value of its expression. While it runs, this Document cannot be used
   * @throws ConflictError if there are unsaved changes, or after the last attempt
   * @throws NetworkError with `mayHaveHappened` if the response is lost and the document then has the content
   * that you computed: another client may have computed the same. `idempotent` and `token` decide this
   * @throws NotFoundError if the document was deleted since this copy was read
   * @throws TypeError if `mutate` returns anything but a document, or a part of the old one. Calls on this
   * Document while `mutate` runs throw a TypeError, too: they would wait for themselves
   */
  async update(mutate: Mutate<T>, options: UpdateOptions = {}): Promise<void> {
    return updateDocument(this.#state, mutate, options);
  }

  /**
   * Request the current revision, without the document.
   *
   * @throws NotFoundError if the document does not exist
   * @see https://docs.couchdb.org/en/stable/api/database/bulk-api.html#get--db-_all_docs
   */
  async info(options: OperationOptions = {}): Promise<WriteResult> {
    checkOptions(options, "");
    const { _rev } = await readHead(this.#state, options);
    return { ok: true, id: this.id, rev: _rev as string };
  }

  /**
   * List the other leaf revisions, which conflict with the current one.
   *
   * @throws NotFoundError if the document does not exist
   * @see https://docs.couchdb.org/en/stable/replication/conflicts.html
   */
  async conflicts(options: OperationOptions = {}): Promise<string[]> {
    checkOptions(options, "");
    const { _conflicts = [] } = await readMembers(this.#state, options, { conflicts: true });
    return checkRevisions(this.#state, _conflicts);
  }

  /**
   * List the history of the current revision, newest first. Old revisions may no longer be readable.
   *
   * @throws NotFoundError if the document does not exist
   * @see https://docs.couchdb.org/en/stable/api/document/common.html#obtaining-an-extended-revision-history
   */
  async revs(options: OperationOptions = {}): Promise<string[]> {
    checkOptions(options, "");
    const { _revs_info = [] } = await readMembers(this.#state, options, { revs_info: true });
    return checkRevisions(this.#state, _revs_info).map(({ rev }) => rev);
  }

  /**
   * An attachment of this document. Sends no request.
   *
   * @param name - may contain slashes
   * @throws TypeError if the name is empty, `.`, `..`, or begins with `_`
   */
  attachment(name: string): Attachment {
    return new Attachment(this.#state, name);
  }
}

/** Whether a document belongs to this database. */
export function isIn<T extends object>(context: DatabaseContext, document: Document<T>): boolean {
  const own = Document.stateOf(document).context;
  return own.client.url(own) === context.client.url(context);
}
