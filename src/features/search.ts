import { encodeSegment } from "../http/paths.js";
import { DocumentQueries } from "../queries/document-queries.js";
import { paginate } from "../queries/paginate.js";
import { checkJson, checkObject, checkType } from "../shared/arguments.js";
import { identity } from "../shared/batch.js";
import type { DocumentData, JsonObject, OperationOptions } from "../shared/types.js";
import type { Rows } from "../streams/rows.js";

/**
 * Parameters of a search. All but `signal` are passed to CouchDB unchanged. Each service supports more
 * parameters.
 *
 * @see https://docs.couchdb.org/en/stable/ddocs/search.html
 */
export interface SearchParams extends OperationOptions {
  /** The maximum number of hits, over all pages. Default: no limit; pages are requested as you read. */
  limit?: number | undefined;
  /** Continue where an earlier search ended: its `summary.bookmark`. */
  bookmark?: string | undefined;
  /** The fields to sort by, in the service's syntax. Default: by relevance. */
  sort?: string | readonly string[] | undefined;
  /** Include the documents. Default false. */
  include_docs?: boolean | undefined;
  /** Count the values of these fields, in the `summary`. */
  counts?: readonly string[] | undefined;
  /** Count the hits in these ranges, in the `summary`. */
  ranges?: JsonObject | undefined;
  [param: string]: unknown;
}

/** A hit of a search. */
export interface SearchHit<T extends object = JsonObject> {
  id: string;
  /** The values that hits are ordered by: the relevance, if there is no `sort`. */
  order: unknown[];
  /** The fields that the index stores. */
  fields: JsonObject;
  /** With `include_docs`. */
  doc?: DocumentData<T> | null;
}

/** A hit with `include_docs`. */
export interface DocHit<T extends object = JsonObject> extends SearchHit<T> {
  /** Null if the document was deleted. */
  doc: DocumentData<T> | null;
}

// The largest page of both services, unless configured otherwise.
const pageSize = 200;

/**
 * Search with Clouseau, a separate service. It streams the hits of as many pages as there are.
 *
 * ```ts
 * for await (const { id } of search(animals, "zoo", "by_text", "name:cat*")) console.log(id);
 * ```
 *
 * @param db - a database, or a partition
 * @param ddoc - the design document's name, without `_design/`
 * @param q - the query, in Lucene's syntax
 * @throws TypeError if there is `group_field`, whose response has no rows: use `couch.request`
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
 * Search with Nouveau, CouchDB's own search since 3.4. It streams the hits of as many pages as there are.
 *
 * ```ts
 * for await (const { id } of nouveau(animals, "zoo", "by_text", "name:cat*")) console.log(id);
 * ```
 *
 * @param db - a database, or a partition
 * @param ddoc - the design document's name, without `_design/`
 * @param q - the query, in Lucene's syntax
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
  options: SearchParams,
): Rows<SearchHit<T>> {
  checkObject("params", options);
  const { signal, limit, ...params } = options;
  checkType("q", "string", q);
  if (limit === 0) throw new RangeError("`limit` must be at least 1");
  if ("q" in params) throw new TypeError("pass `q` before `params`");
  if (params.group_field !== undefined)
    throw new TypeError("`group_field` gives no rows: use couch.request()");
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined) checkJson(name, value);
  }
  const context = DocumentQueries.contextOf(db);
  const part = `${context.path}/${DocumentQueries.pathOf(db)}`;
  const path = `${part}_design/${encodeSegment(ddoc)}/${index}`;
  const query = { path, member, size: pageSize, signal, limit };
  return paginate(context, { ...query, kind: "row", params: { ...params, q } }, identity);
}
