/** Keeps another system in step with a database, for as long as it runs: see README.md. */

import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { type ChangeEvent, CouchDB, type FeedState, localCheckpoint } from "couchfetch";

const { COUCHDB_URL = "", DATABASE = "", TARGET_URL = "", PORT = "0" } = process.env;
// What can never be handed over is found before anything is followed.
const target = new Request(TARGET_URL, { method: "POST" });
const couch = new CouchDB(COUCHDB_URL);
const db = couch.database(DATABASE);

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());

let status: FeedState = { state: "connecting" };
const feed = db.changes({
  feed: "continuous",
  include_docs: true,
  // In CouchDB itself: the next run continues from there, on any machine.
  checkpoint: localCheckpoint(db, "node-sync"),
  onState(now) {
    status = now;
    const left = now.pending === undefined ? "" : `, ${now.pending} left`;
    const why = now.reason ? `, attempt ${now.attempt} (${now.reason})` : "";
    console.log(`feed: ${now.state}${left}${why}`);
    if (now.checkpointError) console.error(`checkpoint: ${now.checkpointError}`);
  },
});
// An operator sends this signal when CouchDB is back: reconnect now, not at the next attempt.
process.on("SIGHUP", () => feed.retryNow());

/** A line a document, by its id: what comes twice is the same twice. */
function bodyOf(changes: ChangeEvent[]): string {
  const operations = changes
    .filter(({ id }) => !id.startsWith("_design/"))
    .map(({ id, deleted, json }) => (deleted ? { delete: id } : { put: id, doc: json.doc }));
  return operations.map((operation) => `${JSON.stringify(operation)}\n`).join("");
}

/** Tries until it is done: the feed waits meanwhile, and holds CouchDB back. */
async function handOver(body: string): Promise<void> {
  for (let attempt = 0; body && !stop.signal.aborted; attempt += 1) {
    try {
      const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(30_000)]);
      const headers = { "content-type": "application/x-ndjson" };
      const response = await fetch(target.url, { method: "POST", headers, body, signal });
      await response.body?.cancel();
      if (response.ok) return;
      throw new Error(`${response.status}`);
    } catch (error) {
      if (stop.signal.aborted) break;
      console.error(`target: ${error}`);
    }
    await sleep(Math.min(100 * 2 ** attempt, 10_000), undefined, { signal: stop.signal }).catch(
      () => {},
    );
  }
  // Not handed over: to ask for the next would say that it was.
  stop.signal.throwIfAborted();
}

// For the orchestrator: the service is ready once it has caught up.
const health = createServer((_request, response) => {
  const { state, pending, attempt } = status;
  response.writeHead(state === "live" ? 200 : 503, { "content-type": "application/json" });
  response.end(JSON.stringify({ state, pending, attempt, sequence: feed.sequence }));
}).listen(Number(PORT));

stop.signal.addEventListener("abort", () => void feed.close());
try {
  for await (const changes of feed.batches()) await handOver(bodyOf(changes));
} catch (error) {
  if (!stop.signal.aborted) throw error;
} finally {
  await feed.close();
  await couch.close();
  health.close();
}
console.log("stopped");
