import { type FeedState, TimeoutError } from "couchfetch";
import { describe, expect, test, vi } from "vitest";
import { following, hurry, take, write } from "./following.js";

const followed = following();
const heartbeat = 200;

/** The reasons for which a feed had to wait, and when it did. */
function watch() {
  const waits: { reason: unknown; time: number }[] = [];
  const onState = (state: FeedState) => {
    if (state.state === "waiting") waits.push({ reason: state.reason, time: performance.now() });
  };
  return { waits, onState };
}

describe.each(["continuous", "longpoll"] as const)("%s: a connection that is silent", (feed) => {
  test.each([undefined, 0, 40])("is given up, after so many bytes: %s", async (after) => {
    hurry();
    const { db, faults, proxy } = followed;
    await write(db, 3);
    faults((before) =>
      before === 0 ? { how: "stall", ...(after === undefined ? {} : { after }) } : undefined,
    );
    const { waits, onState } = watch();
    const changes = followed.followed().changes({ feed, heartbeat, onState });
    const begin = performance.now();
    const [stalled] = await Promise.all([
      vi.waitUntil(() => [...proxy.underWay].find(({ path }) => path.includes("_changes"))),
      take(changes, 3).then((ids) => expect(ids.toSorted()).toEqual(["doc-0", "doc-1", "doc-2"])),
    ]);
    expect(waits.map(({ reason }) => reason)).toEqual([expect.any(TimeoutError)]);
    // Two and a half heartbeats at least; how much later depends on how busy the machine is.
    expect((waits[0]?.time ?? 0) - begin).toBeGreaterThan(2.4 * heartbeat);
    await vi.waitUntil(() => !proxy.underWay.has(stalled));
  });

  test("lives as long as heartbeats come, at whatever pace", async () => {
    const { db, faults } = followed;
    faults(() => ({ trickle: 1 }));
    const { waits, onState } = watch();
    const events = followed
      .followed()
      .changes({ feed, heartbeat, onState, since: 0 })
      [Symbol.asyncIterator]();
    const next = events.next();
    const [passing] = await vi.waitUntil(() => {
      const all = [...followed.proxy.underWay].filter(({ sent }) => sent > 3);
      return all.length > 0 && all;
    });
    // So many heartbeats as none would have been waited for.
    const sent = passing?.sent ?? 0;
    await vi.waitUntil(() => (passing?.sent ?? 0) > sent + 5, 10_000);
    await write(db, 1);
    expect((await next).value?.id).toBe("doc-0");
    await events.return?.();
    expect(waits).toEqual([]);
  });

  test("is not one that nobody reads", async () => {
    const { db } = followed;
    const ids = await write(db, 3);
    const { waits, onState } = watch();
    const changes = followed.followed().changes({ feed, heartbeat: 20, onState, since: 0 });
    const given: string[] = [];
    for await (const { id } of changes) {
      given.push(id);
      // Longer than a connection may be silent for those who listen.
      const until = performance.now() + 200;
      await vi.waitUntil(() => performance.now() > until, { interval: 10 });
      if (given.length === 4) break;
      // What was sent first is at hand: this one has to be read.
      if (given.length === 3) ids.push(...(await write(db, 1, 3)));
    }
    expect(given.toSorted()).toEqual(ids);
    expect(waits).toEqual([]);
  });

  test("is not one that a busy program could not hear", async () => {
    const { db } = followed;
    const { waits, onState } = watch();
    const changes = followed.followed().changes({ feed, heartbeat: 40, onState, since: 0 });
    const events = changes[Symbol.asyncIterator]();
    const next = events.next();
    await vi.waitUntil(() => [...followed.proxy.underWay].some(({ sent }) => sent > 3));
    for (let times = 0; times < 3; times += 1) {
      const until = performance.now() + 400;
      while (performance.now() < until);
      await new Promise(setImmediate);
    }
    await write(db, 1);
    expect((await next).value?.id).toBe("doc-0");
    await events.return?.();
    expect(waits).toEqual([]);
  });
});
