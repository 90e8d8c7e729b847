import type { DatabaseContext } from "../documents/database-context.js";
import { Document } from "../documents/document.js";
import { isMissingRow } from "../documents/missing.js";
import type { StreamRequest } from "../http/request.js";
import { type Batch, textToKeep } from "../shared/batch.js";
import type { ViewRow } from "../shared/row-types.js";
import { documentOfRow } from "./document-of-row.js";
import type { DocsOptions } from "./view-params.js";

/** The database of a view, and whether its rows are all documents by id. */
export interface ViewContext extends DatabaseContext {
  readonly isOfIds: boolean;
  /** How long the server may compute a view. */
  readonly timing: Pick<StreamRequest, "silenceTimeout">;
  /** Adds the results of `docs`; default: Documents. */
  readonly read?: Read | undefined;
}

/** Adds what rows with documents give. */
export type Read = (context: ViewContext, batch: Batch, choice: Choice, results: never[]) => void;

/** Iterate over the rows, without those of keys that do not exist or were deleted. */
export function* found<K, V>(
  context: ViewContext,
  rows: unknown[],
): Generator<ViewRow<K, V>, void, void> {
  for (const row of rows as ViewRow<K, V>[]) {
    if (!isMissingRow(context, row, context.isOfIds)) yield row;
  }
}

/** Whether a row's key begins with the prefix, if any: Unicode order puts others between those that do. */
export function isWithin(prefix: string | undefined, row: ViewRow): boolean {
  return !prefix || String(Object(row).key).startsWith(prefix);
}

/** Which documents of the rows are results. */
export interface Choice extends Pick<DocsOptions, "create" | "includeDesignDocs"> {
  prefix?: string | undefined;
}

/** Add the documents of rows that were read with `include_docs`. */
export function readDocs<T extends object>(
  context: ViewContext,
  batch: Batch,
  { create, includeDesignDocs, prefix }: Choice,
  docs: Document<T>[],
): void {
  const { client, path } = context;
  for (const [index, row] of (batch.rows as ViewRow[]).entries()) {
    const { doc } = Object(row) as ViewRow;
    if (!isWithin(prefix, row)) continue;
    if (doc) {
      const text = textToKeep(batch, index);
      const original = () => (client.json.parse(text) as ViewRow).doc;
      const document = documentOfRow<T>(context, doc, original);
      if (includeDesignDocs || !document.id.startsWith("_design/")) docs.push(document);
      continue;
    }
    // Otherwise the document was deleted after the view was updated, and was not requested by key.
    if (!isMissingRow(context, row, context.isOfIds)) continue;
    const id = row.id ?? (row.key as string);
    if (!create) throw client.notFound(path, id, row.error ? "missing" : "deleted");
    docs.push(new Document(context, id, {}));
  }
}
