import { encodeSegment } from "../http/paths.js";
import { DocumentQueries } from "../queries/document-queries.js";
import { paginate } from "../queries/paginate.js";
import { checkJson, checkType, paramsOf } from "../shared/arguments.js";
import { identity } from "../shared/batch.js";
import type { DocumentData, JsonObject, ParamsOptions } from "../shared/types.js";
import type { Rows } from "../streams/rows.js";

/**
 * Parameters of a search.
 *
 * @see https://docs.couchdb.org/en/stable/ddocs/search.html
 */
export interface SearchParams extends ParamsOptions {
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
  /** Whether to update the index before the search. Default true. */
  update?: boolean | undefined;
}

/**
 * Parameters of a search with Clouseau.
 *
 * @see https://docs.couchdb.org/en/stable/api/ddoc/search.html
 */
export interface ClouseauParams extends SearchParams {
  /** Return only hits with these values of fields: pairs of a field and a value. */
  drilldown?: readonly (readonly string[])[] | undefined;
  /** Return only these stored fields. Default: all. */
  include_fields?: readonly string[] | undefined;
  /** Mark the matches in these fields, as `highlights` of a hit. */
  highlight_fields?: readonly string[] | undefined;
  /** The mark before a match. Default `"<em>"`. */
  highlight_pre_tag?: string | undefined;
  /** The mark after a match. Default `"</em>"`. */
  highlight_post_tag?: string | undefined;
  /** The number of fragments in `highlights`. Default 1. */
  highlight_number?: number | undefined;
  /** The number of characters in a fragment. Default 100. */
  highlight_size?: number | undefined;
  /** Set to `"ok"` for a search in the index as it is. */
  stale?: "ok" | undefined;
}

/**
 * Parameters of a search with Nouveau.
 *
 * @see https://docs.couchdb.org/en/stable/api/ddoc/nouveau.html
 */
export interface NouveauParams extends SearchParams {
  /** The locale by which Lucene parses numbers in the query. */
  locale?: string | undefined;
  /** The number of values in `counts`. */
  top_n?: number | undefined;
}

const common = "limit bookmark sort include_docs counts ranges update" as const;

const ofClouseau =
  "drilldown include_fields highlight_fields highlight_pre_tag highlight_post_tag highlight_number highlight_size stale" as const;

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
  params: ClouseauParams & { include_docs: true },
): Rows<DocHit<T>>;
export function search<T extends object, S extends object>(
  db: DocumentQueries<T, S>,
  ddoc: string,
  index: string,
  q: string,
  params?: ClouseauParams,
): Rows<SearchHit<T>>;
export function search<T extends object, S extends object>(
  db: DocumentQueries<T, S>,
  ddoc: string,
  index: string,
  q: string,
  params: ClouseauParams = {},
): Rows<SearchHit<T>> {
  return hits(
    db,
    `_search/${encodeSegment(index)}`,
    "rows",
    ddoc,
    q,
    params,
    `${common} ${ofClouseau}`,
  );
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
  params: NouveauParams & { include_docs: true },
): Rows<DocHit<T>>;
export function nouveau<T extends object, S extends object>(
  db: DocumentQueries<T, S>,
  ddoc: string,
  index: string,
  q: string,
  params?: NouveauParams,
): Rows<SearchHit<T>>;
export function nouveau<T extends object, S extends object>(
  db: DocumentQueries<T, S>,
  ddoc: string,
  index: string,
  q: string,
  params: NouveauParams = {},
): Rows<SearchHit<T>> {
  return hits(
    db,
    `_nouveau/${encodeSegment(index)}`,
    "hits",
    ddoc,
    q,
    params,
    `${common} locale top_n`,
  );
}

function hits<T extends object, S extends object>(
  db: DocumentQueries<T, S>,
  index: string,
  member: string,
  ddoc: string,
  q: string,
  options: SearchParams,
  known: string,
): Rows<SearchHit<T>> {
  if (Object(options).group_field !== undefined)
    throw new TypeError("`group_field` gives no rows: use couch.request()");
  const { limit, ...params } = paramsOf<SearchParams, typeof common>(
    options,
    known as typeof common,
  );
  checkType("q", "string", q);
  if (limit === 0) throw new RangeError("`limit` must be at least 1");
  if ("q" in params) throw new TypeError("pass `q` before `params`");
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined) checkJson(name, value);
  }
  const context = DocumentQueries.contextOf(db);
  const part = `${context.path}/${DocumentQueries.pathOf(db)}`;
  const path = `${part}_design/${encodeSegment(ddoc)}/${index}`;
  const query = { path, member, size: pageSize, limits: options, limit };
  return paginate(context, { ...query, kind: "row", params: { ...params, q } }, identity);
}
