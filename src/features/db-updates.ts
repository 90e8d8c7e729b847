import { Feed } from "../changes/feed.js";
import { type FeedOptions, feedOptions } from "../changes/feed-options.js";
import { CouchDB } from "../client/couchdb.js";
import { checkNames } from "../shared/arguments.js";
import type { Sequence } from "../shared/types.js";

/** A change of a database. */
export interface DatabaseUpdate {
  db_name: string;
  type: "created" | "updated" | "deleted";
  seq: Sequence;
}

/**
 * Follow the creation, update and deletion of a server's databases: those so far or, with `feed`, also
 * future ones. For administrators.
 *
 * ```ts
 * for await (const { db_name, type } of dbUpdates(couch, { feed: "continuous" })) console.log(db_name, type);
 * ```
 *
 * @see https://docs.couchdb.org/en/stable/api/server/common.html#get--_db_updates
 */
export function dbUpdates(couch: CouchDB, options: FeedOptions = {}): Feed<DatabaseUpdate> {
  checkNames("options", options, feedOptions);
  const { timeout } = options;
  return new Feed<DatabaseUpdate>(
    {
      client: CouchDB.clientOf(couch),
      canResume: true,
      toRequest({ heartbeat, ...position }) {
        // In this feed, CouchDB sends only every other heartbeat.
        const half = heartbeat && Math.ceil(heartbeat / 2);
        const query = { timeout, heartbeat: half, ...position };
        return { method: "GET", path: "_db_updates", query };
      },
      toEvent: (row) => row as DatabaseUpdate,
      sequenceOf: ({ seq }) => seq,
    },
    options,
  );
}
