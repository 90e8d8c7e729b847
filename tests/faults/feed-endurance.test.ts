import { getEventListeners } from "node:events";
import { getActiveResourcesInfo } from "node:process";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { endure } from "./endurance.js";
import { following, hurry, write } from "./following.js";
import type { Break, Fault } from "./proxy.js";

const followed = following();
vi.setConfig({ testTimeout: 300_000 });

const { CUTS, SEED } = process.env;
const seed = SEED === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(SEED);
// CUTS=1000 takes more than a minute.
const cuts = Number(CUTS ?? 250);
const changes = cuts * 20;

const after = fc.integer({ min: 0, max: 2_000 });
const anyBreak: fc.Arbitrary<Fault> = fc.oneof(
  {
    weight: 99,
    arbitrary: fc.record({ after, how: fc.constantFrom<Break>("cut", "reset", "end") }),
  },
  { weight: 1, arbitrary: fc.record({ after, how: fc.constant<Break>("stall") }) },
);

/** Timers and sockets of this process, by their kinds. */
function resources(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

test(`a feed that is cut ${cuts} times while ${changes} changes are written misses none`, async () => {
  hurry();
  const { db, faults } = followed;
  const breaks = fc.sample(anyBreak, { seed, numRuns: cuts });
  let count = 0;
  faults(() => {
    count += 1;
    return breaks[count - 1];
  });
  const totals = await endure(db, followed.followed(), {
    feed: "continuous",
    heartbeat: 200,
    seed,
    atOnce: 20,
    documents: changes,
    // So that there is always something on its way.
    pace: (writes) => vi.waitUntil(() => count >= Math.min(writes, cuts) - 5, 60_000),
    isEnough: (written) => written >= changes,
    patience: 60_000,
  });
  console.log(`${cuts} cuts, seed ${seed}:`, totals);
  expect(totals.missed).toEqual([]);
  expect(totals.disordered).toEqual([]);
  expect(totals.written).toBeGreaterThanOrEqual(changes);
  expect(count).toBeGreaterThan(cuts);
  expect(totals.reconnects).toBeGreaterThan(cuts / 2);
});

test("a feed outlives a server that is killed and started again 20 times", async (context) => {
  const { db, server } = followed;
  const { restart } = server;
  if (!restart) return context.skip("COUCHDB_RESTART tells no command that does so");
  hurry();
  let restarts = 0;
  const totals = await endure(db, db, {
    feed: "continuous",
    heartbeat: 1_000,
    seed,
    atOnce: 10,
    documents: 500,
    async pace(writes) {
      if (writes % 10 !== 9) return;
      await restart();
      restarts += 1;
    },
    isEnough: () => restarts === 20,
    patience: 60_000,
  });
  console.log(`20 restarts, seed ${seed}:`, totals);
  expect(totals.missed).toEqual([]);
  expect(totals.disordered).toEqual([]);
  expect(totals.reconnects).toBeGreaterThanOrEqual(20);
});

test("50 feeds at once, cut again and again, each bring all, and leave nothing behind", async () => {
  hurry();
  const { db, faults, proxy, session } = followed;
  const ids = await write(db, 10);
  const before = resources();
  faults((count) =>
    count < 200 ? { after: count % 17 === 0 ? 0 : count * 5, how: "cut" } : undefined,
  );
  const couch = session();
  const controller = new AbortController();
  const { signal } = controller;
  const feeds = Array.from({ length: 50 }, async (_, n) => {
    const feed = n % 5 === 0 ? "longpoll" : "continuous";
    const given = new Set<string>();
    const changes = couch.database(db.id).changes({ feed, signal, heartbeat: 500 });
    for await (const { id } of changes) {
      given.add(id);
      if (given.size === 12) break;
    }
    return [...given].toSorted();
  });
  await vi.waitUntil(() => proxy.underWay.size >= 50, 20_000);
  const all = [...ids, ...(await write(db, 2, 10))].toSorted();
  for (const given of await Promise.all(feeds)) expect(given).toEqual(all);
  await vi.waitUntil(() => proxy.underWay.size === 0);
  expect(getEventListeners(signal, "abort")).toEqual([]);
  await couch.close();
  await vi.waitFor(
    () => expect(resources().Timeout ?? 0).toBeLessThanOrEqual(before.Timeout ?? 0),
    5_000,
  );
});
