import { Database } from "../client/database.js";
import { AllDocsView } from "../queries/view.js";

/**
 * The `_local` documents of a database by id, as a view. They are not replicated.
 *
 * ```ts
 * for await (const id of localDocs(animals).ids()) console.log(id);
 * ```
 *
 * @see https://docs.couchdb.org/en/stable/api/local.html
 */
export function localDocs<T extends object, S extends object>(db: Database<T, S>): AllDocsView<T> {
  return new AllDocsView<T>(Database.contextOf(db), "_local_docs");
}
