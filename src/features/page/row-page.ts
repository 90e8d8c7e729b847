import type { Document } from "../../documents/document.js";
import type { DocumentQueries } from "../../queries/document-queries.js";
import { isExact } from "../../queries/resumable-rows.js";
import { View } from "../../queries/view.js";
import type { DocsOptions, ViewParams } from "../../queries/view-params.js";
import { checkType, limitsOf } from "../../shared/arguments.js";
import { utf8 } from "../../shared/bytes.js";
import { BadRequestError } from "../../shared/errors.js";
import type { ViewRow } from "../../shared/row-types.js";
import { decidingOf, decode, encode, foreignCursor } from "./cursor.js";
import type { Page, PageOptions } from "./page.js";

type Params = ViewParams & Pick<DocsOptions, "includeDesignDocs">;

/** Options for a page of a view, or of the documents of a database. */
export type RowOptions = Params & PageOptions & Pick<DocsOptions, "prefix">;

type Row = ViewRow | Document;

/** Read a page of a view, or of the documents of a database. */
export async function rowPage(
  from: View | DocumentQueries,
  options: RowOptions,
  size: number,
): Promise<Page<unknown>> {
  const isView = from instanceof View;
  const view = (isView ? from : from.allDocs) as View;
  const { path, context } = View.partsOf(view);
  const { json } = context.client;
  const query = json.stringify([path, isView, decidingOf(options)]);
  const params = paramsOf(options, context.isOfIds);
  const read = (more: Params): Promise<Row[]> =>
    isView
      ? view.rows({ ...params, ...more }).toArray()
      : view.docs({ ...params, ...more }).toArray();
  // Several rows have the same key and id if a document emits a key several times.
  const placeOf = (row: Row) => json.stringify([isView ? (row as ViewRow).key : row.id, row.id]);

  let rows: Row[] = [];
  let known = 0;
  if (options.cursor == null) rows = await read({ limit: size + 1 });
  else {
    const [place, count] = decode(query, options.cursor) as [string, number];
    try {
      const [key, id] = json.parse(place) as [unknown, string | null];
      const range = checkRange(view, params, key);
      // An error of the rows comes first.
      range.catch(() => {});
      const start: Params = { startkey: params.key ?? key };
      if (id !== null) start.startkey_docid = id;
      // Rows of the page before are read again: to skip them would lose others if a document was deleted.
      for (let extra = Math.min(count, size); ; extra = 2 * known) {
        const limit = size + 1 + extra;
        rows = await read({ ...start, limit });
        let left = count;
        for (const [at, row] of rows.entries())
          if (left > 0 && placeOf(row) === place) {
            known = at + 1;
            left -= 1;
          }
        if (rows.length < limit || rows.length - known > size) break;
      }
      await range;
    } catch (error) {
      throw error instanceof BadRequestError || error instanceof SyntaxError
        ? foreignCursor()
        : error;
    }
  }
  const seen = rows.slice(0, known + size);
  const next = rows.length > seen.length ? placeOf(seen.at(-1) as Row) : undefined;
  if (next && !isExact(json.parse(next))) throw new RangeError(`JSON.parse changes ${next}`);
  const count = seen.filter((row) => placeOf(row) === next).length;
  return { rows: seen.slice(known), next: next && encode(query, [next, count]) };
}

/** The parameters of a page's rows. */
function paramsOf(options: RowOptions, isOfIds: boolean): Params {
  const { size: _, cursor: __, prefix, ...params } = options;
  if (!isOfIds && !params.group) {
    if (params.reduce) throw new TypeError("page() has `reduce` only with `group`");
    params.reduce = false;
  }
  if (prefix === undefined) return params;
  if (!isOfIds) throw new TypeError("`prefix` is for ids: use `startkey` and `endkey`");
  checkType("prefix", "string", prefix);
  if ((params.startkey ?? params.endkey) !== undefined)
    throw new TypeError("pass `prefix` without a range of keys");
  const ends = [prefix, `${prefix}\u{10ffff}`];
  if (params.descending) ends.reverse();
  const [startkey, endkey] = ends;
  return { includeDesignDocs: prefix.startsWith("_design/"), ...params, startkey, endkey };
}

/** Check that a key is not before the range: somebody may have made up the cursor, to read other rows. */
async function checkRange(view: View, params: Params, key: unknown): Promise<void> {
  const { startkey, descending } = params;
  if (startkey === undefined || params.key !== undefined) return;
  if (View.partsOf(view).context.isOfIds) {
    // Ids sort by bytes.
    const ends = [startkey, key].map((id) => utf8(`${id}`)) as [string, string];
    if (descending) ends.reverse();
    if (ends[0] > ends[1]) throw foreignCursor();
  } else {
    // Only the server knows the order of keys. It refuses a range whose end sorts before its start.
    const range = { startkey, endkey: key, descending, reduce: false, limit: 0 };
    await view.rows({ ...limitsOf(params), ...range }).toArray();
  }
}
