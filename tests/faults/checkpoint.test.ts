import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Checkpoint, type FeedState, localCheckpoint, type Sequence } from "couchfetch";
import { describe, expect, test, vi } from "vitest";
import { failure, following, hurry, take, write } from "./following.js";

const followed = following();

/** A checkpoint in memory, and when it was saved. */
function inMemory(initial?: Sequence) {
  const saved: Sequence[] = [];
  const times: number[] = [];
  const checkpoint: Checkpoint = {
    load: async () => saved.at(-1) ?? initial,
    async save(sequence) {
      times.push(performance.now());
      // It takes a while, as a disk or a server does.
      for (let turns = 0; turns < 20; turns += 1) await new Promise(setImmediate);
      saved.push(sequence);
    },
  };
  return { saved, times, checkpoint };
}

describe.each(["normal", "continuous", "longpoll"] as const)("%s: a checkpoint", (feed) => {
  test("is where a feed goes on, in whatever process, and wins over since", async () => {
    const { db, asked } = followed;
    const ids = await write(db, 6);
    const { checkpoint, saved } = inMemory();
    const first: string[] = [];
    const changes = db.changes({ feed, checkpoint });
    for await (const { id } of changes) {
      if (first.push(id) === 4) break;
    }
    // The fourth was not finished with.
    expect(saved.at(-1)).toBe(changes.sequence);
    const again = followed.followed().changes({ feed, checkpoint, since: "0", limit: 3 });
    const rest: string[] = [];
    for await (const { id } of again) {
      if (rest.push(id) === 1) expect(again.sequence).toBe(changes.sequence);
    }
    expect(asked()[0]?.since).toBe(`${changes.sequence}`);
    expect(rest).toContain(first[3]);
    expect([...first.slice(0, 3), ...rest].toSorted()).toEqual(ids);
    // All of these were.
    const end = db.changes({ since: saved.at(-1) });
    for await (const { id } of end) throw new Error(`${id} is not behind the checkpoint`);
  });

  test("is saved at the end, however it comes", async () => {
    const { db } = followed;
    await write(db, 3);
    for (const how of ["break", "throw", "close", "dispose", "abort", "limit"]) {
      const { checkpoint, saved } = inMemory();
      const controller = new AbortController();
      const { signal } = controller;
      const limit = how === "limit" ? 2 : undefined;
      const changes = db.changes({ feed, checkpoint, signal, limit });
      const sequences: (Sequence | null)[] = [];
      const read = async () => {
        for await (const { sequence } of changes) {
          sequences.push(sequence);
          if (sequences.length < 2) continue;
          if (how === "break") return;
          if (how === "throw") throw new Error(how);
          if (how === "abort") controller.abort(new Error(how));
          if (how === "dispose") await changes[Symbol.asyncDispose]();
          if (how === "close") await changes.close();
        }
      };
      const error = await failure(read());
      expect(error?.message, how).toBe(how === "throw" || how === "abort" ? how : undefined);
      // Who aborts does not wait.
      await vi.waitUntil(() => saved.length > 0);
      const finished = how === "break" || how === "throw" ? 0 : 1;
      if (how !== "abort") expect(saved.at(-1), how).toBe(sequences[finished]);
      expect(saved.at(-1), how).toBe(changes.sequence);
    }
  });
});

