import { documentPath } from "../http/paths.js";
import type { HttpRequest } from "../http/request.js";
import { checkType } from "../shared/arguments.js";
import { atRevision, ownMembers } from "../shared/json-equal.js";
import { resends } from "../shared/runtime.js";
import type { DocumentData, JsonObject, OperationOptions, WriteResult } from "../shared/types.js";
import { Attachment } from "./attachment.js";
import type { DatabaseContext } from "./database-context.js";
import type { GetOptions, SaveOptions } from "./document-options.js";
import { DocumentState, type Original } from "./document-state.js";
import { checkRevisions, readDocument, readMembers, validateRead } from "./read-document.js";
import { type Mutate, updateDocument } from "./update-document.js";
import {
  documentWrite,
  isUncertain,
  saveDocument,
  sendWrite,
  toUncertainError,
} from "./write-outcome.js";

/**
 * A local copy of a document. Only its methods that return a promise contact the server.
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
    // Data from the server needs no check, and there may be many documents.
    if (original) {
      this.#state = new State(context, id, data, original);
      return;
    }
    // A Document keeps its members in `data`.
    const isData = typeof data === "object" && data !== null && !Array.isArray(data);
    if (!isData || #state in data)
      throw new TypeError("`data` must be a plain object; pass `other.json` to copy a document");
    this.#state = new State(context, id, { ...data, _id: id });
  }

  /** @internal */
  static stateOf<T extends object>(document: Document<T>): DocumentState<T> {
    return document.#state;
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
   * @param options - `ifChanged`: read nothing if the server has the revision of this copy
   * @returns whether the document was read
   * @throws ConflictError if there are unsaved changes, unless `discardChanges`
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
    const { discardChanges = false, ifChanged = false, ...query } = options;
    const state = this.#state;
    const { client, codec } = state.context;
    if (!discardChanges) state.refuseToLoseChanges("GET");
    // The data may belong to another revision than the one set, or may not have been validated.
    const isKnown = ifChanged && state.knownRev === this.rev && (codec?.isValid(this.data) ?? true);
    const response = await readDocument(state, query, isKnown ? this.rev : undefined);
    if (!response) return false;
    const { value, text } = response;
    const data = await validateRead(state.context, value, query.signal);
    // There may be new changes since the request.
    if (!discardChanges) state.refuseToLoseChanges("GET");
    state.replace(data, () => client.json.parse(text));
    return true;
  }

  /**
   * Save the document if it has changed; if not, nothing is sent.
   *
   * @returns CouchDB's response, or undefined if there was nothing to save
   * @throws ConflictError if the server has another revision
   * @throws NetworkError with `mayHaveHappened` if the connection was lost and the outcome is unknown
   * @throws TypeError if `_id` was changed, or without `new_edits` if the document has no new revision
   * @throws ValidationError if the data does not match the database's schema
   * @see https://docs.couchdb.org/en/stable/api/document/common.html#put--db-docid
   */
  async save({
    batch,
    new_edits = true,
    signal,
  }: SaveOptions = {}): Promise<WriteResult | undefined> {
    signal?.throwIfAborted();
    const state = this.#state;
    if (!state.dirty) return undefined;
    const { context, path } = state;
    const { body, saved, isNewRev } = state.draft();
    const { client, codec } = context;
    if (codec) await client.during(signal, (operation) => codec.validateWrite([body], operation));
    if (new_edits && batch === undefined) {
      const result = await saveDocument(state, body, signal);
      saved(result.rev);
      return result;
    }
    if (!new_edits && !isNewRev)
      throw new TypeError("`new_edits: false` needs a new revision: set `rev` first");
    const query = { batch, new_edits: new_edits && undefined };
    const request = { method: "PUT", path, query, body, expects: "ok", signal } as const;
    // A given revision stays the same however often it is written.
    const effect = new_edits ? "write" : "idempotent";
    const { value } = await client.request({ ...request, effect });
    if (batch === undefined) saved();
    return value as WriteResult;
  }

  /**
   * Delete the document, which leaves a tombstone. This copy is then empty, and can be filled and saved again.
   *
   * @throws ConflictError if the server has another revision, or for unsaved changes without `discardChanges`
   * @throws NotFoundError if the document does not exist
   * @throws NetworkError with `mayHaveHappened`, as `save` does
   * @see https://docs.couchdb.org/en/stable/api/document/common.html#delete--db-docid
   */
  async delete(
    options: OperationOptions & { discardChanges?: boolean | undefined } = {},
  ): Promise<WriteResult> {
    const { discardChanges = false, signal } = options;
    const state = this.#state;
    if (!discardChanges) state.refuseToLoseChanges("DELETE");
    const { context, id, path } = state;
    const { rev } = this;
    const body = JSON.stringify({ _id: id, _rev: rev, _deleted: true });
    const request = { method: "DELETE", path, query: { rev }, expects: "rev", signal } as const;
    // Both write the same tombstone, but some runtimes may send a DELETE, which has no body, twice.
    const result = resends
      ? await saveDocument(state, body, signal)
      : await sendWrite(context, request, documentWrite(context, id, body));
    // Changes that were made meanwhile are kept, as an unsaved document.
    const isChanged = !discardChanges && state.hasChanges;
    if (isChanged) state.replace(atRevision({ ...this.data }, undefined), undefined);
    else state.replace({ _id: id }, () => ({ _id: id }));
    return result;
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
    const { rev, signal } = options;
    const destination = documentPath(newId) + (rev ? `?rev=${encodeURIComponent(rev)}` : "");
    const { context, path } = this.#state;
    const headers = { destination };
    const request = { method: "COPY", path, headers, expects: "rev", signal } as const;
    try {
      return (await context.client.value(request)) as WriteResult;
    } catch (error) {
      // The outcome cannot be looked up, as the content that the server copied is unknown.
      throw isUncertain(error, context.client.url(request)) ? toUncertainError(error) : error;
    }
  }

  /**
   * Read the document, change it with `mutate` and save it. If another save comes first, it starts again. If
   * it fails, this copy is unchanged.
   *
   * ```ts
   * await counter.update((data) => { data.n += 1; });
   * ```
   *
   * @param mutate - changes the data, or returns a replacement; it may be called repeatedly. An arrow
   * function without braces returns the value of its expression
   * @param options - `attempts`: the limit, default 10
   * @throws ConflictError if there are unsaved changes, or after the last attempt
   * @throws NotFoundError if the document does not exist
   * @throws TypeError if `mutate` returns anything but a document, or a part of the old one
   */
  async update(
    mutate: Mutate<T>,
    options: OperationOptions & { attempts?: number | undefined } = {},
  ): Promise<void> {
    await updateDocument(this.#state, mutate, options);
  }

  /**
   * Request the current revision, without the document.
   *
   * @throws NotFoundError if the document does not exist
   * @see https://docs.couchdb.org/en/stable/api/document/common.html#head--db-docid
   */
  async info({ signal }: OperationOptions = {}): Promise<WriteResult> {
    const { context, id, path } = this.#state;
    const request: HttpRequest = { method: "HEAD", path, signal };
    const { headers } = await context.client.request(request);
    const rev = /"(\d+-.+)"/.exec(headers.get("etag") ?? "")?.[1];
    if (rev) return { ok: true, id, rev };
    // The ETag of a `_local` document is not a revision, and a server may hide it from other origins.
    const { _rev } = await readMembers(this.#state, { signal });
    return { ok: true, id, rev: _rev as string };
  }

  /**
   * List the other leaf revisions, which conflict with the current one.
   *
   * @throws NotFoundError if the document does not exist
   * @see https://docs.couchdb.org/en/stable/replication/conflicts.html
   */
  async conflicts({ signal }: OperationOptions = {}): Promise<string[]> {
    const { _conflicts = [] } = await readMembers(this.#state, { conflicts: true, signal });
    return checkRevisions(this.#state, _conflicts);
  }

  /**
   * List the history of the current revision, newest first. Old revisions may no longer be readable.
   *
   * @throws NotFoundError if the document does not exist
   * @see https://docs.couchdb.org/en/stable/api/document/common.html#obtaining-an-extended-revision-history
   */
  async revs({ signal }: OperationOptions = {}): Promise<string[]> {
    const { _revs_info = [] } = await readMembers(this.#state, { revs_info: true, signal });
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
  const { client, path } = Document.stateOf(document).context;
  return client.url({ path }) === context.client.url({ path: context.path });
}
