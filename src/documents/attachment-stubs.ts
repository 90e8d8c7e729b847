import type { AttachmentStub, DocumentMembers } from "../shared/types.js";

/** The stub of an attachment, which may have any name, such as `constructor`. */
export function stubOf(stubs: DocumentMembers["_attachments"] = {}, name: string) {
  return Object.hasOwn(stubs, name) ? stubs[name] : undefined;
}

/** Set the stub of an attachment in a document's data, or remove it. */
export function noteAttachment(
  data: DocumentMembers,
  name: string,
  stub: AttachmentStub | undefined,
): void {
  data._attachments ??= {};
  if (stub) data._attachments[name] = stub;
  else delete data._attachments[name];
  if (Object.keys(data._attachments).length === 0) delete data._attachments;
}

/** Remove the attachments whose content only the server had. */
export function dropStubs(document: DocumentMembers): void {
  for (const [name, { data }] of Object.entries(document._attachments ?? {})) {
    if (data === undefined) noteAttachment(document, name, undefined);
  }
}
