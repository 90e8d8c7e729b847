import { Database } from "../client/database.js";
import { AllDocsView } from "../queries/view.js";

/**
 * The `_local` documents of a database by id. They are not replicated.
 *
 * @see https://docs.couchdb.org/en/stable/api/local.html
 */
export function localDocs<T extends object, S extends object>(db: Database<T, S>): AllDocsView<T> {
  return new AllDocsView<T>(Database.contextOf(db), "_local_docs");
}
