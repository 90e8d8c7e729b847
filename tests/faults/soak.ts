/**
 * Follows a database for a while that is written to, over a network that fails, from a server that is
 * killed: `npm run soak -- --minutes 10`. What came of it is printed; the exit code tells whether
 * everything came.
 *
 * With `COUCHDB_URL`, that CouchDB is followed, and killed by the command in `COUCHDB_RESTART`, if there is
 * one. With `--seed`, chance takes the same course again, as far as it depends on chance.
 */

import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { basic, CouchDB } from "couchfetch";
import fc from "fast-check";
import { type ServerUnderTest, serverUnderTest } from "../server-under-test.js";
import { endure } from "./endurance.js";
import { type Break, type Fault, startProxy } from "./proxy.js";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);
const between = { restarts: 20_000, reports: 60_000 };

const json = { "content-type": "application/json" };
const html = { "content-type": "text/html" };
const anyFault = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      after: fc.integer({ min: 0, max: 60_000 }),
      how: fc.constantFrom<Break>("cut", "reset", "end", "stall"),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      trickle: fc.integer({ min: 1, max: 50 }),
      after: fc.integer({ min: 100, max: 5_000 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ delay: fc.nat(2_000) }) },
  {
    weight: 3,
    arbitrary: fc.constantFrom<Fault>(
      { answer: { status: 408 } },
      { answer: { status: 429, headers: { "retry-after": "1" } } },
      { answer: { status: 500, headers: json, body: '{"error":"badmatch"}' } },
      { answer: { status: 502, headers: html, body: "<html></html>" } },
      { answer: { status: 503 } },
      { answer: { status: 200, headers: html, body: "<html></html>" } },
      { how: "reset" },
      { how: "stall" },
    ),
  },
);

/** MB of this process, once what is not needed is gone. */
function memory() {
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  return { rss: Math.round(rss / 2 ** 20), heap: Math.round(heapUsed / 2 ** 20) };
}

/** The embedded server in a process of its own, whose memory is not ours. */
async function startApart(): Promise<ServerUnderTest> {
  const program = fileURLToPath(new URL("soak-server.ts", import.meta.url));
  const child = fork(program, { execArgv: ["--import", "tsx"] });
  const [url] = await once(child, "message");
  const restart = async () => {
    child.send("restart");
    await once(child, "message");
  };
  const close = async () => void child.kill();
  return { url, user: "admin", password: "secret", lacks: {}, restart, close };
}

const server = process.env.COUCHDB_URL ? await serverUnderTest() : await startApart();
const { url, user, password, restart } = server;
let requests = 0;
let faults = 0;
const proxy = await startProxy(url, ({ path }) => {
  // Every request for the feed, and now and then one that looks after the database.
  requests += 1;
  if (!path.includes("/_changes") && requests % 7 > 0) return undefined;
  faults += 1;
  return fc.sample(anyFault, { seed: seed + requests, numRuns: 1 })[0];
});
const session = (at: string) => new CouchDB(at, { auth: basic(user, password) });
const couch = session(url);
const db = await couch.create(`soak_${crypto.randomUUID()}`);
const end = Date.now() + minutes * 60_000;
let restarts = 0;

console.log(`${minutes} minutes, seed ${seed}, ${(await couch.info()).version} at ${url}`);
if (!restart)
  console.log("The server is not killed: COUCHDB_RESTART tells no command that does so");
const stop = new AbortController();
const { signal } = stop;
const repeat = async (milliseconds: number, work: () => unknown) => {
  for (;;) {
    await sleep(milliseconds, undefined, { signal });
    await work();
  }
};
const ended = () => {};
const killing = repeat(between.restarts, async () => {
  if (!restart) return;
  await restart();
  restarts += 1;
}).catch(ended);
const before = memory();
const reporting = repeat(between.reports, () => {
  console.log({ requests, faults, restarts, memory: memory() });
}).catch(ended);
const totals = await endure(db, session(proxy.url).database(db.id), {
  feed: "continuous",
  heartbeat: 500,
  seed,
  atOnce: 20,
  documents: 5_000,
  pace: () => sleep(50),
  isEnough: () => Date.now() > end,
  patience: 120_000,
});
stop.abort();
await Promise.all([killing, reporting]);
const { missed, disordered, ...rest } = totals;
console.log({
  ...rest,
  missed: missed.length,
  disordered: disordered.length,
  faults,
  restarts,
  memory: { before, after: memory() },
});
await db.delete();
await proxy.close();
await server.close();
process.exitCode = missed.length + disordered.length > 0 ? 1 : 0;
