import { attachmentPath, pathIn } from "../http/paths.js";
import type { Progress } from "../http/progress.js";
import type { Call } from "../http/request.js";
import { responseTo } from "../http/response.js";
import { contentOf, uploading } from "../http/upload.js";
import { isAlike } from "../shared/bytes.js";
import { InvalidResponseError, NotFoundError } from "../shared/errors.js";
import type {
  AttachmentStub,
  DocumentMembers,
  OperationOptions,
  WriteResult,
} from "../shared/types.js";
import type { Operation } from "../streams/operation.js";
import { noteAttachment, stubOf } from "./attachment-stubs.js";
import type { DatabaseContext } from "./database-context.js";
import { hasContent, type PendingWrite, sendWrite } from "./write-outcome.js";

/** How the bytes of an attachment travel. */
export interface TransferOptions extends OperationOptions {
  /**
   * Called as bytes pass, with how many so far, and how many there will be, where that is known.
   * Browsers tell nothing of what they send: there it is called once, at the end of a `save`.
   */
  onProgress?: Progress | undefined;
}

/** What an attachment needs of its document. */
interface Owner {
  readonly id: string;
  readonly rev: string | undefined;
  readonly exists: boolean;
}

/**
 * An attachment of a document. Nothing of its content is kept here: each access is a request.
 *
 * @see https://docs.couchdb.org/en/stable/api/document/attachments.html
 */
export class Attachment {
  /** As it stands in the document's `_attachments`. */
  readonly name: string;
  readonly #context: DatabaseContext;
  readonly #owner: Owner;
  readonly #documentPath: string;
  readonly #path: string;
  readonly #written: (parent: string, rev: string, stub?: AttachmentStub) => void;

  /**
   * @internal
   * @param written - tells the document of a revision that was made of one that it may still have
   */
  constructor(
    context: DatabaseContext,
    owner: Owner,
    name: string,
    written: (parent: string, rev: string, stub?: AttachmentStub) => void,
  ) {
    this.name = name;
    this.#context = context;
    this.#owner = owner;
    this.#documentPath = pathIn(context, owner.id);
    this.#path = `${this.#documentPath}/${attachmentPath(name)}`;
    this.#written = written;
  }

