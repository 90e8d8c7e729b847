import { CouchDBError, NetworkError } from "couchfetch";

/** What an error is to the reader of a page. */
export function explain(error: unknown): string {
  if (error instanceof NetworkError) return "The server cannot be reached.";
  return error instanceof CouchDBError ? (error.reason ?? error.message) : String(error);
}
