import type { DatabaseContext } from "../documents/database-context.js";
import type { Document } from "../documents/document.js";
import type { HttpClient } from "../http/client.js";
import type { StreamRequest } from "../http/request.js";
import { argumentError, checkJson, paramsOf } from "../shared/arguments.js";
import { type Batch, identity, textToKeep } from "../shared/batch.js";
import type { RowKind } from "../shared/codec.js";
import { isPlain } from "../shared/json-equal.js";
import type { JsonObject, ParamsOptions } from "../shared/types.js";
import type { Operation } from "../streams/operation.js";
import type { Rows } from "../streams/rows.js";
import { documentOfRow } from "./document-of-row.js";
import { type PagedQuery, paginate } from "./paginate.js";
import type { QueryField } from "./selector.js";

/** A field to sort or index by, ascending by default. */
export type SortField<T extends object = JsonObject> =
  | QueryField<T>
  | { [F in QueryField<T>]?: "asc" | "desc" };

/**
 * Parameters of a Mango query.
 *
 * @see https://docs.couchdb.org/en/stable/api/database/find.html#post--db-_find
 */
export interface FindParams<T extends object = JsonObject> extends ParamsOptions {
  /** The maximum number of documents, over all pages. Default: no limit. */
  limit?: number | undefined;
  /** The number of documents to skip. Default 0. */
  skip?: number | undefined;
  /** Sort by these fields, which an index must have. Default: the order of the index that CouchDB chooses. */
  sort?: readonly SortField<T>[] | undefined;
  /** Use this design document, or this index of it. Default: CouchDB chooses. */
  use_index?: string | string[] | undefined;
  /** Continue where an earlier query ended: its `summary.bookmark`. */
  bookmark?: string | undefined;
  /** Include the other leaf revisions in documents, as `_conflicts`. Default false. */
  conflicts?: boolean | undefined;
  /** The number of nodes that must agree on a document. Default 1. */
  r?: number | undefined;
  /** Update the index before the query. Default true. */
  update?: boolean | undefined;
  /** Read from the same set of shards each time. Default false. */
  stable?: boolean | undefined;
  /** Report the cost of the query in the `summary`. Default false. */
  execution_stats?: boolean | undefined;
  /** Use another index, or none, if `use_index` is unusable. Default true. */
  allow_fallback?: boolean | undefined;
}

/**
 * Parameters of a Mango query for plain objects.
 *
 * @see https://docs.couchdb.org/en/stable/api/database/find.html#post--db-_find
 */
export interface QueryParams<T extends object = JsonObject> extends FindParams<T> {
  /** Return only these members of each document; nested ones are written with dots. */
  fields?: readonly QueryField<T>[] | undefined;
}

const known =
  "fields sort use_index bookmark r execution_stats allow_fallback limit skip conflicts stable update";

// Everything in one page, which streams: a second one would meet documents that the caller has just written.
const pageSize = 2 ** 31 - 1;

// Bookmarks of indexes that do not cap their pages: an Erlang list of two pairs, plain or compressed. A long
// one is compressed in a way that does not show it.
const uncapped = /^g(1.{6}eJzLYWBgYMpgSm|2wAAAACaAJ)/;

/** Stream the documents that match a selector. */
export function find<T extends object, S extends object>(
  context: DatabaseContext,
  part: string,
  selector: object,
  params: FindParams<S>,
): Rows<Document<T>> {
  if (Object(params).fields !== undefined)
    throw new TypeError("find() has no `fields`: use query()");
  const { json } = context.client;
  const toDocuments = (batch: Batch, documents: Document<T>[]) => {
    for (const [index, doc] of batch.rows.entries()) {
      const text = textToKeep(batch, index);
      documents.push(documentOfRow(context, doc as object, () => json.parse(text)));
    }
  };
  return pagesOf(context, part, selector, params, "document", toDocuments);
}

/** Stream the plain objects that match a selector. */
export function query<T extends object, R>(
  context: DatabaseContext,
  part: string,
  selector: object,
  params: QueryParams<T>,
): Rows<R> {
  // A schema cannot validate a part of a document.
  const kind = Object(params).fields?.length ? undefined : "document";
  return pagesOf(context, part, selector, params, kind, identity);
}

/** @throws TypeError if an option is unknown */
export function queryParams<T extends object>(options: QueryParams<T>) {
  return paramsOf(options, known);
}

/** @throws TypeError if a value is not a selector, or contains undefined, NaN or Infinity */
export function checkSelector(selector: object): object {
  if (Object(selector) !== selector) throw argumentError("selector", "an object", selector);
  checkJson("selector", selector);
  const { selector: inner } = selector as { selector?: object };
  if (isPlain(inner) && !/^\$(?!and|n?or)/.test(`${Object.keys(inner)[0]}`))
    throw new TypeError("pass the selector itself, not `{ selector }`");
  return selector;
}

function pagesOf<R, S extends object>(
  context: DatabaseContext,
  part: string,
  selector: object,
  options: QueryParams<S>,
  kind: RowKind | undefined,
  map: (batch: Batch, rows: R[]) => void,
): Rows<R> {
  const { limit, ...params } = queryParams(options);
  const query: PagedQuery = {
    path: `${context.path}/${part}_find`,
    member: "docs",
    params: { ...params, selector: checkSelector(selector) },
    size: pageSize,
    isCapped,
    limit,
    limits: options,
    kind,
  };
  return paginate(context, query, map);
}

/** Whether a page may have been capped, as those of text indexes are: at 200 documents by default. */
async function isCapped(
  client: HttpClient,
  request: StreamRequest,
  bookmark: string,
  operation: Operation,
): Promise<boolean> {
  if (uncapped.test(bookmark)) return false;
  // Any other Erlang term may also be the bookmark of a text index.
  if (!bookmark.startsWith("g")) return true;
  const path = request.path.replace(/_find$/, "_explain");
  // If the server does not explain the query, another page at least loses nothing.
  const plan = await client.value({ ...request, path }, operation).catch(() => {});
  return !/json|special/.test(Object(Object(plan).index).type);
}