  /** Asks the server whether there is such an attachment. */
  async exists({ signal }: OperationOptions = {}): Promise<boolean> {
    try {
      const call = { method: "HEAD", path: this.#path, raw: true, signal } as const;
      await this.#context.client.request(call);
      return true;
    } catch (error) {
      if (error instanceof NotFoundError) return false;
      throw error;
    }
  }

  /**
   * The content as a Response, its body still on its way: stream it, or read it with `blob()`,
   * `text()` and the like. Its headers tell the content type. A body that is not wanted is to be
   * cancelled: `response.body.cancel()`.
   *
   * @param options - `rev`: the document's revision, where it is not to be the current one
   * @throws NotFoundError if there is no such attachment
   * @throws TimeoutError, also while the body is read, for a server that is silent for the session's
   * `timeout`; IncompleteResponseError, then, for a connection that is lost
   * @see https://docs.couchdb.org/en/stable/api/document/attachments.html#get--db-docid-attname
   */
  async fetch(options: TransferOptions & { rev?: string | undefined } = {}): Promise<Response> {
    const { rev, signal, onProgress } = options;
    const { client } = this.#context;
    const call = { method: "GET", path: this.#path, query: { rev }, raw: true, signal } as const;
    const response = await responseTo(client, call, onProgress);
    const { status } = response;
    if (response.body) return response;
    const reason = "answered with nothing where an attachment was expected";
    throw client.error(InvalidResponseError, call, { status, reason });
  }

  /**
   * Saves the content, and with it a new revision of the document, which the document here then has.
   * What is not saved of the document stays so.
   *
   * A stream is sent as it comes; browsers, which cannot send one, gather it first.
   *
   * @param body - anything that fetch takes
   * @param contentType - default: what the body says of itself, as a Blob does, or
   * `application/octet-stream`
   * @throws TypeError for what is no body
   * @throws ConflictError if the server has another revision of the document; before anything is sent,
   * if the document here was neither read nor saved
   * @throws NetworkError with `mayHaveHappened`, if the connection is lost on the way
   * @throws TimeoutError for a server that takes nothing, and says nothing, for the session's `timeout`
   * @see https://docs.couchdb.org/en/stable/api/document/attachments.html#put--db-docid-attname
   */
  async save(
    body: BodyInit,
    contentType?: string,
    { onProgress, signal }: TransferOptions = {},
  ): Promise<WriteResult> {
    const { client } = this.#context;
    const content = contentOf(body);
    const parent = this.#revision("PUT");
    const type = contentType ?? content.type;
    const call: Call = {
      method: "PUT",
      path: this.#path,
      query: { rev: parent },
      headers: { "content-type": type },
      expects: "rev",
    };
    const operation = client.begin(signal);
    let out: Awaited<ReturnType<typeof uploading>> | undefined;
    try {
      out = await uploading(client, call, content, operation, onProgress);
      const asked = this.#saving(parent, out.sent, signal);
      const result = await sendWrite(this.#context, out.call, asked, operation);
      await this.#saved(parent, result.rev, type, operation);
      if (out.sent) onProgress?.(out.sent.size, out.sent.size);
      return result;
    } finally {
      out?.end();
      operation.end();
    }
  }

  /**
   * Deletes the attachment, which makes a new revision of the document, as `save` does.
   *
   * @throws ConflictError if the server has another revision of the document, and if the document here
   * was neither read nor saved
   * @throws NotFoundError if there is no such attachment
   * @throws NetworkError with `mayHaveHappened`, if the connection is lost on the way
   * @see https://docs.couchdb.org/en/stable/api/document/attachments.html#delete--db-docid-attname
   */
  async delete({ signal }: OperationOptions = {}): Promise<WriteResult> {
    const parent = this.#revision("DELETE");
    const query = { rev: parent };
    const call = { method: "DELETE", path: this.#path, query, expects: "rev", signal } as const;
    const operation = this.#context.client.begin(signal);
    try {
      const result = await sendWrite(this.#context, call, this.#deleting(parent), operation);
      this.#written(parent, result.rev);
      return result;
    } finally {
      operation.end();
    }
  }

  #revision(method: Call["method"]): string {
    const { rev, exists } = this.#owner;
    if (rev !== undefined && exists) return rev;
    const reason = "the document must be read or saved first: an attachment belongs to a revision";
    throw this.#context.client.conflict(method, this.#path, reason);
  }

  /**
   * What a `save` has to be found as. CouchDB refuses at once, without reading on, and hangs up: its answer
   * may be lost, but not what it stood for.
   *
   * @param sent - undefined for a stream, which nobody has any more
   */
  #saving(parent: string, sent: Blob | undefined, signal: AbortSignal | undefined): PendingWrite {
    const revpos = Number.parseInt(parent, 10) + 1;
    return {
      id: this.#owner.id,
      parent,
      isOurs: async ({ _rev, _attachments }) => {
        const stub = stubOf(_attachments, this.name);
        if (stub?.revpos !== revpos) return false;
        if (!sent) return undefined;
        const stored = await this.fetch({ rev: _rev, signal });
        return isAlike(stored, sent);
      },
    };
  }

  /** What a `delete` has to be found as: the parent without this attachment, and no other change. */
  #deleting(parent: string): PendingWrite {
    return {
      id: this.#owner.id,
      parent,
      isOurs: async (found, read) => {
        if (stubOf(found._attachments, this.name)) return false;
        const before = await read(parent);
        if (!before) return undefined;
        noteAttachment(before, this.name, undefined);
        return hasContent(found, before);
      },
    };
  }

  /** Tells the document what it has now. */
  async #saved(
    parent: string,
    rev: string,
    content_type: string,
    operation: Operation,
  ): Promise<void> {
    const { client } = this.#context;
    this.#written(parent, rev, { content_type, revpos: Number.parseInt(rev, 10), stub: true });
    try {
      const path = this.#documentPath;
      const call = { method: "GET", path, query: { rev }, expects: "_attachments" } as const;
      const { _attachments } = (await client.request(call, operation)).value as DocumentMembers;
      const stub = stubOf(_attachments, this.name);
      if (stub) this.#written(rev, rev, stub);
    } catch {
      // It is saved, although its length and digest cannot be known.
      operation.throwIfEnded();
    }
  }
}
