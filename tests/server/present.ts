import { type Doc, isObject } from "./types.js";

const FIRST = ["_id", "_rev"];
const LAST = [
  "_deleted",
  "_attachments",
  "_revisions",
  "_revs_info",
  "_conflicts",
  "_deleted_conflicts",
  "_local_seq",
];

/** The members that are CouchDB's. */
export const SPECIAL: ReadonlySet<string> = new Set([...FIRST, ...LAST]);

/** A document with its members in CouchDB's order: identity, content, everything told about it. */
export function present(doc: Doc): Doc {
  const ordered: Doc = {};
  for (const member of FIRST) if (member in doc) ordered[member] = doc[member];
  for (const member of Object.keys(doc)) if (!SPECIAL.has(member)) ordered[member] = doc[member];
  for (const member of LAST) if (member in doc) ordered[member] = doc[member];
  if (isObject(ordered._attachments)) {
    const attachments = Object.entries(ordered._attachments).map(presentAttachment);
    ordered._attachments = Object.fromEntries(attachments);
  }
  return ordered;
}

function presentAttachment([name, attachment]: [string, unknown]): [string, unknown] {
  if (!isObject(attachment)) return [name, attachment];
  const { content_type, revpos, digest, ...rest } = attachment;
  return [name, { content_type, revpos, digest, ...rest }];
}
