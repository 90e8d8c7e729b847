import { getActiveResourcesInfo } from "node:process";
import type { JsonObject } from "couchfetch";
import { type LiveQuery, live, type Snapshot } from "couchfetch/live";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { following, hurry } from "./following.js";
import type { Break } from "./proxy.js";

const followed = following();
vi.setConfig({ testTimeout: 300_000 });

const { SEED } = process.env;
const seed = SEED === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(SEED);
const cuts = 100;
const restarts = 20;
const writes = 20_000;
const atOnce = 100;
const documents = 1_000;

const breaks = fc.sample(fc.constantFrom<Break>("cut", "reset", "end"), { seed, numRuns: cuts });

/** Each revision that the database ever had: the content, or undefined for a deletion. */
type History = Map<string, Map<string, unknown>>;

/** The documents of snapshots that the database never had so, and those that went back. */
function watching(query: LiveQuery, history: History) {
  const seen = new Map<string, number>();
  const wrong: string[] = [];
  let snapshots = 0;
  const stop = query.subscribe(({ docs }: Snapshot) => {
    snapshots += 1;
    for (const { id, rev, data } of docs) {
      const generation = Number.parseInt(rev, 10);
      if (generation < (seen.get(id) ?? 0)) wrong.push(`${id} went back to ${rev}`);
      seen.set(id, generation);
      // A write may be shown before its response has arrived.
      const known = history.get(id)?.get(rev);
      const { n } = data as JsonObject;
      if (known !== undefined && known !== n) wrong.push(`${id} ${rev} is ${n}, not ${known}`);
    }
  });
  return { stop, wrong, snapshots: () => snapshots };
}

const contentOf = ({ docs }: Snapshot) => docs.map(({ data }) => data);

test(`three live queries are exact after ${writes} writes, ${cuts} cuts and ${restarts} restarts (seed ${seed})`, async (context) => {
  hurry();
  const { db, server, proxy } = followed;
  const { restart } = server;
  if (!restart) return context.skip("COUCHDB_RESTART tells no command that does so");
  const through = followed.followed();
  const selector = { n: { $mod: [3, 0] }, kind: { $in: ["a", "b"] } };
  const queries: [LiveQuery, () => Promise<unknown[]>][] = [
    [live(through), async () => (await db.docs().toArray()).map(({ data }) => data)],
    [
      live(through, { prefix: "doc-1" }),
      async () => (await db.docs({ prefix: "doc-1" }).toArray()).map(({ data }) => data),
    ],
    [
      live(through, { selector, sort: [{ n: "desc" }] }),
      async () => {
        const found = await db.query<{ _id: string; n: number }>(selector).toArray();
        return found.sort((a, b) => b.n - a.n || (a._id < b._id ? 1 : -1));
      },
    ],
  ];
  const history: History = new Map();
  const watched = queries.map(([query]) => watching(query, history));

  let written = 0;
  let restarted = 0;
  let cut = 0;
  for (let round = 0; written < writes; round += 1) {
    const ids = Array.from({ length: atOnce }, (_, n) => `doc-${(round * 37 + n * 7) % documents}`);
    const { ok } = await db.updateDocs(
      [...new Set(ids)],
      (docs) => {
        for (const doc of docs) {
          written += 1;
          if (doc.exists && written % 11 === 0) docs.delete(doc);
          else Object.assign(doc.data, { n: written, kind: "abc"[written % 3] });
        }
      },
      { create: true },
    );
    for (const { id, rev, data } of ok) {
      const revisions = history.get(id) ?? new Map<string, unknown>();
      history.set(id, revisions);
      if (rev !== undefined) revisions.set(rev, (data as JsonObject).n);
    }
    if (written >= (restarted + 1) * (writes / (restarts + 1)) && restarted < restarts) {
      restarted += 1;
      await restart();
    } else if (cut < cuts) {
      // A feed that is cut is read again from where it was.
      const feed = await vi.waitUntil(
        () => [...proxy.underWay].find(({ path }) => path.includes("feed=continuous")),
        { timeout: 60_000 },
      );
      feed.breakOff(breaks[cut] as Break);
      cut += 1;
    }
  }
  expect(cut).toBe(cuts);
  expect(restarted).toBe(restarts);

  for (const [n, [query, fresh]] of queries.entries()) {
    const expected = await fresh();
    await vi.waitFor(
      () => {
        expect(query.current.status).toBe("live");
        expect(contentOf(query.current)).toEqual(expected);
      },
      { timeout: 60_000, interval: 50 },
    );
    expect(watched[n]?.wrong).toEqual([]);
    expect(expected.length).toBeGreaterThan(10);
  }
  console.log(
    `${written} writes, ${cut} cuts, ${restarted} restarts, seed ${seed}:`,
    watched.map(({ snapshots }) => snapshots()),
    "snapshots",
  );
  for (const { stop } of watched) stop();
  await vi.waitUntil(() => proxy.underWay.size === 0, 10_000);
  await vi.waitUntil(() => !getActiveResourcesInfo().includes("Immediate"), 10_000);
});