describe("a checkpoint", () => {
  test("is saved before close ends who waits, and before an error is thrown", async () => {
    const { db, faults, proxy } = followed;
    await write(db, 2);
    const answer = { status: 403, body: '{"error":"forbidden","reason":"no"}' };
    for (const how of ["close", "error"]) {
      const { checkpoint, saved } = inMemory();
      const changes = followed.followed().changes({ feed: "continuous", checkpoint });
      const events = changes[Symbol.asyncIterator]();
      await events.next();
      const second = await events.next();
      const waiting = failure(events.next());
      if (how === "close") {
        void changes.close();
      } else {
        faults(() => ({ answer }));
        for (const passing of proxy.underWay) passing.breakOff("cut");
      }
      const error = await waiting;
      expect(error?.name, how).toBe(how === "close" ? undefined : "ForbiddenError");
      expect(saved.at(-1), how).toBe(changes.sequence);
      if (how === "close") expect(changes.sequence).toBe(second.value?.sequence);
    }
  });

  test("is saved at most once a second, never ahead of the consumer", async () => {
    const { db } = followed;
    await write(db, 30);
    const { checkpoint, saved, times } = inMemory();
    const changes = db.changes({ feed: "continuous", checkpoint });
    const finished: unknown[] = [];
    const save = checkpoint.save;
    checkpoint.save = (sequence) => {
      expect(finished).toContain(sequence);
      return save(sequence);
    };
    let last: unknown;
    let count = 0;
    for await (const { sequence } of changes) {
      finished.push(last);
      last = sequence;
      const until = performance.now() + 100;
      await vi.waitUntil(() => performance.now() > until, { interval: 5 });
      count += 1;
      if (count === 25) break;
    }
    expect(saved.length).toBeGreaterThanOrEqual(2);
    const gaps = times.slice(1, -1).map((time, index) => time - (times[index] ?? 0));
    for (const gap of gaps) expect(gap).toBeGreaterThan(900);
  });

  test("is saved once an idle feed has been idle for a second", async () => {
    const { db } = followed;
    await write(db, 2);
    const { checkpoint, saved } = inMemory();
    const changes = db.changes({ feed: "continuous", checkpoint });
    const events = changes[Symbol.asyncIterator]();
    const sequences = [
      (await events.next()).value?.sequence,
      (await events.next()).value?.sequence,
    ];
    const idle = events.next();
    await vi.waitUntil(() => saved.length > 0, 5_000);
    expect(saved).toEqual([sequences[1]]);
    await events.return?.();
    await idle;
    expect(saved.length).toBe(1);
  });

  test("that cannot be saved does not stop the feed, and is reported until it can", async () => {
    const { db } = followed;
    await write(db, 2);
    const { checkpoint, saved } = inMemory();
    const refused = new Error("the disk is full");
    const save = checkpoint.save;
    checkpoint.save = async () => {
      throw refused;
    };
    const states: FeedState[] = [];
    const onState = (state: FeedState) => states.push(state);
    const changes = db.changes({ feed: "continuous", checkpoint, onState });
    const events = changes[Symbol.asyncIterator]();
    await events.next();
    await events.next();
    const idle = events.next();
    await vi.waitUntil(() => states.at(-1)?.checkpointError, 5_000);
    expect(states.at(-1)).toEqual({ state: "live", checkpointError: refused });
    checkpoint.save = save;
    // It tries by itself.
    await vi.waitUntil(() => saved.length > 0, 10_000);
    await vi.waitUntil(() => states.at(-1)?.checkpointError === undefined);
    expect(states.at(-1)).toEqual({ state: "live" });
    await write(db, 1, 2);
    expect((await idle).value?.id).toBe("doc-2");
    await changes.close();
  });

  test("that cannot be saved at the end is reported, and no error", async () => {
    const { db } = followed;
    await write(db, 2);
    const refused = new Error("the disk is full");
    const states: FeedState[] = [];
    const checkpoint: Checkpoint = {
      load: () => null,
      save: () => Promise.reject(refused),
    };
    const onState = (state: FeedState) => states.push(state);
    await take(db.changes({ checkpoint, onState }), 2);
    expect(states.at(-1)).toEqual({ state: "closed", checkpointError: refused });
  });

  test("that cannot be loaded ends the feed", async () => {
    const { db } = followed;
    const reason = new Error("no such table");
    const checkpoint: Checkpoint = { load: () => Promise.reject(reason), save: () => {} };
    expect(await failure(take(db.changes({ feed: "continuous", checkpoint }), 1))).toBe(reason);
  });

  test("goes with its batch", async () => {
    const { db } = followed;
    await write(db, 4);
    const { checkpoint, saved } = inMemory();
    const changes = db.changes({ feed: "continuous", checkpoint });
    const batches = changes.batches();
    const seen: (Sequence | null)[] = [];
    while (seen.length < 4) {
      const { value } = await batches.next();
      expect(saved).toEqual([]);
      for (const { sequence } of value) seen.push(sequence);
    }
    const idle = batches.next();
    expect(changes.sequence).toBe(seen.at(-1));
    await changes.close();
    expect(await idle).toEqual({ done: true, value: undefined });
    expect(saved).toEqual([seen.at(-1)]);
  });
});

describe("a checkpoint in CouchDB", () => {
  test("takes a consumer from process to process", async () => {
    const { db, session } = followed;
    const ids = await write(db, 5);
    const given: string[] = [];
    // Each time as by a program that is started anew.
    for (let times = 0; times < 5; times += 1) {
      const again = session().database(db.id);
      const checkpoint = localCheckpoint(again, "index");
      const changes = again.changes({ feed: "continuous", checkpoint, limit: 1 });
      for await (const { id } of changes) given.push(id);
    }
    expect(given.toSorted()).toEqual(ids);
    const other = localCheckpoint(db, "other");
    expect(await other.load()).toBeUndefined();
    // It is no change.
    expect((await take(db.changes(), 9)).length).toBe(5);
  });

  test("has missed nothing when its program is killed, and repeats little", async () => {
    const { db, server } = followed;
    const ids = await write(db, 400);
    const program = `
      import { basic, CouchDB, localCheckpoint } from "couchfetch";
      const couch = new CouchDB("${server.url}", { auth: basic("${server.user}", "${server.password}") });
      const db = couch.database("${db.id}");
      const checkpoint = localCheckpoint(db, "index");
      for await (const { id } of db.changes({ feed: "continuous", checkpoint })) {
        // This wait is the work on each change: without it, the program would end before the test can kill it.
        await new Promise((resolve) => setTimeout(resolve, 10));
        console.log(id);
      }`;
    const given: string[] = [];
    while (new Set(given).size < ids.length) {
      const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
        cwd: fileURLToPath(new URL("../..", import.meta.url)),
        stdio: ["ignore", "pipe", "inherit"],
      });
      const before = given.length;
      for await (const id of createInterface(child.stdout)) {
        given.push(id);
        const isEnough = given.length - before === 170 || new Set(given).size === ids.length;
        if (isEnough) child.kill("SIGKILL");
      }
    }
    expect([...new Set(given)].toSorted()).toEqual(ids.toSorted());
    // What was read in the second before came again, and no more.
    expect(given.length).toBeLessThan(2 * ids.length);
  });

  test("is waited for while the server is away", async () => {
    hurry();
    const { db, proxy } = followed;
    await write(db, 2);
    const through = followed.followed();
    const checkpoint = localCheckpoint(through, "index");
    const states: string[] = [];
    let accepting: Promise<void> | undefined;
    await proxy.refuse();
    const onState = ({ state }: FeedState) => {
      if (states.push(state) === 4) accepting = proxy.accept();
    };
    const changes = through.changes({ feed: "continuous", checkpoint, onState });
    expect((await take(changes, 2)).toSorted()).toEqual(["doc-0", "doc-1"]);
    await accepting;
  });

  test("refuses a name that no document can have", () => {
    expect(() => localCheckpoint(followed.db, "")).toThrow(TypeError);
  });
});
