import { type Merge, resolve } from "../features/conflicts.js";
import { saveWith } from "../features/multipart/save-with-attachments.js";
import { type AttachmentContents, stubsOf } from "../features/multipart/write.js";
import { asRead, checkOut } from "../features/schema/validation.js";
import { documentPath } from "../http/paths.js";
import type { Call, JsonResponse } from "../http/request.js";
import { ConflictError } from "../shared/errors.js";
import { atRevision, isLike, replacement } from "../shared/json-equal.js";
import { resends } from "../shared/runtime.js";
import type {
  DocumentData,
  JsonObject,
  OperationOptions,
  SaveOptions,
  WriteResult,
} from "../shared/types.js";
import { Attachment } from "./attachment.js";
import type { DatabaseContext } from "./database-context.js";
import type { Original } from "./document-state.js";
import { Reading } from "./reading.js";
import {
  afterWriting,
  documentWrite,
  isUncertain,
  sendWrite,
  toUncertainError,
} from "./write-outcome.js";

/** A document of a database, and the JSON of it that is here. */
export class Document<T extends object = JsonObject> extends Reading<T> {
  /**
   * Saves the document if it has changed. Nothing is sent if it has not.
   *
   * @returns CouchDB's answer, or undefined if there was nothing to save
   * @throws ConflictError if the server has another revision
   * @throws NetworkError with `mayHaveHappened`, if the connection was lost, and the server does not tell
   * what became of it
   * @throws TypeError if `_id` was changed; and without `new_edits`, for a document that has no revision but the
   * one it was read with
   * @throws ValidationError for data that do not match the database's schema, if it has one
   * @see https://docs.couchdb.org/en/stable/api/document/common.html#put--db-docid
   */
  async save({
    attachments,
    batch,
    new_edits = true,
    signal,
  }: SaveOptions = {}): Promise<WriteResult | undefined> {
    signal?.throwIfAborted();
    if (attachments && (batch !== undefined || !new_edits)) {
      throw new TypeError("attachments cannot go with batch, or without new_edits");
    }
    // Without any, it is a body that CouchDB does not understand.
    if (attachments && Object.keys(attachments).length > 0) {
      return this.#saveWith(attachments, signal);
    }
    if (!this.dirty) return undefined;
    const { body, saved, isNewRev } = this.draft();
    await this.#checkOut(body, signal);
    if (new_edits && batch === undefined) {
      const result = await this.#put(body, signal);
      saved(result.rev);
      return result;
    }
    if (!new_edits && !isNewRev()) {
      throw new TypeError(
        "Without new_edits, what is changed needs a revision of its own: set rev",
      );
    }
    const query = { batch, new_edits: new_edits && undefined };
    // A revision that is given is the same however often it comes.
    const call = { method: "PUT", query, body, expects: "ok", signal } as const;
    const { value } = await this.request({ ...call, repeats: !new_edits });
    if (batch === undefined) saved();
    return value as WriteResult;
  }

  /**
   * Deletes the document on the server, which keeps a tombstone. This object is empty afterwards,
   * without a revision; it can be filled and saved again.
   *
   * @throws ConflictError if there are unsaved changes, unless `discardChanges`; and if the server
   * has another revision
   * @throws NotFoundError if it does not exist
   * @throws NetworkError with `mayHaveHappened`, as `save` does
   * @see https://docs.couchdb.org/en/stable/api/document/common.html#delete--db-docid
   */
  async delete(
    options: OperationOptions & { discardChanges?: boolean | undefined } = {},
  ): Promise<WriteResult> {
    const { discardChanges = false, signal } = options;
    if (!discardChanges) this.refuseToLoseChanges("DELETE");
    const { rev } = this;
    const body = JSON.stringify({ _id: this.id, _rev: rev, _deleted: true });
    // The same; but a DELETE, which has no body, some runtimes may send twice.
    const result = resends
      ? await this.#put(body, signal)
      : await this.#write({ method: "DELETE", query: { rev }, expects: "rev", signal }, body);
    // What was changed here meanwhile stays, as a document that is not saved.
    const isChanged = !discardChanges && this.hasChanges();
    if (isChanged) this.become(atRevision({ ...this.data }, undefined), undefined);
    else this.become({ _id: this.id }, () => ({ _id: this.id }));
    return result;
  }

  /**
   * Copies the document, as the server has it, to another id.
   *
   * @param options - `rev`: the revision of an existing document that the copy replaces
   * @throws ConflictError if the other document exists and `rev` is not its revision
   * @throws NotFoundError if this document does not exist
   * @throws NetworkError with `mayHaveHappened`, if the connection is lost on the way
   * @see https://docs.couchdb.org/en/stable/api/document/common.html#copy--db-docid
   */
  async copy(
    newId: string,
    options: OperationOptions & { rev?: string | undefined } = {},
  ): Promise<WriteResult> {
    const { rev, signal } = options;
    const destination = documentPath(newId) + (rev ? `?rev=${encodeURIComponent(rev)}` : "");
    const path = this.path;
    const call = {
      method: "COPY",
      path,
      headers: { destination },
      expects: "rev",
      signal,
    } as const;
    const { client } = this.context;
    try {
      return (await client.request(call)).value as WriteResult;
    } catch (error) {
      // Nobody can tell: what was copied is what the server had then.
      throw isUncertain(error, client.url(call)) ? toUncertainError(error) : error;
    }
  }

