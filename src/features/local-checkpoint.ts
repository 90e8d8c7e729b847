import type { Checkpoint } from "../changes/checkpoint.js";
import type { Database } from "../client/database.js";
import { isMissing } from "../documents/create-or-fetch.js";
import type { Sequence } from "../shared/types.js";

/**
 * A checkpoint in CouchDB itself: the document `_local/name`, which is neither replicated nor part of
 * the changes.
 *
 * ```ts
 * const checkpoint = localCheckpoint(animals, "search-index");
 * for await (const change of animals.changes({ feed: "continuous", checkpoint })) {
 *   // …
 * }
 * ```
 *
 * @param db - the one that is followed, so that the checkpoint goes when it is deleted; or any other
 * @param name - of the consumer: two that have the same move each other's checkpoint
 * @throws TypeError for a name that no document can have
 * @see https://docs.couchdb.org/en/stable/api/local.html
 */
export function localCheckpoint<T extends object, S extends object>(
  db: Database<T, S>,
  name: string,
): Checkpoint {
  const empty = () => (db as unknown as Database).document(`_local/${name}`);
  let document = empty();
  return {
    async load() {
      // What this object has seen need not be there any more.
      document = empty();
      try {
        await document.fetch({ discardChanges: true });
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
      return document.data.sequence as Sequence | undefined;
    },
    async save(sequence) {
      document.data.sequence = sequence;
      await document.save();
    },
  };
}
