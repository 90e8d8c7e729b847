import type { CouchDBError } from "../shared/errors.js";
import type { BulkRow } from "../shared/types.js";

// CouchDB's names for a lack of results from its nodes, some of which may have written the document.
const names = /^(internal_|nodedown|timeout)/;

/** Whether a row of a bulk write, or an error, leaves open what happened to the document. */
export function isUncertainRow(row: BulkRow | CouchDBError): boolean {
  const { error, reason } = Object(row) as BulkRow;
  const name = error === "error" ? reason : error;
  return typeof name === "string" && names.test(name);
}
