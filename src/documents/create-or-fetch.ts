import { pathIn } from "../http/paths.js";
import { NotFoundError } from "../shared/errors.js";
import type { OperationOptions } from "../shared/types.js";
import type { DatabaseContext } from "./database-context.js";
import type { Document } from "./document.js";

/**
 * A database that does not exist is a 404 too, but no document could be saved to it. The answer to a
 * HEAD does not tell.
 */
export function isMissing(error: unknown): boolean {
  return error instanceof NotFoundError && error.reason !== "Database does not exist.";
}

/**
 * Makes sure that a document is not on the server yet; or, with `existsOk`, fetches it if it is.
 *
 * @throws ConflictError if it is, unless `existsOk`
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
