import { pathIn } from "../http/paths.js";
import { limitsOf } from "../shared/arguments.js";
import type { OperationOptions } from "../shared/types.js";
import type { DatabaseContext } from "./database-context.js";
import type { Document } from "./document.js";
import { unlessMissing } from "./missing.js";

/**
 * Check that a document does not exist on the server; with `existsOk`, fetch it if it does.
 *
 * @throws ConflictError if the document exists, unless `existsOk`
 */
export async function createOrFetch(
  context: DatabaseContext,
  document: Document<object>,
  options: OperationOptions & { existsOk?: boolean | undefined },
): Promise<void> {
  const { existsOk = false } = options;
  const limits = limitsOf(options);
  const reading = existsOk
    ? document.fetch({ ...limits, discardChanges: true })
    : document.info(limits);
  if (!(await unlessMissing<unknown>(reading)) || existsOk) return;
  const { id } = document;
  throw context.client.conflict("PUT", pathIn(context, id), id, "exists already");
}
