import { equalJson } from "./equal-json.js";
import { ConflictError, InvalidResponseError } from "./errors.js";
import { documentPath } from "./transport/paths.js";
import { sleep } from "./transport/retry.js";
import type { Call, Scope } from "./transport/transport.js";
import type { DocumentData, JsonObject, OperationOptions, WriteResult } from "./types.js";

/**
 * How a document is read. All but `signal` goes to CouchDB as it is.
 *
 * @see https://docs.couchdb.org/en/stable/api/document/common.html#get--db-docid
 */
export interface GetOptions extends OperationOptions {
  /** Read this revision, as long as the server has it. */
  rev?: string;
  conflicts?: boolean;
  deleted_conflicts?: boolean;
  latest?: boolean;
  local_seq?: boolean;
  meta?: boolean;
  revs?: boolean;
  revs_info?: boolean;
  attachments?: boolean;
  att_encoding_info?: boolean;
}

/** Reads the JSON that a document came as once more, when `save` asks whether it has changed. */
export type Original = () => object;

/**
 * A document of a database, and the JSON of it that is here.
 *
 * Reading one costs nothing beyond parsing: whether it has changed is found out by reading again the
 * text that it came in, when `save` or `dirty` asks.
 */
export class Document<T extends object = JsonObject> {
  readonly id: string;
  readonly #scope: Scope;
  #data: DocumentData<T>;
  #original: Original | undefined;

  /** @internal */
  constructor(scope: Scope, id: string, data: object, original?: Original) {
    this.id = id;
    this.#scope = scope;
    this.#data = original ? (data as DocumentData<T>) : ({ ...data, _id: id } as DocumentData<T>);
    this.#original = original;
  }

  /** The document's JSON, `_id` and `_rev` included. Change it, then `save`. */
  get data(): DocumentData<T> {
    return this.#data;
  }

