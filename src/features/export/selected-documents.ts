import type { DatabaseContext } from "../../documents/database-context.js";
import { isMissingRow } from "../../documents/missing.js";
import { AllDocsView } from "../../queries/view.js";
import type { DocsOptions, ViewParams } from "../../queries/view-params.js";
import { type Choice, isWithin, type Read } from "../../queries/view-rows.js";
import { limitsOf } from "../../shared/arguments.js";
import type { Batch, Pull } from "../../shared/batch.js";
import { CouchDBError, IncompleteResponseError } from "../../shared/errors.js";
import type { ViewRow } from "../../shared/row-types.js";
import type { Operation } from "../../streams/operation.js";
import { Rows } from "../../streams/rows.js";
import { readTheirs } from "../import/merge-conflict.js";
import { hasOneCopy } from "./copies.js";
import { type Revision, revisionTexts, textWithin } from "./revision-texts.js";

// Options with which a list of revisions shows the same documents.
const ofRanges =
  /^(startkey|endkey|inclusive_end|prefix|descending|includeDesignDocs|signal|timeout)$/;

/**
 * Stream the texts of selected documents.
 *
 * CouchDB sends `_all_docs` with documents a row at a time. Where a document has one copy, it is faster to list
 * the revisions, and to read several hundred at once by `_bulk_get`. Where it has several, CouchDB would compare
 * them all.
 */
export function selectedDocuments(
  context: DatabaseContext,
  options: DocsOptions<string, object>,
): Rows<string> {
  const view = new AllDocsView<object>({ ...context, read: addTexts as Read }, "_all_docs");
  const plain = view.docs(options) as unknown as Rows<string>;
  const limits = limitsOf(options);
  const { attachments, ...range } = options;
  if (!Object.keys(range).every((name) => ofRanges.test(name))) return plain;
  const pullInBulk = (operation: Operation) => {
    const batches = view.rows(rangeOf(range)).batches();
    operation.onEnd(() => void batches.return?.());
    const list = async () => {
      const { done, value } = await batches.next();
      return done ? undefined : revisionsIn(context, value, range);
    };
    const current = async (ids: string[]) => {
      const rows = await readTheirs(context, ids, false, operation);
      return revisionsIn(context, [...rows.values()], { includeDesignDocs: true });
    };
    return revisionTexts(context, list, { attachments }, current, operation);
  };
  const choose = async (operation: Operation): Promise<Pull<string[]>> => {
    if (await hasOneCopy(context, operation)) {
      const pull = pullInBulk(operation);
      try {
        let first = await pull();
        return async () => {
          const texts = first ?? (await pull());
          first = undefined;
          return texts;
        };
      } catch (error) {
        if (!isRefusal(error)) throw error;
        // A proxy may refuse `_bulk_get`.
      }
    }
    const batches = plain.batches();
    operation.onEnd(() => void batches.return?.());
    return async () => (await batches.next()).value;
  };
  return new Rows<string>({
    begin: () => context.client.begin(limits),
    open(operation) {
      let pull: Pull<string[]> | undefined;
      return {
        summary: {},
        async next() {
          pull ??= await choose(operation);
          return pull();
        },
      };
    },
  });
}

function isRefusal(error: unknown): boolean {
  if (error instanceof IncompleteResponseError) return false;
  return error instanceof CouchDBError && Number(error.status) < 500;
}

type IdsRow = ViewRow<string, { rev: string }>;

/** Add the texts of documents, from rows with documents. */
function addTexts(
  context: DatabaseContext,
  { rows, texts }: Batch,
  choice: Choice,
  results: string[],
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
    results.push(text || client.json.stringify(doc));
  }
}

/** The parameters that list the ids of a range. */
function rangeOf({ prefix, includeDesignDocs: _, ...range }: DocsOptions): ViewParams<string> {
  if (prefix === undefined) return range as ViewParams<string>;
  const ends = [prefix, `${prefix}\u{10ffff}`];
  const [startkey, endkey] = range.descending ? ends.reverse() : ends;
  return { ...range, startkey, endkey } as ViewParams<string>;
}

/** The revisions that rows without documents name. */
function revisionsIn(context: DatabaseContext, rows: ViewRow[], choice: Choice): Revision[] {
  const included = (rows as IdsRow[]).filter(
    (row) => !isMissingRow(context, row, true) && isIncluded(row, choice),
  );
  return included.map(({ key, value }) => ({ id: key, rev: value.rev }));
}

function isIncluded(row: ViewRow<string>, { prefix, includeDesignDocs }: Choice): boolean {
  return isWithin(prefix, row) && (includeDesignDocs || !row.key.startsWith("_design/"));
}
