import { noteAttachment } from "../../documents/attachment-stubs.js";
import type { DatabaseContext } from "../../documents/database-context.js";
import { documentWrite, sendWrite } from "../../documents/write-outcome.js";
import { attachmentPath, pathIn } from "../../http/paths.js";
import type { Call } from "../../http/request.js";
import { responseTo } from "../../http/response.js";
import { uploading } from "../../http/upload.js";
import { isAlike } from "../../shared/bytes.js";
import type { AttachmentStub, DocumentMembers, WriteResult } from "../../shared/types.js";
import type { Operation } from "../../streams/operation.js";
import { type AttachmentContent, type AttachmentContents, multipart } from "./write.js";

/**
 * Saves a document with attachments, in one request.
 *
 * @param local - the document as it is here once it is saved, as JSON
 * @param stubs - of what is saved with it
 */
export async function saveWith(
  context: DatabaseContext,
  id: string,
  local: string,
  stubs: [name: string, stub: AttachmentStub][],
  contents: AttachmentContents,
  operation: Operation,
): Promise<WriteResult> {
  if (id.startsWith("_local/")) throw new TypeError("A _local document has no attachments");
  const { client } = context;
  const path = pathIn(context, id);
  // What no attachment can be called is found before anything is sent.
  for (const [name] of stubs) attachmentPath(name);
  const whole = client.json.parse(local) as DocumentMembers;
  for (const [name, { content_type, length = 0 }] of stubs) {
    noteAttachment(whole, name, { content_type, length, follows: true });
  }
  // JSON has its own order of names.
  const names = Object.keys(whole._attachments ?? {}).filter((name) =>
    Object.hasOwn(contents, name),
  );
  const parts = names.map((name) => contents[name] as AttachmentContent);
  const { type, body } = multipart(client.json.stringify(whole), parts);
  const isStream = !(body instanceof Blob);
  const headers = { "content-type": type };
  const call: Call = { method: "PUT", path, headers, expects: "rev" };
  const content = { body: isStream ? new Response(body) : body, isStream };
  const out = await uploading(client, call, content, operation);
  /** Whether an attachment is what was sent; undefined if nobody has that any more. */
  const holds = async (rev: string, name: string) => {
    if (!Object.hasOwn(contents, name)) return true;
    const sent = contents[name];
    if (!(sent instanceof Blob)) return undefined;
    const stored = { method: "GET", path: `${path}/${attachmentPath(name)}`, raw: true } as const;
    return isAlike(await responseTo(client, { ...stored, query: { rev } }), sent);
  };
  try {
    const asked = documentWrite(context, id, local, holds);
    return await sendWrite(context, out.call, asked, operation);
  } finally {
    out.end();
  }
}
