import type { Database } from "couchfetch";
import { use, useSyncExternalStore } from "react";
import { type DocumentsStore, documentsStore, type Snapshot } from "./documents-store.js";

// Outside of components: React forgets the state of those that suspend before they were shown.
const stores = new WeakMap<object, unknown>();

/**
 * The documents of a database, and the state of their feed. Suspends until they are read, and throws what
 * reading or following ends in. All who give the same `Database` share one read and one feed: make it
 * where nothing suspends, and once. An error stays with it: to try again, give another one.
 */
export function useDocuments<T extends object>(
  db: Database<T>,
): Snapshot<T> & Pick<DocumentsStore<T>, "whenReplaced" | "retryNow"> {
  const store = (stores.get(db) as DocumentsStore<T> | undefined) ?? documentsStore(db);
  stores.set(db, store);
  use(store.ready);
  const snapshot = useSyncExternalStore(store.subscribe, store.snapshot);
  if (snapshot.error !== undefined) throw snapshot.error;
  const { whenReplaced, retryNow } = store;
  return { ...snapshot, whenReplaced, retryNow };
}
