/** Writes to a cluster and follows it, and tells how that goes while its nodes die: `npx tsx examples/cluster/watch.ts`. */

import { CouchDB, CouchDBError } from "couchfetch";

const couch = new CouchDB(process.env.COUCHDB_URL ?? "http://admin:secret@localhost:5984");
const db = await couch.create(process.env.DATABASE ?? "watch", { existsOk: true });
const { update_seq } = await db.info();

const written = new Set<string>();
const seen = new Map<string, number>();
const refused = new Map<string, number>();

const feed = db.changes({
  feed: "continuous",
  since: update_seq,
  heartbeat: 5_000,
  onState: ({ state, reason }) => console.log(`feed: ${state}${reason ? ` (${reason})` : ""}`),
});

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());

async function write(): Promise<void> {
  while (!stop.signal.aborted) {
    const id = crypto.randomUUID();
    try {
      await db.document(id, { at: Date.now() }).save();
      written.add(id);
    } catch (error) {
      if (!(error instanceof CouchDBError)) throw error;
      refused.set(error.name, (refused.get(error.name) ?? 0) + 1);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function follow(): Promise<void> {
  for await (const { id } of feed) seen.set(id, (seen.get(id) ?? 0) + 1);
}

const missing = () => [...written].filter((id) => !seen.has(id)).length;
const again = () => [...seen.values()].reduce((sum, times) => sum + times - 1, 0);
const tell = () =>
  console.log(
    `written ${written.size}, followed ${seen.size}, again ${again()}, still to come ${missing()}`,
    Object.fromEntries(refused),
  );

const following = follow();
const telling = setInterval(tell, 1_000);
await write();
// What was written last is on its way; what is missed would never come.
const patience = Date.now() + 30_000;
while (missing() > 0 && Date.now() < patience) {
  await new Promise((resolve) => setTimeout(resolve, 100));
}
clearInterval(telling);
await feed.close();
await following;
tell();
console.log(missing() === 0 ? "Nothing was missed." : `Missed: ${missing()}.`);
await couch.close();
