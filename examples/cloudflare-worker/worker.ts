import { basic, CouchDB, type Database, localCheckpoint } from "couchfetch";
import { type Animal, answer, failure } from "./api.js";

type Service = { fetch(request: Request, init?: RequestInit): Promise<Response> };

// As wrangler.toml has them.
type Env = Record<"COUCHDB" | "INDEXER", Service> &
  Record<"COUCHDB_URL" | "COUCHDB_USER" | "COUCHDB_PASSWORD" | "DATABASE" | "CRON_SECONDS", string>;

/** A session for each event: making one sends nothing, and no event may wait for another's requests. */
function animalsOf(env: Env): Database<Animal> {
  const couch = new CouchDB(env.COUCHDB_URL, {
    auth: basic(env.COUCHDB_USER, env.COUCHDB_PASSWORD),
    // The way to a CouchDB that the internet has none to.
    fetch: (request, init) => env.COUCHDB.fetch(request, init),
    // Each request to CouchDB is a line of the log, without credentials.
    hooks: { response: (event) => console.log(event), retry: (event) => console.warn(event) },
  });
  return couch.database<Animal>(env.DATABASE);
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    try {
      return await answer(request, animalsOf(env));
    } catch (error) {
      const response = failure(error);
      // The error names the CouchDB: it is for the log. The client gets a status.
      if (response.status >= 500) console.error(error);
      return response;
    }
  },

  /** Hands on what has changed since the last run: each change at least once. */
  async scheduled(_event: unknown, env: Env): Promise<void> {
    const animals = animalsOf(env);
    const feed = animals.changes({
      // Not in KV: what is read there may be a minute old, a key can be written once a second only, and
      // the place would outlive the database that it is a place in.
      checkpoint: localCheckpoint(animals, "indexer"),
      include_docs: true,
      // A run may send only so many requests.
      limit: 10_000,
    });
    // Closed, not aborted: what is being handed on is finished with, and the place saved.
    const close = () => void feed.close();
    AbortSignal.timeout(Number(env.CRON_SECONDS) * 1000).addEventListener("abort", close);

    for await (const changes of feed.batches()) {
      const body = JSON.stringify(changes.map(({ json }) => json));
      const signal = AbortSignal.timeout(10_000);
      const order = new Request("http://indexer/changes", { method: "POST", body, signal });
      const { ok, status, body: unread } = await env.INDEXER.fetch(order);
      await unread?.cancel();
      // Then these were not handed on: the next run begins with them.
      if (!ok) throw new Error(`The indexer answered ${status}`);
    }
  },
};
