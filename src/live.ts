import { LiveQueryState } from "./features/live/live-query.js";
import { planOf } from "./features/live/plan.js";
import type { LiveOptions, LiveQuery } from "./features/live/types.js";
import { Database } from "./index.js";
import type { Picked, QueryField } from "./queries/selector.js";
import type { DocumentData, JsonObject } from "./shared/types.js";

export type {
  DeepReadonly,
  LiveDocument,
  LiveOptions,
  LiveQuery,
  Snapshot,
} from "./features/live/types.js";

/**
 * Query documents, and follow the database: all documents, those with a `prefix` or `ids`, or those that match a
 * Mango `selector`. Nothing is sent before the first subscription, loop or `ready`. All live queries of a
 * database share one feed, which closes a second after the last subscription has ended.
 *
 * ```ts
 * const chores = live(db, { selector: { done: false }, sort: [{ due: "asc" }] });
 * const stop = chores.subscribe(({ docs, status }) => render(docs, status));
 * ```
 *
 * @param query - default: the whole database, without design documents
 * @throws TypeError for a selector that CouchDB refuses, or that only the server can match
 * @see https://docs.couchdb.org/en/stable/api/database/changes.html
 */
export function live<T extends object, S extends object, const F extends QueryField<S>>(
  db: Database<T, S>,
  query: LiveOptions<S> & { fields: readonly F[] },
): LiveQuery<Picked<S, F>>;
export function live<T extends object = JsonObject, S extends object = T>(
  db: Database<T, S>,
  query?: LiveOptions<S>,
): LiveQuery<DocumentData<T>>;
export function live(db: Database, query: LiveOptions = {}): LiveQuery {
  return new LiveQueryState(Database.contextOf(db), planOf(query));
}
