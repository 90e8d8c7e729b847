import { DocumentQueries } from "../queries/document-queries.js";
import { checkSelector, type QueryParams, queryParams } from "../queries/find.js";
import type { Selector } from "../queries/selector.js";
import type { Fixed } from "../shared/fixed.js";
import type { JsonObject } from "../shared/types.js";
import type { Index } from "./indexes.js";

/** CouchDB's plan for a query. */
export interface Explanation {
  dbname: string;
  index: Index;
  partitioned?: boolean;
  selector: Selector;
  /** Whether the index alone has all requested fields. */
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

/**
 * Ask how CouchDB would run a query: with which index, and over which range of it.
 *
 * ```ts
 * const { index } = await explain(animals, { legs: 4 });
 * ```
 *
 * @param db - a database, or a partition
 * @see https://docs.couchdb.org/en/stable/api/database/find.html#post--db-_explain
 */
export async function explain<T extends object, S extends object>(
  db: DocumentQueries<T, S>,
  selector: Selector<Fixed<S>>,
  options: QueryParams<Fixed<S>> = {},
): Promise<Explanation> {
  const { client, path } = DocumentQueries.contextOf(db);
  const body = { ...queryParams(options), selector: checkSelector(selector) };
  const { value } = await client.request({
    method: "POST",
    path: `${path}/${DocumentQueries.pathOf(db)}_explain`,
    body: client.json.stringify(body),
    effect: "read",
    expects: "index",
    limits: options,
  });
  return value as Explanation;
}
