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

/** A local copy of a document. Only its methods that return a promise contact the server. */
export class Document<T extends object = JsonObject> {
  /** The document's id, including `_design/` or `_local/`. */
  readonly id: string;
  readonly #state: DocumentState<T>;

  /**
   * @internal
   * @param original - if the data was read
   */
  constructor(
    context: DatabaseContext,
    id: string,
    data: object,
    original?: Original,
    State = DocumentState<T>,
  ) {
    this.id = id;
    // Data that was read needs no check: there may be many.
    if (original) {
      this.#state = new State(context, id, data, original);
      return;
    }
    // A Document has its members behind `data`.
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

  /** The members of `data` that do not begin with `_`. */
  get json(): T {
    return ownMembers(this.data) as T;
  }

  /** The same as `data`: what `JSON.stringify` writes of a document. */
  toJSON(): DocumentData<T> {
    return this.data;
  }

  /** The revision of this copy; undefined if the document was never saved, or was deleted. */
  get rev(): string | undefined {
    return this.data._rev;
  }

  /** Set it to save over a revision that you know. */
  set rev(rev: string) {
    checkType("rev", "string", rev);
    this.data._rev = rev;
  }

  /** Whether the document was read or saved, and not deleted. No request. */
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
    // A revision that was set by hand is not that of the data; nor is data valid that no schema has seen.
    const isKnown = ifChanged && state.knownRev === this.rev && (codec?.isValid(this.data) ?? true);
    const response = await readDocument(state, query, isKnown ? this.rev : undefined);
    if (!response) return false;
    const { value, text } = response;
    const data = await validateRead(state.context, value, query.signal);
    // There may be new ones since the request.
    if (!discardChanges) state.refuseToLoseChanges("GET");
    state.replace(data, () => client.json.parse(text));
    return true;
  }

  /**
   * Save the document if it has changed. If it has not, nothing is sent.
   *
   * @returns CouchDB's response, or undefined if there was nothing to save
   * @throws ConflictError if the server has another revision
   * @throws NetworkError with `mayHaveHappened` if the connection was lost and the server does not say what
   * happened
   * @throws TypeError if `_id` was changed; and without `new_edits` if the document has no revision of its own
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
    // A given revision is the same however often it is written.
    const effect = new_edits ? "write" : "idempotent";
    const { value } = await client.request({ ...request, effect });
    if (batch === undefined) saved();
    return value as WriteResult;
  }

  /**
   * Delete the document on the server, which keeps a tombstone. This copy is empty afterwards, without a
   * revision; it can be filled and saved again.
   *
   * @throws ConflictError if there are unsaved changes, unless `discardChanges`; and if the server has another
   * revision
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
    // A tombstone is the same; but some runtimes may send a DELETE, which has no body, twice.
    const result = resends
      ? await saveDocument(state, body, signal)
      : await sendWrite(context, request, documentWrite(context, id, body));
    // Changes that were made meanwhile stay, as a document that was not saved.
    const isChanged = !discardChanges && state.hasChanges;
    if (isChanged) state.replace(atRevision({ ...this.data }, undefined), undefined);
    else state.replace({ _id: id }, () => ({ _id: id }));
    return result;
  }

  /**
   * Copy the document, as the server has it, to another id.
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
      // What was copied is what the server had then: it cannot be looked up.
      throw isUncertain(error, context.client.url(request)) ? toUncertainError(error) : error;
    }
  }

  /**
   * Read the document, change it with `mutate` and save it; and again for as long as somebody else's save comes
   * in between. If this fails, the copy stays as it was.
   *
   * ```ts
   * await counter.update((data) => { data.n += 1; });
   * ```
   *
   * @param mutate - changes the data, or returns a replacement; it may be called repeatedly. An arrow function
   * without braces returns the value of its expression
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
   * Ask the server for the current revision, without the document.
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
    // A `_local` document's ETag is no revision, and across origins a server may not expose it.
    const { _rev } = await readMembers(this.#state, { signal });
    return { ok: true, id, rev: _rev as string };
  }

  /**
   * List the other leaf revisions, which are in conflict with the current one.
   *
   * @throws NotFoundError if the document does not exist
   * @see https://docs.couchdb.org/en/stable/replication/conflicts.html
   */
  async conflicts({ signal }: OperationOptions = {}): Promise<string[]> {
    const { _conflicts = [] } = await readMembers(this.#state, { conflicts: true, signal });
    return checkRevisions(this.#state, _conflicts);
  }

  /**
   * List the revisions that led to the current one, which is the first. Old ones may not be readable.
   *
   * @throws NotFoundError if the document does not exist
   * @see https://docs.couchdb.org/en/stable/api/document/common.html#obtaining-an-extended-revision-history
   */
  async revs({ signal }: OperationOptions = {}): Promise<string[]> {
    const { _revs_info = [] } = await readMembers(this.#state, { revs_info: true, signal });
    return checkRevisions(this.#state, _revs_info).map(({ rev }) => rev);
  }

  /**
   * An attachment of this document. No request.
   *
   * @param name - may contain slashes
   * @throws TypeError if no attachment can have this name: empty, `.`, `..`, or one that begins with `_`
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
