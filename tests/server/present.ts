import type { Doc } from "./types.js";

const FIRST = ["_id", "_rev"];
const LAST = [
  "_deleted",
  "_revisions",
  "_revs_info",
  "_conflicts",
  "_deleted_conflicts",
  "_local_seq",
  "_attachments",
];

/** The members that are CouchDB's. */
export const SPECIAL: ReadonlySet<string> = new Set([...FIRST, ...LAST]);

/** A document with its members in CouchDB's order: identity, content, everything told about it. */
export function present(doc: Doc): Doc {
  const ordered: Doc = {};
  for (const member of FIRST) if (member in doc) ordered[member] = doc[member];
  for (const member of Object.keys(doc)) if (!SPECIAL.has(member)) ordered[member] = doc[member];
  for (const member of LAST) if (member in doc) ordered[member] = doc[member];
  return ordered;
}
