import type { DocumentOptions } from "./database.js";

/** What a request wants told about documents, beside their content. */
export function readOptions(query: URLSearchParams): DocumentOptions {
  const flag = (name: string) => query.get(name) === "true";
  const meta = flag("meta");
  return {
    revs: flag("revs"),
    revs_info: meta || flag("revs_info"),
    conflicts: meta || flag("conflicts"),
    deleted_conflicts: meta || flag("deleted_conflicts"),
    attachments: flag("attachments"),
    att_encoding_info: flag("att_encoding_info"),
  };
}

/** For requests that name revisions: CouchDB tells nothing then of other revisions. */
export function readRevisionOptions(query: URLSearchParams): DocumentOptions {
  const untold = { revs_info: false, conflicts: false, deleted_conflicts: false };
  return { ...readOptions(query), ...untold };
}
