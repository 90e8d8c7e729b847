import type { DatabaseContext } from "../documents/database-context.js";
import { encodeSegment } from "../http/paths.js";
import { paginate } from "../queries/paginate.js";
import type { DocumentData, JsonObject, OperationOptions } from "../shared/types.js";
import { identity } from "../streams/batch.js";
import type { Rows } from "../streams/rows.js";
import { admitDoc } from "./schema/validation.js";

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

/** The hits of a search, over as many pages as it takes: of Clouseau's, or of Nouveau's. */
export function search<T extends object>(
  context: DatabaseContext,
  part: string,
  [service, member]: ["_search", "rows"] | ["_nouveau", "hits"],
  [ddoc, index]: [string, string],
  q: string,
  { signal, limit, ...params }: SearchParams,
): Rows<SearchHit<T>> {
  if (typeof q !== "string") throw new TypeError("What is searched for is a text: a query");
  if (limit === 0) throw new RangeError("A search gives at least one hit: limit cannot be 0");
  if (params.group_field !== undefined) {
    throw new TypeError("Groups are no rows: ask for them by couch.request");
  }
  const design = `_design/${encodeSegment(ddoc)}`;
  const where = `${context.path}/${part}${design}/${service}/${encodeSegment(index)}`;
  const question = { path: where, member, size: pageSize, leastCap: pageSize, signal, limit };
  return paginate(context, { ...question, params: { ...params, q } }, admitDoc, identity);
}
