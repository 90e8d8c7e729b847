import type { Checkpoint } from "../changes/checkpoint.js";
import type { Database } from "../client/database.js";
import { isMissing } from "../documents/missing.js";
import type { Sequence } from "../shared/types.js";

/**
 * Create a checkpoint in CouchDB: the document `_local/name`, which is not replicated and not part of the
 * changes.
 *
 * ```ts
 * const checkpoint = localCheckpoint(animals, "search-index");
 * for await (const change of animals.changes({ feed: "continuous", checkpoint })) {
 *   // …
 * }
 * ```
 *
 * @param db - the database of the feed, so that deleting it also deletes the checkpoint; or any other
 * @param name - the name of the consumer: two with the same name share one checkpoint
 * @throws TypeError if the name is not valid in an id
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
      // A document that was read before may no longer exist.
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
