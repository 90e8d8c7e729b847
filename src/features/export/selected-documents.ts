import type { DatabaseContext } from "../../documents/database-context.js";
import { isMissingRow } from "../../documents/missing.js";
import { AllDocsView } from "../../queries/view.js";
import type { DocsOptions } from "../../queries/view-params.js";
import { type Choice, isWithin, type Read } from "../../queries/view-rows.js";
import { limitsOf } from "../../shared/arguments.js";
import type { Batch } from "../../shared/batch.js";
import type { ViewRow } from "../../shared/row-types.js";
import { hidesCookies } from "../../shared/runtime.js";
import type { Rows } from "../../streams/rows.js";
import { type DocumentText, fromBothEnds } from "./both-ends.js";
import { textWithin } from "./revision-texts.js";

// Options with which documents may be in any order. Pass `descending`, even false, to keep the order of the ids.
const unordered = /^(prefix|includeDesignDocs|attachments|att_encoding_info|signal|timeout)$/;

/** Stream the texts of selected documents. */
export function selectedDocuments(
  context: DatabaseContext,
  options: DocsOptions<string, object>,
): Rows<DocumentText> {
  const view = new AllDocsView<object>({ ...context, read: addTexts as Read }, "_all_docs");
  const scan = (more: DocsOptions) =>
    view.docs({ ...options, ...more }) as unknown as Rows<DocumentText>;
  // A browser opens six connections to a host, which others may need to go on.
  const isOrdered = !Object.keys(options).every((name) => unordered.test(name));
  if (isOrdered || hidesCookies) return scan({});
  return fromBothEnds(context.client, limitsOf(options), (descending) => scan({ descending }));
}

type IdsRow = ViewRow<string, { rev: string }>;

/** Add the texts of documents, from rows with documents. */
function addTexts(
  context: DatabaseContext,
  { rows, texts }: Batch,
  choice: Choice,
  results: DocumentText[],
): void {
  const { client, path } = context;
  for (const [at, row] of (rows as IdsRow[]).entries()) {
    if (isMissingRow(context, row, true)) {
      const { key } = row;
      // Only a document whose id the caller passed has such a row.
      throw client.notFound(path, key, row.error ? "missing" : "deleted");
    }
    const { id, key, value, doc } = row;
    if (!doc || !isIncluded(row, choice)) continue;
    const start = JSON.stringify({ id, key, value: { rev: value.rev } }).slice(0, -1);
    const isAlone = Object.keys(row).length === 4;
    const text = isAlone && textWithin(texts[at] as string, `${start},"doc":`, "}");
    results.push({ id: key, text: text || client.json.stringify(doc) });
  }
}

function isIncluded(row: ViewRow<string>, { prefix, includeDesignDocs }: Choice): boolean {
  return isWithin(prefix, row) && (includeDesignDocs || !row.key.startsWith("_design/"));
}
