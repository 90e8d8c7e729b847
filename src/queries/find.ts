import type { DatabaseContext } from "../documents/database-context.js";
import { Document } from "../documents/document.js";
import { type AdmitRow, admitWhole } from "../features/schema/validation.js";
import { InvalidResponseError } from "../shared/errors.js";
import type { JsonObject, OperationOptions } from "../shared/types.js";
import { type Batch, identity } from "../streams/batch.js";
import type { Rows } from "../streams/rows.js";
import { paginate } from "./paginate.js";
import type { QueryField, Selector } from "./selector.js";

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

/**
 * A Mango index, as `index` creates it.
 *
 * @see https://docs.couchdb.org/en/stable/api/database/find.html#post--db-_index
 */
export interface IndexDefinition<T extends object = JsonObject> {
  /** What it is sorted by: the first field first. A document that lacks one is not in it. */
  fields: readonly SortField<T>[];
  /** Only documents that match are in it. */
  partial_filter_selector?: Selector<T> | undefined;
}

/**
 * How an index is created. All but `signal` goes to CouchDB as it is.
 *
 * @see https://docs.couchdb.org/en/stable/api/database/find.html#post--db-_index
 */
export interface IndexParams extends OperationOptions {
  /** Default: one that CouchDB makes up. */
  name?: string | undefined;
  /** The design document that holds it, without `_design/`. Default: one of its own. */
  ddoc?: string | undefined;
  /** Default `"json"`. `"text"` needs the search service. */
  type?: "json" | "text" | undefined;
  /** An index for each partition, or one for all. Default: as the database is. */
  partitioned?: boolean | undefined;
}

/** What CouchDB answers to the creation of an index. */
export interface IndexResult {
  result: "created" | "exists";
  id: string;
  name: string;
}

// All there are, in one page: it streams, and CouchDB's bookmarks step over one document, whichever
// it is, so that a page after one whose last document is deleted meanwhile begins one too late.
const pageSize = 2 ** 31 - 1;
// Yet there are pages: text indexes cap them, at 200 unless the operator chose otherwise. No cap is
// as low as CouchDB's default for `limit`, so that only a page below it is known to be the last.
const leastCap = 25;

/** A Mango index, as `indexes` tells it. */
export interface Index {
  /** The design document that holds it, with `_design/`; null for that of all ids. */
  ddoc: string | null;
  name: string;
  type: "special" | "json" | "text";
  partitioned?: boolean;
  def: { fields: Record<string, string>[]; partial_filter_selector?: Selector };
}

/** What became of the indexes of design documents. */
export interface IndexesDeleted {
  success: { id: string; ok: boolean }[];
  fail: { id: string; error: string }[];
}

/** How CouchDB would answer a query. */
export interface Explanation {
  dbname: string;
  index: Index;
  partitioned?: boolean;
  selector: Selector;
  /** Whether the index holds all that is asked for. */
  covering?: boolean;
  limit: number;
  skip: number;
  fields: string[] | "all_fields";
  opts: JsonObject;
  mrargs?: JsonObject;
  /** Other indexes, and why they are not used. */
  index_candidates?: JsonObject[];
  selector_hints?: JsonObject[];
}

/** The documents that match, page by page behind one Rows. */
export function find<T extends object, S extends object>(
  context: DatabaseContext,
  part: string,
  selector: object,
  params: FindParams<S>,
): Rows<Document<T>> {
  if ("fields" in params && params.fields !== undefined) {
    throw new TypeError("find gives whole documents, and cannot take fields: use query");
  }
  const { client, path } = context;
  const { json } = client;
  return pages(context, part, selector, params, admitWhole, ({ rows, texts }, documents) => {
    for (const [index, doc] of (rows as { _id: string }[]).entries()) {
      if (typeof Object(doc)._id !== "string") {
        const reason = "answered with a document that has no id";
        throw client.error(InvalidResponseError, { method: "POST", path }, { reason });
      }
      const text = texts[index] as string;
      const original = () => json.parse(text);
      documents.push(new Document<T>(context, doc._id, doc, original));
    }
  });
}

/** The same as plain objects. */
export function query<T extends object, R>(
  context: DatabaseContext,
  part: string,
  selector: object,
  params: QueryParams<T>,
): Rows<R> {
  // Of a part, a schema knows nothing.
  const admitRow: AdmitRow = params.fields?.length ? async (row) => row : admitWhole;
  return pages(context, part, selector, params, admitRow, identity);
}

/** How they would be found. */
export async function explain(
  { client, path }: DatabaseContext,
  part: string,
  selector: object,
  { signal, ...params }: OperationOptions,
): Promise<Explanation> {
  const body = client.json.stringify({ ...params, selector: checked(selector) });
  const call = { method: "POST", path: `${path}/${part}_explain`, body, reads: true } as const;
  const { value } = await client.request({ ...call, expects: "index", signal });
  return value as Explanation;
}

function checked(selector: object): object {
  if (typeof selector !== "object" || selector === null) {
    throw new TypeError("A selector is an object; {} matches all documents");
  }
  return selector;
}

function pages<R>(
  context: DatabaseContext,
  part: string,
  selector: object,
  { signal, limit, ...params }: Pick<FindParams, "limit" | "signal">,
  admitRow: AdmitRow,
  map: (batch: Batch, rows: R[]) => void,
): Rows<R> {
  const path = `${context.path}/${part}_find`;
  const question = { path, member: "docs", size: pageSize, leastCap, signal, limit };
  const body = { ...params, selector: checked(selector) };
  return paginate(context, { ...question, params: body }, admitRow, map);
}
