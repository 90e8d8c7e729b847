import type { DatabaseContext } from "../documents/database-context.js";
import type { JsonObject, OperationOptions } from "../shared/types.js";
import type { SortField } from "./find.js";
import type { Selector } from "./selector.js";

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

/** Create a Mango index, unless an equal one exists. */
export async function createIndex(
  { client, path }: DatabaseContext,
  index: object,
  { signal, ...params }: IndexParams,
): Promise<IndexResult> {
  const body = client.json.stringify({ ...params, index });
  const request = { method: "POST", path: `${path}/_index`, body, expects: "result" } as const;
  return (await client.value({ ...request, signal })) as IndexResult;
}
