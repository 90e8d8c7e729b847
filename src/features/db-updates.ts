import { Feed } from "../changes/feed.js";
import type { FeedOptions } from "../changes/feed-options.js";
import type { HttpClient } from "../http/client.js";
import type { Sequence } from "../shared/types.js";

/** What has happened to a database, as CouchDB tells it. */
export interface DatabaseUpdate {
  db_name: string;
  type: "created" | "updated" | "deleted";
  seq: Sequence;
}

/**
 * What happens to the databases of a server.
 *
 * @see https://docs.couchdb.org/en/stable/api/server/common.html#get--_db_updates
 */
export function updates(client: HttpClient, options: FeedOptions): Feed<DatabaseUpdate> {
  const { timeout } = options;
  return new Feed<DatabaseUpdate>(
    {
      client,
      resumes: true,
      toCall({ heartbeat, ...query }) {
        // CouchDB shows here only every other time that it lives.
        const twice = heartbeat && Math.ceil(heartbeat / 2);
        return {
          method: "GET",
          path: "_db_updates",
          query: { timeout, heartbeat: twice, ...query },
        };
      },
      toEvent: (row) => row as DatabaseUpdate,
      sequenceOf: ({ seq }) => seq,
    },
    options,
  );
}
