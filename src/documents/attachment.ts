import type { HttpClient } from "../http/client.js";
import { attachmentPath } from "../http/paths.js";
import type { Progress } from "../http/progress.js";
import type { JsonRequest } from "../http/request.js";
import { responseTo } from "../http/response.js";
import { contentOf, sendContent } from "../http/upload.js";
import { checkOptions } from "../shared/arguments.js";
import { isAlike } from "../shared/bytes.js";
import type { AttachmentStub, OperationOptions, WriteResult } from "../shared/types.js";
import type { Operation } from "../streams/operation.js";
import { noteAttachment, stubOf } from "./attachment-stubs.js";
import { enqueue } from "./call-queue.js";
import type { DocumentState } from "./document-state.js";
import { unlessMissing } from "./missing.js";
import { readHead, readMembers } from "./read-document.js";
import { hasContent, type PendingWrite, sendWrite } from "./write-outcome.js";

/** Options for transferring an attachment. */
export interface TransferOptions extends OperationOptions {
  /**
   * Called as bytes are transferred, with their number so far and the total, if it is known. Browsers do not
   * report uploads: there it is called once, at the end of a `save`.
   */
  onProgress?: Progress | undefined;
}

/**
 * Options for reading an attachment.
 *
 * @see https://docs.couchdb.org/en/stable/api/document/attachments.html#get--db-docid-attname
 */
export interface FetchAttachmentOptions extends TransferOptions {
  /** The document's revision. Default: the current one. */
  rev?: string | undefined;
  /**
   * The bytes to read, such as `"bytes=0-1023"`. The response has status 206; or 200 and the whole content, if
   * CouchDB stores the attachment compressed, as it does with text.
   */
  range?: string | undefined;
  /** The `etag` of an earlier response. If the content is the same, the response has status 304 and no body. */
  ifNoneMatch?: string | undefined;
}

/**
 * An attachment of a document. Its content is not kept in memory: each access is a request.
 *
 * ```ts
 * const photo = cat.attachment("photo.jpg");
 * await photo.save(file);
 * const blob = await (await photo.fetch()).blob();
 * ```
 *
 * @see https://docs.couchdb.org/en/stable/api/document/attachments.html
 */
export class Attachment {
  /** The name of the attachment in the document's `_attachments`. */
  readonly name: string;
  readonly #document: DocumentState<object>;
  readonly #path: string;

  /** @internal */
  constructor(document: DocumentState<object>, name: string) {
    this.name = name;
    this.#document = document;
    this.#path = `${document.path}/${attachmentPath(name)}`;
  }

  /** Ask the server whether the attachment exists. */
  async exists(options: OperationOptions = {}): Promise<boolean> {
    return (await unlessMissing(this.info(options))) !== undefined;
  }

