import { Database } from "../client/database.js";
import { serverPath } from "../http/paths.js";
import type { StreamRequest } from "../http/request.js";
import { databaseRows } from "../queries/database-rows.js";
import { identity } from "../shared/batch.js";
import type { OperationOptions } from "../shared/types.js";
import type { Rows } from "../streams/rows.js";

/** Where the rows of an endpoint are, and how they are requested. */
export interface ReadRowsOptions extends OperationOptions {
  /** The member of the response that has the rows. Default `"rows"`. */
  member?: string | undefined;
  /** Parameters: values such as keys are encoded as for a view. */
  query?: Record<string, unknown> | undefined;
  /** A value to send as JSON, by POST. Default: nothing, by GET. */
  body?: unknown;
}

/**
 * Stream the rows of any endpoint of a database that reads: for capabilities that couchfetch does not have. The
 * rows get the session's authentication, retries, timeout and errors, and their `doc` the database's schema.
 *
 * ```ts
 * const rows = readRows<{ id: string }>(animals, "_design/zoo/_geo/places", { query: { bbox } });
 * for await (const { id } of rows) console.log(id);
 * ```
 *
 * @typeParam R - the type of a row
 * @param path - below the database, encoded
 * @throws TypeError if the path leads out of the database
 * @throws IncompleteResponseError if the connection is lost: the rows before it were delivered
 */
export function readRows<R>(
  // biome-ignore lint/suspicious/noExplicitAny: the rows have a type of their own
  db: Database<any, any>,
  path: string,
  { member = "rows", query, body, signal }: ReadRowsOptions = {},
): Rows<R> {
  const context = Database.contextOf(db);
  const { client } = context;
  const whole = `${context.path}/${serverPath(path)}`;
  const request: StreamRequest = { method: "GET", path: whole, query };
  if (body !== undefined) {
    const text = client.json.stringify(body);
    Object.assign(request, { method: "POST", body: text, effect: "read" });
  }
  // An invalid parameter is thrown here, not at the first row.
  client.url(request);
  return databaseRows<R>(context, {
    signal,
    kind: "row",
    open: (operation) => client.rows(request, member, operation),
    map: identity,
  });
}
