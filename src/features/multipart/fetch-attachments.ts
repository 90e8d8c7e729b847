import { enqueueReplacing } from "../../documents/call-queue.js";
import { Document } from "../../documents/document.js";
import { type GetOptions, getOptions } from "../../documents/document-options.js";
import { checkDocument } from "../../documents/read-document.js";
import type { HttpRequest } from "../../http/request.js";
import { paramsOf } from "../../shared/arguments.js";
import type { DocumentData } from "../../shared/types.js";
import { type AttachmentPart, readMultipart, withStubs } from "./read.js";

/**
 * Read a document and its attachments in one request. It yields each attachment as it arrives. When the first
 * one arrives, or at the end, the Document gets the server's data. Leaving the loop closes the connection.
 *
 * ```ts
 * for await (const { name, body } of fetchAttachments(cat)) await store(name, body);
 * ```
 *
 * @param options - `atts_since`: leave out the attachments that these revisions have. `discardChanges`: drop
 * unsaved changes
 * @throws ConflictError if there are unsaved changes, unless `discardChanges`
 * @throws NotFoundError if the document does not exist
 * @throws IncompleteResponseError if the connection is lost, also while you read a `body`
 * @see https://docs.couchdb.org/en/stable/api/document/common.html#efficient-multiple-attachments-retrieving
 */
export async function* fetchAttachments<T extends object>(
  doc: Document<T>,
  options: Omit<GetOptions, "attachments"> & { discardChanges?: boolean | undefined } = {},
): AsyncGenerator<AttachmentPart, void, void> {
  const { discardChanges: _, ...query } = paramsOf(
    options as GetOptions & typeof options,
    `${getOptions} discardChanges` as const,
  );
  const state = Document.stateOf(doc);
  const { context, id, path } = state;
  const { client, codec } = context;
  const request: HttpRequest = { method: "GET", path, query: { ...query, attachments: true } };
  const parse = (text: unknown): DocumentData<T> => {
    let value: unknown;
    try {
      value = client.json.parse(text as string);
    } catch {}
    return withStubs(checkDocument<T>(context, request, id, value));
  };
  const operation = client.begin(options);
  const parts = readMultipart(client, request, operation);
  try {
    // Calls of the loop's body must not wait for the loop.
    await enqueueReplacing(state, "GET", options, async (isChanged) => {
      const { value: text } = await parts.next();
      const original = () => parse(text);
      const data = original();
      const valid = codec ? await codec.validateRead(data, operation) : data;
      if (isChanged()) throw state.unsavedChanges("GET");
      state.replace(valid, original);
    });
    yield* parts as AsyncGenerator<AttachmentPart, void, void>;
  } finally {
    await parts.return();
    operation.end();
  }
}
