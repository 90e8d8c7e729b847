import { BadRequestError, basic, CouchDB } from "couchfetch";
import { SharedFeed } from "./shared-feed.ts";

declare const Deno: {
  env: { get(name: string): string | undefined };
  serve(handler: (request: Request) => Promise<Response>): unknown;
};

const env = (name: string) => Deno.env.get(name) ?? "";
const couch = new CouchDB(env("COUCHDB_URL"), {
  auth: basic(env("COUCHDB_USER"), env("COUCHDB_PASSWORD")),
});
const animals = couch.database(env("DATABASE"));
const heartbeat = Number(env("HEARTBEAT_SECONDS") || 15);
/** Those that somebody listens to. */
const feeds = new Set<SharedFeed>();

Deno.serve(async (request) => {
  if (new URL(request.url).pathname !== "/changes") return new Response(null, { status: 404 });
  // What the EventSource of a page says when it comes back.
  const place = request.headers.get("last-event-id");
  try {
    // A live feed tries for ever. This one tells at once whether there is one to follow, and from where.
    const probe = animals.changes({ since: place ?? "now", limit: 1 });
    for await (const _ of probe) break;
    let feed = [...feeds].find((each) => (place === null ? each.isFromNow : each.has(place)));
    if (!feed) {
      const since = place ?? probe.sequence ?? "now";
      const end = () => feeds.delete(feed as SharedFeed);
      feed = new SharedFeed(animals, { since, isFromNow: place === null, heartbeat, end });
      feeds.add(feed);
    }
    const headers = { "content-type": "text/event-stream", "cache-control": "no-store" };
    return new Response(feed.visit(place), { headers });
  } catch (error) {
    // It names the CouchDB: that is for the log, and for who has asked a status.
    console.error(error);
    return new Response(null, { status: error instanceof BadRequestError ? 400 : 502 });
  }
});
