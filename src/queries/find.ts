import type { DatabaseContext } from "../documents/database-context.js";
import type { Document } from "../documents/document.js";
import { type Batch, identity } from "../shared/batch.js";
import type { RowKind } from "../shared/codec.js";
import type { JsonObject, OperationOptions } from "../shared/types.js";
import type { Rows } from "../streams/rows.js";
import { documentOfRow } from "./document-of-row.js";
import { type PagedQuery, paginate } from "./paginate.js";
import type { QueryField } from "./selector.js";

/** A field to sort or index by, upwards if it does not say. */
export type SortField<T extends object = JsonObject> =
  | QueryField<T>
  | { [F in QueryField<T>]?: "asc" | "desc" };

/**
 * The parameters of a query. All but `signal` goes to CouchDB as it is.
 *
 * @see https://docs.couchdb.org/en/stable/api/database/find.html#post--db-_find
 */
export interface FindParams<T extends object = JsonObject> extends OperationOptions {
  /** Documents at the most, over all pages. Default: all there are. */
  limit?: number | undefined;
  /** Pass over so many. Default 0. */
  skip?: number | undefined;
  /** In the order of these fields, which an index must have. Default: that of the index that CouchDB takes. */
  sort?: readonly SortField<T>[] | undefined;
  /** A design document, or that and an index of it. Default: CouchDB chooses. */
  use_index?: string | string[] | undefined;
  /** Where an earlier query ended: its `summary`'s `bookmark`. */
  bookmark?: string | undefined;
  /** In the documents: the other leaf revisions, as `_conflicts`. Default false. */
  conflicts?: boolean | undefined;
  /** So many nodes have to agree on a document. Default 1. */
  r?: number | undefined;
  /** Bring the index up to date before. Default true. */
  update?: boolean | undefined;
  /** Read from the same set of shards each time. Default false. */
  stable?: boolean | undefined;
  /** Tell in the `summary` what the query cost. Default false. */
  execution_stats?: boolean | undefined;
  /** Use another index, or none, where `use_index` cannot be used. Default true. */
  allow_fallback?: boolean | undefined;
}

/**
 * The parameters of a query for plain objects.
 *
 * @see https://docs.couchdb.org/en/stable/api/database/find.html#post--db-_find
 */
export interface QueryParams<T extends object = JsonObject> extends FindParams<T> {
  /** Only these members of each document, nested ones with dots. */
  fields?: readonly QueryField<T>[] | undefined;
}

// All there are, in one page: it streams, and CouchDB's bookmarks step over one document, whichever
// it is, so that a page after one whose last document is deleted meanwhile begins one too late.
const pageSize = 2 ** 31 - 1;
// Yet there are pages: text indexes cap them, at 200 unless the operator chose otherwise. No cap is
// as low as CouchDB's default for `limit`, so that only a page below it is known to be the last.
const leastCap = 25;

/** The documents that match a selector. */
export function find<T extends object, S extends object>(
  context: DatabaseContext,
  part: string,
  selector: object,
  params: FindParams<S>,
): Rows<Document<T>> {
  if ("fields" in params && params.fields !== undefined)
    throw new TypeError("find() has no `fields`: use query()");
  const { json } = context.client;
  const toDocuments = ({ rows, texts }: Batch, documents: Document<T>[]) => {
    for (const [index, doc] of rows.entries()) {
      const text = texts[index] as string;
      documents.push(documentOfRow(context, doc as object, () => json.parse(text)));
    }
  };
  return pagesOf(context, part, selector, params, "document", toDocuments);
}

/** What matches a selector, as plain objects. */
export function query<T extends object, R>(
  context: DatabaseContext,
  part: string,
  selector: object,
  params: QueryParams<T>,
): Rows<R> {
  // A schema cannot validate a part of a document.
  const kind = params.fields?.length ? undefined : "document";
  return pagesOf(context, part, selector, params, kind, identity);
}

/** Throws a TypeError for a value that is no selector. */
export function checkSelector(selector: object): object {
  if (typeof selector !== "object" || selector === null)
    throw new TypeError("`selector` must be an object: {} matches all documents");
  return selector;
}

function pagesOf<R>(
  context: DatabaseContext,
  part: string,
  selector: object,
  { signal, limit, ...params }: Pick<FindParams, "limit" | "signal">,
  kind: RowKind | undefined,
  map: (batch: Batch, rows: R[]) => void,
): Rows<R> {
  const query: PagedQuery = {
    path: `${context.path}/${part}_find`,
    member: "docs",
    params: { ...params, selector: checkSelector(selector) },
    size: pageSize,
    leastCap,
    limit,
    signal,
    kind,
  };
  return paginate(context, query, map);
}
