import type { DatabaseContext } from "../documents/database-context.js";
import { Document } from "../documents/document.js";
import type { Original } from "../documents/document-state.js";

/**
 * Convert a row's document to a Document.
 *
 * @throws InvalidResponseError if it has no id
 */
export function documentOfRow<T extends object>(
  context: DatabaseContext,
  data: object,
  original: Original,
): Document<T> {
  const { _id } = Object(data) as { _id?: unknown };
  if (typeof _id === "string") return new Document<T>(context, _id, data, original);
  const { client, path } = context;
  throw client.invalid({ method: "GET", path }, "expected documents");
}