  /**
   * Ends the document's conflicts: `merge` is given the leaves, the current one first, and makes one of them,
   * which is saved; then the others are deleted, in one request. For as long as somebody else's save comes in
   * between, what is new is merged again. Without a conflict, nothing is asked of `merge`. Afterwards the
   * document here is the server's.
   *
   * ```ts
   * await cart.resolve((leaves) => ({ items: leaves.flatMap(({ items }) => items) }));
   * ```
   *
   * @param merge - returns the new content, or changes the first. Attachments are the first one's
   * @param options - `attempts`: how often at the most, default 10
   * @throws ConflictError if there are unsaved changes, or after the last attempt
   * @throws NotFoundError if the document does not exist
   * @throws NetworkError with `mayHaveHappened`, if what was merged may have been saved
   * @see https://docs.couchdb.org/en/stable/replication/conflicts.html
   */
  async resolve(
    merge: Merge<T>,
    { attempts = 10, signal }: OperationOptions & { attempts?: number | undefined } = {},
  ): Promise<void> {
    if (!(attempts >= 1)) throw new RangeError("resolve needs at least one attempt");
    this.refuseToLoseChanges("PUT");
    const operation = this.context.client.begin(signal);
    try {
      await resolve<T>(this.context, this.id, merge, attempts, operation);
    } finally {
      operation.end();
    }
    if (this.hasChanges()) return;
    await this.fetch({ signal }).catch((error) => {
      throw afterWriting(error);
    });
  }

  /**
   * Reads the document, lets `mutate` change it, and saves it; and again, for as long as somebody
   * else's save comes in between. If it fails, this object is as it was.
   *
   * ```ts
   * await counter.update((data) => { data.n += 1; });
   * ```
   *
   * @param mutate - changes the data, or returns what is to replace it; it may be called repeatedly.
   * Mind the braces: an arrow function without them returns the value of its expression
   * @param options - `attempts`: how often at the most, default 10
   * @throws ConflictError if there are unsaved changes, or after the last attempt
   * @throws NotFoundError if the document does not exist
   * @throws TypeError if `mutate` returns what cannot be a document, or a part of the old one
   */
  async update(
    // biome-ignore lint/suspicious/noConfusingVoidType: a callback that returns nothing is the usual one
    mutate: (data: DocumentData<T>) => T | void | Promise<T | void>,
    { attempts = 10, signal }: OperationOptions & { attempts?: number | undefined } = {},
  ): Promise<void> {
    if (!(attempts >= 1)) throw new RangeError("update needs at least one attempt");
    const { json } = this.context.client;
    this.refuseToLoseChanges("PUT");
    for (let attempt = 1; ; attempt += 1) {
      const { value, text } = (await this.read({}, signal)) as JsonResponse;
      const draft = await this.admitted(value as DocumentData<T>, signal);
      const mutated = await this.context.client.during(signal, () => mutate(draft));
      const data = replacement<T>(draft, mutated);
      try {
        let original: Original = () => json.parse(text);
        let was = asRead(this.context, draft, original);
        const isMade = was !== original;
        if (!isLike(json, data, was())) {
          const { body, known } = this.written(data, original, was);
          await this.#checkOut(body, signal);
          const { rev } = await this.#put(body, signal);
          [original, was] = known(rev);
          atRevision(data, rev);
        }
        // What somebody has changed here meanwhile stays, and will be a conflict when it is saved.
        if (this.hasChanges()) return;
        // What a schema makes of JSON is not JSON again.
        this.become(isMade ? data : (original() as object), original, was);
        return;
      } catch (error) {
        if (!(error instanceof ConflictError) || attempt >= attempts) throw error;
      }
      // Those who lost the same race should not run the next one in step.
      await this.context.client.during(signal, (operation) =>
        operation.sleep(Math.random() * 20 * attempt),
      );
    }
  }

  /**
   * An attachment of this document. No request.
   *
   * @param name - may have slashes
   * @throws TypeError for a name that no attachment can have: none, `.`, `..`, or one that begins with `_`
   */
  attachment(name: string): Attachment {
    return new Attachment(this.context, this, name, (parent, rev, stub) =>
      this.note(parent, rev, name, stub),
    );
  }

  async #checkOut(body: string, signal: AbortSignal | undefined): Promise<void> {
    if (!this.context.border) return;
    await this.context.client.during(signal, (operation) =>
      checkOut(this.context, [body], operation),
    );
  }

  #put(body: string, signal: AbortSignal | undefined): Promise<WriteResult> {
    return this.#write({ method: "PUT", body, expects: "rev", signal }, body);
  }

  /** Saves the document, changed or not, and attachments with it. */
  async #saveWith(
    contents: AttachmentContents,
    signal: AbortSignal | undefined,
  ): Promise<WriteResult> {
    const stubs = stubsOf(contents, this.rev);
    const { body, saved } = this.draft(stubs);
    const operation = this.context.client.begin(signal);
    try {
      await checkOut(this.context, [body], operation);
      const result = await saveWith(this.context, this.id, body, stubs, contents, operation);
      saved(result.rev);
      return result;
    } finally {
      operation.end();
    }
  }

  /** @param content - what the server has, then */
  async #write(call: Omit<Call, "path">, content: string): Promise<WriteResult> {
    const operation = this.context.client.begin(call.signal);
    const asked = documentWrite(this.context, this.id, content);
    try {
      return await sendWrite(this.context, { ...call, path: this.path }, asked, operation);
    } finally {
      operation.end();
    }
  }
}

/** Whether a document is one of this database, and no other's of the same name. */
export function isIn<T extends object>(context: DatabaseContext, document: Document<T>): boolean {
  const { context: other } = Document.inside(document);
  return other.client.url({ path: other.path }) === context.client.url({ path: context.path });
}
