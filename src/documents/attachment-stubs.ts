import type { AttachmentStub, DocumentMembers } from "../shared/types.js";

/** An attachment's stub, whatever its name: `constructor` may be one. */
export function stubOf(stubs: DocumentMembers["_attachments"] = {}, name: string) {
  return Object.hasOwn(stubs, name) ? stubs[name] : undefined;
}

/** Gives a document's data an attachment's stub, or takes it away if there is none. */
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
