import type { LiveQueryState } from "./features/live/live-query.js";
import { MutationWriter } from "./features/tanstack-db/mutation-writer.js";
import type { CollectionChoice, CouchCollectionConfig } from "./features/tanstack-db/options.js";
import type { Mutation } from "./features/tanstack-db/save-mutations.js";
import { syncWith } from "./features/tanstack-db/sync.js";
import type { Database } from "./index.js";
import { live } from "./live.js";
import { checkNames } from "./shared/arguments.js";
import type { DocumentData, JsonObject } from "./shared/types.js";

export type { CouchCollectionConfig } from "./features/tanstack-db/options.js";

/**
 * Options of a collection: the database, which of its documents, and TanStack DB's own options such as `id` and
 * `gcTime`. A schema belongs to the database.
 */
export interface CouchCollectionOptions<T extends object = JsonObject, S extends object = T>
  extends CollectionChoice<T, S> {
  db: Database<T, S>;
}

const known =
  "db prefix ids selector tabs id gcTime startSync autoIndex defaultIndexType compare defaultStringCollation" as const;

/**
 * Options for a collection of TanStack DB that shows documents and writes them. It is kept up to date by the
 * database's shared live feed, as `live` is. Items are documents, with `_id` as their key.
 *
 * Inserts, updates and deletes are shown at once, and written in one request per transaction, with the revisions
 * that they replace. They stay optimistic until the feed brings the new revision. If another client was first,
 * TanStack DB rolls them back, and the transaction rejects with the ConflictError.
 *
 * ```ts
 * const chores = createCollection(couchCollectionOptions({ db, selector: { type: "chore" } }));
 * chores.update("dishes", (chore) => { chore.done = true; });
 * ```
 *
 * @throws TypeError for a selector that CouchDB refuses, or that only the server can match
 * @see https://tanstack.com/db/latest/docs/guides/mutations
 */
export function couchCollectionOptions<T extends object = JsonObject, S extends object = T>(
  options: CouchCollectionOptions<T, S>,
): CouchCollectionConfig<T> {
  const { db: typed, ...given } = checkNames("options", options, known);
  const db = typed as unknown as Database;
  const members = Object.entries(given);
  const isOfQuery = ([name]: [string, unknown]) => /^(prefix|ids|selector|tabs)$/.test(name);
  const query = live(db, Object.fromEntries(members.filter(isOfQuery)));
  const writer = new MutationWriter(db, query as LiveQueryState);
  const save = ({ transaction }: { transaction: { mutations: readonly unknown[] } }) =>
    writer.write(transaction.mutations as readonly Mutation[]);
  const config = {
    ...Object.fromEntries(members.filter((member) => !isOfQuery(member))),
    getKey: ({ _id }: DocumentData<T>) => _id,
    sync: { sync: syncWith(query, writer), rowUpdateMode: "full" },
    onInsert: save,
    onUpdate: save,
    onDelete: save,
    utils: { query },
  };
  return config as unknown as CouchCollectionConfig<T>;
}