  /**
   * Read the attachment's type, length and digest, without its content.
   *
   * ```ts
   * const { content_type, length } = await cat.attachment("photo.jpg").info();
   * ```
   *
   * @throws NotFoundError if the attachment does not exist
   * @see https://docs.couchdb.org/en/stable/api/document/common.html#attachments
   */
  async info(options: OperationOptions = {}): Promise<AttachmentStub> {
    checkOptions(options, "");
    const { _attachments } = await readHead(this.#document, options, true);
    const stub = stubOf(_attachments, this.name);
    if (stub) return stub;
    throw this.#client.notFound(this.#path, this.name, "missing");
  }

  /**
   * Read the content, as a Response whose body is still arriving. Its headers have the content type. Read the
   * body as a stream or with `blob()`, `text()` and the like; to discard it, call `response.body.cancel()`.
   *
   * ```ts
   * const response = await photo.fetch({ ifNoneMatch: etag });
   * if (response.status !== 304) etag = response.headers.get("etag");
   * ```
   *
   * @throws NotFoundError if the attachment does not exist
   * @throws TimeoutError if the server is silent for the session's `timeout`, also while you read the body
   * @throws IncompleteResponseError if the connection is lost while you read the body, or if the body ends
   * before the length that the document's stub has
   * @see https://docs.couchdb.org/en/stable/api/document/attachments.html#get--db-docid-attname
   */
  async fetch(options: FetchAttachmentOptions = {}): Promise<Response> {
    checkOptions(options, "rev range ifNoneMatch onProgress");
    const { range, ifNoneMatch } = options;
    const headers = {
      ...(range && { range }),
      ...(ifNoneMatch && { "if-none-match": ifNoneMatch }),
    };
    const stub = stubOf(this.#document.data._attachments, this.name);
    return this.#read(options, range ? undefined : stub, headers);
  }

  async #read(
    options: FetchAttachmentOptions,
    stub: AttachmentStub | { length: number } | undefined,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const { rev, onProgress } = options;
    const query = { rev };
    const request = { method: "GET", path: this.#path, query, headers, limits: options } as const;
    const response = await responseTo(this.#client, request, onProgress, undefined, stub);
    if (response.body || (response.status === 304 && headers["if-none-match"])) return response;
    throw this.#client.invalid(request, "expected an attachment", response.status);
  }

  /**
   * Save the content, which creates a new revision of the document. This copy of the document gets that
   * revision; its unsaved changes stay unsaved. If this copy was neither read nor saved, the document is created
   * with the attachment.
   *
   * A stream is sent as it is read. Browsers cannot send streams, so they read it into memory first.
   *
   * @param body - any body that fetch accepts
   * @param contentType - default: the body's own, such as a Blob's `type`, or `application/octet-stream`
   * @throws TypeError if `body` cannot be sent
   * @throws ConflictError if the server has another revision of the document
   * @throws NetworkError with `mayHaveHappened` if the connection is lost
   * @throws TimeoutError if the server neither reads nor responds for the session's `timeout`
   * @see https://docs.couchdb.org/en/stable/api/document/attachments.html#put--db-docid-attname
   */
  async save(
    body: BodyInit,
    contentType?: string,
    options: TransferOptions = {},
  ): Promise<WriteResult> {
    const { onProgress } = checkOptions(options, "onProgress");
    const content = contentOf(body);
    const type = contentType ?? content.type;
    return enqueue([this.#document], options, async () => {
      const { _rev: parent } = this.#document.data;
      const request: JsonRequest = {
        method: "PUT",
        path: this.#path,
        query: { rev: parent },
        headers: { "content-type": type },
        expects: "rev",
      };
      return this.#client.during(options, (operation) => {
        const send = async (upload: JsonRequest, sent: Blob | undefined) => {
          const write = this.#saving(parent, sent, options);
          const result = await sendWrite(this.#document.context, upload, write, operation);
          await this.#noteSaved(parent, result.rev, type, operation);
          if (sent) onProgress?.(sent.size, sent.size);
          return result;
        };
        return sendContent(this.#client, request, content, operation, send, onProgress);
      });
    });
  }

  /**
   * Delete the attachment, which creates a new revision of the document, as `save` does.
   *
   * @throws ConflictError if the server has another revision of the document, or if this copy was neither
   * read nor saved
   * @throws NotFoundError if the attachment does not exist
   * @throws NetworkError with `mayHaveHappened` if the connection is lost
   * @see https://docs.couchdb.org/en/stable/api/document/attachments.html#delete--db-docid-attname
   */
  async delete(options: OperationOptions = {}): Promise<WriteResult> {
    checkOptions(options, "");
    return enqueue([this.#document], options, async () => {
      const { _rev: parent, _deleted } = this.#document.data;
      if (parent === undefined || _deleted)
        throw this.#client.conflict(
          "DELETE",
          this.#path,
          this.#document.id,
          "must be read or saved first",
        );
      const query = { rev: parent };
      const path = this.#path;
      const request = { method: "DELETE", path, query, expects: "rev", limits: options } as const;
      const result = await sendWrite(this.#document.context, request, {
        id: this.#document.id,
        parent,
        isOurs: async (found, read) => {
          if (stubOf(found._attachments, this.name)) return false;
          const before = await read(parent);
          if (!before) return undefined;
          noteAttachment(before, this.name, undefined);
          return hasContent(found, before);
        },
      });
      this.#document.noteAttachment(parent, result.rev, this.name);
      return result;
    });
  }

  get #client(): HttpClient {
    return this.#document.context.client;
  }

  /**
   * How to recognize the revision that a `save` created. If CouchDB refuses an upload, it stops reading and
   * hangs up, so its response may be lost.
   *
   * @param sent - undefined for a stream, which cannot be read again
   */
  #saving(
    parent: string | undefined,
    sent: Blob | undefined,
    limits: OperationOptions,
  ): PendingWrite {
    return {
      id: this.#document.id,
      parent,
      isOurs: async ({ _rev, _attachments }) => {
        const stub = stubOf(_attachments, this.name);
        if (!stub || stub.revpos !== revpos(_rev)) return false;
        if (!sent) return undefined;
        const stored = await this.#read({ ...limits, rev: _rev }, { length: sent.size });
        return isAlike(stored, sent);
      },
    };
  }

  /** Add the saved attachment to the document, with its length and digest if they can be read. */
  async #noteSaved(
    parent: string | undefined,
    rev: string,
    content_type: string,
    operation: Operation,
  ): Promise<void> {
    const document = this.#document;
    const stub = { content_type, revpos: revpos(rev), stub: true };
    document.noteAttachment(parent, rev, this.name, stub);
    try {
      const { _attachments } = await readMembers(document, {}, { rev }, operation);
      const stored = stubOf(_attachments, this.name);
      if (stored) document.noteAttachment(rev, rev, this.name, stored);
    } catch {
      // The attachment is saved even if this fails.
      operation.throwReason();
    }
  }
}

/** The number of a revision. */
function revpos(rev = ""): number {
  return Number.parseInt(rev, 10);
}
