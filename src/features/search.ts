import { encodeSegment } from "../http/paths.js";
import { DocumentQueries } from "../queries/document-queries.js";
import { paginate } from "../queries/paginate.js";
import { identity } from "../shared/batch.js";
import type { DocumentData, JsonObject, OperationOptions } from "../shared/types.js";
import type { Rows } from "../streams/rows.js";

/**
 * How documents are searched. All but `signal` goes to CouchDB as it is; there is more for either service, which
 * its documentation tells.
 *
 * @see https://docs.couchdb.org/en/stable/ddocs/search.html
 */
export interface SearchParams extends OperationOptions {
  /** Hits at the most, over all pages. Default: all there are, a page at a time, as they are asked for. */
  limit?: number | undefined;
  /** Where an earlier search ended: its `summary`'s `bookmark`. */
  bookmark?: string | undefined;
  /** Fields to order by, as the service writes them. Default: by relevance. */
  sort?: string | readonly string[] | undefined;
  /** Give the documents, too. Default false. */
  include_docs?: boolean | undefined;
  /** Fields of which to count the values: in the `summary`. */
  counts?: readonly string[] | undefined;
  /** Ranges in which to count: in the `summary`. */
  ranges?: JsonObject | undefined;
  [param: string]: unknown;
}

/** A document that was found. */
export interface SearchHit<T extends object = JsonObject> {
  id: string;
  /** How hits are ordered: by relevance, if there is no `sort`. */
  order: unknown[];
  /** What the index stores of it. */
  fields: JsonObject;
  /** With `include_docs`. */
  doc?: DocumentData<T> | null;
}

/** The same with `include_docs`. */
export interface DocHit<T extends object = JsonObject> extends SearchHit<T> {
  /** Null if it was deleted. */
  doc: DocumentData<T> | null;
}

// What either service gives at the most, unless the operator chose otherwise.
const pageSize = 200;

/**
 * Search with Clouseau, the service beside CouchDB: hits as they arrive, over as many pages as it takes.
 *
 * ```ts
 * for await (const { id } of search(animals, "zoo", "by_text", "name:cat*")) console.log(id);
 * ```
 *
 * @param db - a database, or a partition
 * @param ddoc - the design document's name, without `_design/`
 * @param q - in Lucene's syntax
 * @throws TypeError for `group_field`, whose response has no rows
 * @see https://docs.couchdb.org/en/stable/ddocs/search.html
 */
export function search<T extends object, S extends object>(
  db: DocumentQueries<T, S>,
  ddoc: string,
  index: string,
  q: string,
  params: SearchParams & { include_docs: true },
): Rows<DocHit<T>>;
export function search<T extends object, S extends object>(
  db: DocumentQueries<T, S>,
  ddoc: string,
  index: string,
  q: string,
  params?: SearchParams,
): Rows<SearchHit<T>>;
export function search<T extends object, S extends object>(
  db: DocumentQueries<T, S>,
  ddoc: string,
  index: string,
  q: string,
  params: SearchParams = {},
): Rows<SearchHit<T>> {
  return hits(db, `_search/${encodeSegment(index)}`, "rows", ddoc, q, params);
}

/**
 * Search with Nouveau, CouchDB's own search since 3.4.
 *
 * @param db - a database, or a partition
 * @param ddoc - the design document's name, without `_design/`
 * @param q - in Lucene's syntax
 * @see https://docs.couchdb.org/en/stable/ddocs/nouveau.html
 */
export function nouveau<T extends object, S extends object>(
  db: DocumentQueries<T, S>,
  ddoc: string,
  index: string,
  q: string,
  params: SearchParams & { include_docs: true },
): Rows<DocHit<T>>;
export function nouveau<T extends object, S extends object>(
  db: DocumentQueries<T, S>,
  ddoc: string,
  index: string,
  q: string,
  params?: SearchParams,
): Rows<SearchHit<T>>;
export function nouveau<T extends object, S extends object>(
  db: DocumentQueries<T, S>,
  ddoc: string,
  index: string,
  q: string,
  params: SearchParams = {},
): Rows<SearchHit<T>> {
  return hits(db, `_nouveau/${encodeSegment(index)}`, "hits", ddoc, q, params);
}

function hits<T extends object, S extends object>(
  db: DocumentQueries<T, S>,
  index: string,
  member: string,
  ddoc: string,
  q: string,
  { signal, limit, ...params }: SearchParams,
): Rows<SearchHit<T>> {
  if (typeof q !== "string") throw new TypeError(`\`q\` must be a string, got ${typeof q}`);
  if (limit === 0) throw new RangeError("`limit` must be at least 1");
  if (params.group_field !== undefined)
    throw new TypeError("`group_field` gives no rows: use couch.request()");
  const context = DocumentQueries.contextOf(db);
  const part = `${context.path}/${DocumentQueries.pathOf(db)}`;
  const path = `${part}_design/${encodeSegment(ddoc)}/${index}`;
  const query = { path, member, size: pageSize, leastCap: pageSize, signal, limit };
  return paginate(context, { ...query, kind: "row", params: { ...params, q } }, identity);
}
