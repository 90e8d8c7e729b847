import type { LiveQuery, Snapshot } from "couchfetch/live";
import { useSyncExternalStore } from "react";

/** The latest snapshot of a live query. Throws the error that ends it. Create the query outside of components. */
export function useLive<D extends object>(query: LiveQuery<D>): Snapshot<D> {
  const snapshot = useSyncExternalStore(query.subscribe, () => query.current);
  if (snapshot.status === "closed") throw snapshot.error;
  return snapshot;
}