  /** A copy of `data` without the members that begin with `_`. */
  get json(): T {
    const own = Object.entries(this.#data).filter(([name]) => !name.startsWith("_"));
    return Object.fromEntries(own) as T;
  }

  /** The revision that is here, or undefined if the document was never saved, or was deleted. */
  get rev(): string | undefined {
    return this.#data._rev;
  }

  /** Set it to save over a revision that you know. */
  set rev(rev: string) {
    if (typeof rev !== "string") throw new TypeError("A revision is a string");
    this.#data._rev = rev;
  }

  /** Whether the document was read from the server, or saved, and not deleted. No request. */
  get exists(): boolean {
    return this.#data._rev !== undefined && this.#data._deleted !== true;
  }

  /** Whether there is something to save. */
  get dirty(): boolean {
    if (this.#original === undefined) return true;
    const { parse, stringify } = this.#scope.transport.json;
    return !equalJson(parse(stringify(this.#data)), this.#original());
  }

  /**
   * Reads the document from the server.
   *
   * @throws ConflictError if there are unsaved changes, unless `discardChanges`
   * @throws NotFoundError if it does not exist or was deleted
   * @throws BadRequestError for an invalid `rev`
   * @see https://docs.couchdb.org/en/stable/api/document/common.html#get--db-docid
   */
  async fetch(options: GetOptions & { discardChanges?: boolean } = {}): Promise<void> {
    const { discardChanges = false, signal, ...query } = options;
    if (!discardChanges) this.#refuseToLoseChanges("GET");
    const { json } = this.#scope.transport;
    const { value, text } = await this.#request({ method: "GET", query, signal });
    this.#data = value as DocumentData<T>;
    this.#original = () => json.parse(text) as object;
  }

  /**
   * Saves the document if it has changed. Nothing is sent if it has not.
   *
   * @returns CouchDB's answer, or undefined if there was nothing to save
   * @throws ConflictError if the server has another revision
   * @see https://docs.couchdb.org/en/stable/api/document/common.html#put--db-docid
   */
  async save({ signal }: OperationOptions = {}): Promise<WriteResult | undefined> {
    if (!this.dirty) return undefined;
    const { json } = this.#scope.transport;
    // What is sent is what was saved, whatever the user does to `data` in the meantime.
    const sent = json.stringify(this.#data);
    const { value } = await this.#request({ method: "PUT", body: sent, signal });
    const result = value as WriteResult;
    this.#data._rev = result.rev;
    this.#original = () => ({ ...(json.parse(sent) as object), _rev: result.rev });
    return result;
  }

  /**
   * Deletes the document on the server, which keeps a tombstone. This object is empty afterwards; it
   * can be filled and saved again.
   *
   * @throws ConflictError if there are unsaved changes, unless `discardChanges`; and if the server
   * has another revision
   * @see https://docs.couchdb.org/en/stable/api/document/common.html#delete--db-docid
   */
  async delete(
    options: OperationOptions & { discardChanges?: boolean } = {},
  ): Promise<WriteResult> {
    const { discardChanges = false, signal } = options;
    if (!discardChanges) this.#refuseToLoseChanges("DELETE");
    const query = { rev: this.rev };
    const { value } = await this.#request({ method: "DELETE", query, signal });
    this.#data = { _id: this.id } as DocumentData<T>;
    this.#original = () => ({ _id: this.id });
    return value as WriteResult;
  }

  /**
   * Copies the document, as the server has it, to another id.
   *
   * @param options - `rev`: the revision of an existing document that the copy replaces
   * @throws ConflictError if the other document exists and `rev` is not its revision
   * @see https://docs.couchdb.org/en/stable/api/document/common.html#copy--db-docid
   */
  async copy(
    newId: string,
    options: OperationOptions & { rev?: string } = {},
  ): Promise<WriteResult> {
    const { rev, signal } = options;
    const destination = documentPath(newId) + (rev ? `?rev=${encodeURIComponent(rev)}` : "");
    const { value } = await this.#request({ method: "COPY", headers: { destination }, signal });
    return value as WriteResult;
  }

  /**
   * Asks the server for the current revision, without the document.
   *
   * @throws NotFoundError if it does not exist
   * @see https://docs.couchdb.org/en/stable/api/document/common.html#head--db-docid
   */
  async info({ signal }: OperationOptions = {}): Promise<WriteResult> {
    const { headers } = await this.#request({ method: "HEAD", signal });
    const rev = /"(.+)"/.exec(headers.get("etag") ?? "")?.[1];
    if (rev) return { ok: true, id: this.id, rev };
    throw new InvalidResponseError({
      method: "HEAD",
      url: this.#url,
      status: 200,
      reason: "answered without an ETag: across origins, the server must expose it",
    });
  }

  /**
   * The other leaf revisions, which lost against the current one. Empty if there are none.
   *
   * @throws NotFoundError if the document does not exist
   * @see https://docs.couchdb.org/en/stable/replication/conflicts.html
   */
  async conflicts({ signal }: OperationOptions = {}): Promise<string[]> {
    const { value } = await this.#request({ method: "GET", query: { conflicts: true }, signal });
    return (value as DocumentData)._conflicts ?? [];
  }

  /**
   * The revisions that led to the current one, which is the first. Not all need be readable still.
   *
   * @throws NotFoundError if the document does not exist
   * @see https://docs.couchdb.org/en/stable/api/document/common.html#obtaining-an-extended-revision-history
   */
  async revs({ signal }: OperationOptions = {}): Promise<string[]> {
    const { value } = await this.#request({ method: "GET", query: { revs_info: true }, signal });
    return ((value as DocumentData)._revs_info ?? []).map(({ rev }) => rev);
  }

  /**
   * Reads the document, lets `mutate` change it, and saves it; and again, for as long as somebody
   * else's save comes in between.
   *
   * @param mutate - changes the data, or returns what is to replace it; it may be called repeatedly
   * @param options - `attempts`: how often at the most, default 10
   * @throws ConflictError if there are unsaved changes, or after the last attempt
   * @throws NotFoundError if the document does not exist
   */
  async update(
    // biome-ignore lint/suspicious/noConfusingVoidType: a callback that returns nothing is the usual one
    mutate: (data: DocumentData<T>) => T | void | Promise<T | void>,
    { attempts = 10, signal }: OperationOptions & { attempts?: number } = {},
  ): Promise<void> {
    if (!(attempts >= 1)) throw new RangeError("update needs at least one attempt");
    this.#refuseToLoseChanges("PUT");
    for (let attempt = 1; ; attempt += 1) {
      await this.fetch({ discardChanges: true, signal });
      const members = Object.entries(this.#data).filter(([name]) => name.startsWith("_"));
      const data = (await mutate(this.#data)) ?? this.#data;
      // New data without `_attachments` must not delete them, nor lose the revision it replaces.
      this.#data = { ...Object.fromEntries(members), ...data } as DocumentData<T>;
      try {
        await this.save({ signal });
        return;
      } catch (error) {
        if (!(error instanceof ConflictError) || attempt >= attempts) throw error;
      }
      // Those who lost the same race should not run the next one in step.
      await sleep(Math.random() * 20 * attempt, { signal });
    }
  }

  // Made when needed: most documents of a scan are only read.
  get #path(): string {
    return `${this.#scope.path}/${documentPath(this.id)}`;
  }

  get #url(): string {
    return this.#scope.transport.url({ path: this.#path });
  }

  #request(call: Omit<Call, "path">) {
    return this.#scope.transport.request({ ...call, path: this.#path });
  }

  #refuseToLoseChanges(method: string): void {
    if (!this.dirty) return;
    throw new ConflictError({
      method,
      url: this.#url,
      status: 409,
      error: "conflict",
      reason: "not sent: the document here has changes that are not saved",
    });
  }
}
