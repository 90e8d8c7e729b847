import type { DatabaseContext } from "../documents/database-context.js";
import { checkJson, paramsOf } from "../shared/arguments.js";
import type { JsonObject, ParamsOptions } from "../shared/types.js";
import type { SortField } from "./find.js";
import type { Selector } from "./selector.js";

/**
 * The definition of a Mango index.
 *
 * @see https://docs.couchdb.org/en/stable/api/database/find.html#post--db-_index
 */
export interface IndexDefinition<T extends object = JsonObject> {
  /** The fields to sort by, the first one first. Documents that lack one are not indexed. */
  fields: readonly SortField<T>[];
  /** Index only documents that match this selector. */
  partial_filter_selector?: Selector<T>;
}

/**
 * Parameters for creating a Mango index.
 *
 * @see https://docs.couchdb.org/en/stable/api/database/find.html#post--db-_index
 */
export interface IndexParams extends ParamsOptions {
  /** The name of the index. Default: CouchDB generates one. */
  name?: string | undefined;
  /** The design document for the index, without `_design/`. Default: a new one. */
  ddoc?: string | undefined;
  /** The type of the index; `"text"` requires the search service. Default `"json"`. */
  type?: "json" | "text" | undefined;
  /** Whether to create an index for each partition, or one for all. Default: as the database is. */
  partitioned?: boolean | undefined;
}

/** CouchDB's response to the creation of an index. */
export interface IndexResult {
  result: "created" | "exists";
  id: string;
  name: string;
}

/** Create a Mango index, unless an equal one exists. */
export async function createIndex(
  { client, path }: DatabaseContext,
  index: object,
  options: IndexParams,
): Promise<IndexResult> {
  checkJson("index", index);
  const params = paramsOf(options, "name ddoc type partitioned");
  const body = client.json.stringify({ ...params, index });
  const request = { method: "POST", path: `${path}/_index`, body, expects: "result" } as const;
  return client.value<IndexResult>({ ...request, limits: options });
}
