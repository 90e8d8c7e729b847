import type { HttpClient } from "../http/client.js";
import type { HttpRequest } from "../http/request.js";
import { NotFoundError, ServerError } from "../shared/errors.js";
import type { ViewRow } from "../shared/row-types.js";
import type { DatabaseContext } from "./database-context.js";

/** Whether a document does not exist, but could be saved: if the database does not, CouchDB responds with 404, too. */
export function isMissing(error: unknown): boolean {
  return error instanceof NotFoundError && error.reason !== "Database does not exist.";
}

/** Settle as `work` does, but resolve with undefined if the document is missing. */
export function unlessMissing<R>(work: Promise<R>): Promise<R | undefined> {
  return work.catch((error) => {
    if (!isMissing(error)) throw error;
    return undefined;
  });
}

/**
 * Whether a row is that of a key that does not exist or, in `_all_docs`, was deleted.
 *
 * @param isOfIds - whether it is a row of `_all_docs`: the values of a view can be anything
 */
export function isMissingRow(
  { client, path }: DatabaseContext,
  row: ViewRow,
  isOfIds: boolean,
): boolean {
  const { error, value } = Object(row) as ViewRow;
  if (error === "not_found") return true;
  // Another error does not concern a key: the server could not continue.
  checkRow(client, { method: "GET", path }, row);
  return isOfIds && Object(value).deleted === true;
}

/** @throws ServerError for a row that is an error, InvalidResponseError for one that is not an object */
export function checkRow(
  client: HttpClient,
  request: Pick<HttpRequest, "method" | "path">,
  row: unknown,
): void {
  const { error, reason } = Object(row) as { error?: string; reason?: string };
  if (error !== undefined) throw client.error(ServerError, request, { error, reason });
  if (Object(row) !== row) throw client.invalid(request, "expected rows");
}
