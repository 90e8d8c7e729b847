import type { Document } from "../../documents/document.js";
import type { DocumentQueries } from "../../queries/document-queries.js";
import { isExact } from "../../queries/resumable-rows.js";
import { View } from "../../queries/view.js";
import type { DocsOptions, ViewParams } from "../../queries/view-params.js";
import { limitsOf } from "../../shared/arguments.js";
import { utf8 } from "../../shared/bytes.js";
import type { ViewRow } from "../../shared/row-types.js";
import { decidingOf, decode, encode, foreignCursor } from "./cursor.js";
import type { Page, PageOptions } from "./types.js";

type Params = ViewParams & Pick<DocsOptions, "includeDesignDocs" | "prefix">;

/** Options for a page of a view, or of the documents of a database. */
export type RowOptions = Params & PageOptions;

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
  const { client, isOfIds } = context;
  const { json } = client;
  const query = json.stringify([path, isView, decidingOf(options)]);
  const { size: _, cursor, prefix, ...params } = options;
  if (!isOfIds && !params.group) params.reduce ??= false;
  const read = (more: Params): Promise<Row[]> =>
    isView
      ? view.rows({ ...params, ...more }).toArray()
      : view.docs({ ...params, ...more }).toArray();
  // Several rows have the same key and id if a document emits a key several times.
  const placeOf = (row: Row) => json.stringify([isView ? (row as ViewRow).key : row.id, row.id]);

  let rows: Row[] = [];
  let known = 0;
  if (cursor == null) {
    rows = await read({ ...("prefix" in options && { prefix }), limit: size + 1 });
  } else {
    const [place, count] = decode<[string, number]>(query, cursor, "string,number");
    const [key, id] = json.parse(place) as [unknown, string | null];
    if (prefix !== undefined) {
      params.includeDesignDocs ??= prefix.startsWith("_design/");
      const ends = [prefix, `${prefix}\u{10ffff}`];
      if (params.descending) ends.reverse();
      [params.startkey, params.endkey] = ends;
    }
    await checkRange(view, params, key);
    const start: Params = { startkey: params.key ?? key };
    if (id !== null) start.startkey_docid = id;
    // Rows of the page before are read again: to skip them would lose others if a document was deleted.
    for (let extra = Math.min(count, size); ; extra = 2 * known) {
      const limit = size + 1 + extra;
      rows = await read({ ...start, limit });
      known = 0;
      let left = count;
      for (const [at, row] of rows.entries())
        if (left > 0 && placeOf(row) === place) {
          known = at + 1;
          left -= 1;
        }
      if (rows.length < limit || rows.length - known > size) break;
    }
  }
  const seen = rows.slice(0, known + size);
  const next = rows.length > seen.length ? placeOf(seen.at(-1) as Row) : undefined;
  if (next && !isExact(json.parse(next)))
    throw new RangeError("JSON.parse changes the last key of the page");
  const count = seen.filter((row) => placeOf(row) === next).length;
  return { rows: seen.slice(known), next: next && encode(query, [next, count]) };
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
