import { Database } from "../client/database.js";
import { serverPath } from "../http/paths.js";
import type { StreamRequest } from "../http/request.js";
import { databaseRows } from "../queries/database-rows.js";
import { checkOptions } from "../shared/arguments.js";
import { identity } from "../shared/batch.js";
import type { OperationOptions } from "../shared/types.js";
import type { Rows } from "../streams/rows.js";

/**
 * The location of the rows of an endpoint, and the parameters of the request.
 *
 * @see https://docs.couchdb.org/en/stable/http-api.html
 */
export interface ReadRowsOptions extends OperationOptions {
  /** The member of the response with the rows. Default `"rows"`. */
  member?: string | undefined;
  /** URL parameters. Values such as keys are encoded as for a view. */
  query?: Record<string, unknown> | undefined;
  /** A value to send as JSON by POST. Default: none, by GET. */
  body?: unknown;
}

/**
 * Stream the rows of any endpoint of a database that couchfetch has no method for. The endpoint must only
 * read. The rows get the session's authentication, retries, timeout and errors; the database's schema
 * validates each `doc`.
 *
 * ```ts
 * const rows = readRows<{ id: string }>(animals, "_design/zoo/_geo/places", { query: { bbox } });
 * for await (const { id } of rows) console.log(id);
 * ```
 *
 * @typeParam R - the type of a row
 * @param path - below the database, encoded
 * @throws TypeError if the path leaves the database
 * @throws IncompleteResponseError if the connection is lost; the rows before that were delivered
 */
export function readRows<R>(
  // biome-ignore lint/suspicious/noExplicitAny: the rows have a type of their own
  db: Database<any, any>,
  path: string,
  options: ReadRowsOptions = {},
): Rows<R> {
  const { member = "rows", query, body } = checkOptions(options, "member query body");
  const context = Database.contextOf(db);
  const { client } = context;
  const whole = `${context.path}/${serverPath(path)}`;
  const { silenceTimeout } = client.session;
  const request: StreamRequest = { method: "GET", path: whole, query, silenceTimeout };
  if (body !== undefined) {
    const text = client.json.stringify(body);
    Object.assign(request, { method: "POST", body: text, effect: "read" });
  }
  // Invalid parameters throw now, not at the first row.
  client.url(request);
  return databaseRows<R>(context, {
    limits: options,
    kind: "row",
    open: (operation) => client.rows(request, member, operation),
    map: identity,
  });
}
