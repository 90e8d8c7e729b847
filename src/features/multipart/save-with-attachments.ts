import { noteAttachment } from "../../documents/attachment-stubs.js";
import { enqueue } from "../../documents/call-queue.js";
import { Document } from "../../documents/document.js";
import type { DocumentState } from "../../documents/document-state.js";
import { documentWrite, sendWrite } from "../../documents/write-outcome.js";
import { attachmentPath } from "../../http/paths.js";
import type { JsonRequest } from "../../http/request.js";
import { responseTo } from "../../http/response.js";
import { sendContent } from "../../http/upload.js";
import { checkOptions } from "../../shared/arguments.js";
import { isAlike } from "../../shared/bytes.js";
import type {
  AttachmentStub,
  DocumentMembers,
  OperationOptions,
  WriteResult,
} from "../../shared/types.js";
import type { Operation } from "../../streams/operation.js";
import { type AttachmentContent, type AttachmentContents, multipart, stubsOf } from "./write.js";

type Stubs = [name: string, stub: AttachmentStub][];

/**
 * Save a document, changed or not, together with attachments in one request. Streams are sent as they are
 * read. Browsers cannot send streams, so they read them into memory first.
 *
 * ```ts
 * await saveWithAttachments(cat, { "photo.jpg": file });
 * ```
 *
 * @param attachments - by name; other attachments of the document are kept
 * @returns CouchDB's response, or undefined if there was nothing to save
 * @throws ConflictError if the server has another revision
 * @throws NetworkError with `mayHaveHappened` if the connection was lost and the outcome is unknown
 * @throws TypeError if an attachment is neither a Blob nor a stream with its length; nothing is sent
 * @see https://docs.couchdb.org/en/stable/api/document/common.html#creating-multiple-attachments
 */
export async function saveWithAttachments<T extends object>(
  doc: Document<T>,
  attachments: AttachmentContents,
  options: OperationOptions = {},
): Promise<WriteResult | undefined> {
  const limits = checkOptions(options, "");
  limits.signal?.throwIfAborted();
  // CouchDB refuses a multipart body without attachments.
  if (Object.keys(attachments).length === 0) return doc.save(limits);
  const state = Document.stateOf(doc);
  const { client, codec } = state.context;
  // Invalid attachments throw before the call has to wait.
  stubsOf(attachments, doc.rev);
  const snapshot = state.snapshot();
  return enqueue([state], limits, async () => {
    const { data } = state;
    const now = snapshot();
    const { _rev } = now;
    const stubs = stubsOf(attachments, _rev);
    const { body, known } = state.written(noteAll(now, stubs));
    const operation = client.begin(limits);
    try {
      await codec?.validateWrite([body], operation);
      const result = await send(state, body, stubs, attachments, operation);
      const { rev } = result;
      state.replace(data, ...known(rev));
      state.move(_rev, rev, (each) => noteAll(each, stubs));
      return result;
    } finally {
      operation.end();
    }
  });
}

function noteAll<D extends DocumentMembers>(data: D, stubs: Stubs): D {
  for (const [name, stub] of stubs) noteAttachment(data, name, stub);
  return data;
}

async function send(
  { context, id, path }: DocumentState<object>,
  body: string,
  stubs: Stubs,
  attachments: AttachmentContents,
  operation: Operation,
): Promise<WriteResult> {
  if (id.startsWith("_local/")) throw new TypeError("a _local document cannot have attachments");
  const { client } = context;
  // Invalid names throw before anything is sent.
  for (const [name] of stubs) attachmentPath(name);
  const whole = client.json.parse(body) as DocumentMembers;
  for (const [name, { content_type, length = 0 }] of stubs) {
    noteAttachment(whole, name, { content_type, length, follows: true });
  }
  // The parts must follow the order of the names in the JSON.
  const isSent = (name: string) => Object.hasOwn(attachments, name);
  const names = Object.keys(whole._attachments ?? {}).filter(isSent);
  const parts = names.map((name) => attachments[name] as AttachmentContent);
  const { type, body: content } = multipart(client.json.stringify(whole), parts);
  const isStream = !(content instanceof Blob);
  const headers = { "content-type": type };
  const request: JsonRequest = { method: "PUT", path, headers, expects: "rev" };
  /** Whether an attachment is the one that was sent; undefined for a stream, which cannot be read again. */
  const isStored = async (rev: string | undefined, name: string) => {
    const sent = attachments[name];
    if (!(sent instanceof Blob)) return undefined;
    const stored = { method: "GET", path: `${path}/${attachmentPath(name)}` } as const;
    const request = { ...stored, query: { rev } };
    const stub = { length: sent.size };
    return isAlike(await responseTo(client, request, undefined, undefined, stub), sent);
  };
  const confirm = async ({ _rev }: DocumentMembers) => {
    const same = await Promise.all(names.map((name) => isStored(_rev, name)));
    return same.every(Boolean) || (same.includes(false) ? false : undefined);
  };
  const write = documentWrite(context, id, body, confirm);
  const upload = { body: isStream ? new Response(content) : content, isStream };
  return sendContent(client, request, upload, operation, (each) =>
    sendWrite(context, each, write, operation),
  );
}
