import { pathIn } from "../http/paths.js";
import { NotFoundError } from "../shared/errors.js";
import type { OperationOptions } from "../shared/types.js";
import type { DatabaseContext } from "./database-context.js";
import type { Document } from "./document.js";

/**
 * Whether a document does not exist, but could be saved. If the database does not exist, CouchDB responds
 * with 404, too; the response to a HEAD request does not show the difference.
 */
export function isMissing(error: unknown): boolean {
  return error instanceof NotFoundError && error.reason !== "Database does not exist.";
}

/**
 * Check that a document does not exist on the server; with `existsOk`, fetch it if it does.
 *
 * @throws ConflictError if the document exists, unless `existsOk`
 */
export async function createOrFetch(
  context: DatabaseContext,
  document: Document<object>,
  { existsOk = false, signal }: OperationOptions & { existsOk?: boolean | undefined },
): Promise<void> {
  try {
    await (existsOk ? document.fetch({ discardChanges: true, signal }) : document.info({ signal }));
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  if (existsOk) return;
  throw context.client.conflict("PUT", pathIn(context, document.id), "the document exists already");
}
