import type { SyncConfig } from "@tanstack/db";
import type { DocumentData } from "../../shared/types.js";
import type { LiveDocument, LiveQuery } from "../live/types.js";
import type { MutationWriter } from "./mutation-writer.js";

/** Keep a collection equal to the snapshots of a live query. */
export function syncWith(
  query: LiveQuery,
  writer: MutationWriter,
): SyncConfig<DocumentData, string>["sync"] {
  return ({ begin, write, commit, markReady, markError }) => {
    let shown = new Map<string, LiveDocument>();
    let isReady = false;
    const stop = query.subscribe(({ docs, status, error }) => {
      const before = shown;
      shown = new Map(docs.map((doc) => [doc.id, doc]));
      begin();
      for (const [id, doc] of shown) {
        const type = before.has(id) ? "update" : "insert";
        // A document that has not changed is the same object.
        if (doc !== before.get(id)) write({ type, value: doc.data as DocumentData });
      }
      for (const key of before.keys()) if (!shown.has(key)) write({ type: "delete", key });
      try {
        const applied = commit();
        // While a transaction is under way, TanStack DB applies nothing. Cleaning up rejects it.
        if (status === "live")
          Promise.resolve(applied).then(
            () => markReady(),
            () => {},
          );
      } finally {
        // Also if a listener of the collection throws.
        if (status === "closed" && !isReady) markError(error);
        isReady ||= status === "live";
        writer.follow(status !== "closed", status === "loading");
      }
    });
    return () => {
      stop();
      writer.follow(false);
    };
  };
}
