import type { DatabaseContext } from "../documents/database-context.js";
import { Document } from "../documents/document.js";
import { isMissingRow } from "../documents/missing.js";
import type { Batch } from "../shared/batch.js";
import { NotFoundError } from "../shared/errors.js";
import type { ViewRow } from "../shared/row-types.js";
import { documentOfRow } from "./document-of-row.js";
import type { DocsOptions } from "./view-params.js";

/** Iterate over the rows, without those of keys that do not exist. */
export function* found<K, V>(
  context: DatabaseContext,
  rows: unknown[],
): Generator<ViewRow<K, V>, void, void> {
  for (const row of rows as ViewRow<K, V>[]) if (!isMissingRow(context, row)) yield row;
}

/** Add the documents of rows that were read with `include_docs`. */
export function readDocs<T extends object>(
  context: DatabaseContext,
  { rows, texts }: Batch,
  { create, includeDesignDocs }: Pick<DocsOptions, "create" | "includeDesignDocs">,
  docs: Document<T>[],
): void {
  const { client, path } = context;
  for (const [index, row] of (rows as ViewRow[]).entries()) {
    const { doc } = Object(row) as ViewRow;
    if (doc) {
      const text = texts[index] as string;
      const original = () => (client.json.parse(text) as ViewRow).doc;
      const document = documentOfRow<T>(context, doc, original);
      if (includeDesignDocs || !document.id.startsWith("_design/")) docs.push(document);
      continue;
    }
    const isMissed = isMissingRow(context, row);
    // A value of `_all_docs`; a view's own values can be anything.
    const { rev, deleted } = Object(row.value) as { rev?: string | undefined; deleted?: boolean };
    const isDeleted = deleted === true && rev !== undefined && row.id === row.key;
    // Otherwise the document was deleted after the view was updated, and was not requested by key.
    if (!isMissed && !isDeleted) continue;
    const id = row.id ?? (row.key as string);
    if (!create) {
      const reason = `the document ${JSON.stringify(id)} does not exist`;
      const details = { status: 404, error: "not_found", reason };
      throw client.error(NotFoundError, { method: "GET", path }, details);
    }
    docs.push(new Document(context, id, {}));
  }
}
