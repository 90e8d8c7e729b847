import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { basic, CouchDB, type Database } from "couchfetch";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { SharedFeed } from "../../examples/deno-deploy/shared-feed.js";
import { type FaultProxy, startProxy } from "../faults/proxy.js";
import { findProgram } from "../runtimes/programs.js";
import { type ServerUnderTest, serverUnderTest } from "../server-under-test.js";
import { type Running, run } from "./running.js";
import { Visit } from "./visit.js";

const deno = findProgram("deno") ?? "";
if (!deno) {
  console.warn(
    "The example for Deno Deploy is not tested: there is no Deno here. `npm run test:all` installs it on Linux on x64; " +
      "else name yours with DENO_PATH.",
  );
}

const path = (relative: string) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));

describe.skipIf(!deno)("the example for Deno Deploy", { timeout: 60_000 }, () => {
  let server: ServerUnderTest;
  let couch: CouchDB;
  let animals: Database;
  /** Between the example and the CouchDB. */
  let proxy: FaultProxy;
  const folder = mkdtempSync(join(tmpdir(), "couchfetch-"));
  const running: Running<string>[] = [];
  const visits: Visit[] = [];

  beforeAll(async () => {
    server = await serverUnderTest();
    const config = JSON.parse(readFileSync(path("examples/deno-deploy/deno.json"), "utf8"));
    config.imports.couchfetch = new URL("../../dist/index.js", import.meta.url).href;
    writeFileSync(join(folder, "deno.json"), JSON.stringify(config));
  });

  beforeEach(async () => {
    couch = new CouchDB(server.url, { auth: basic(server.user, server.password) });
    // In one shard: among several, CouchDB keeps no order.
    animals = await couch.create(`deploy_${crypto.randomUUID()}`, { q: 1 });
    proxy = await startProxy(server.url.replace(/\/$/, ""));
  });

  afterEach(async () => {
    for (const visit of visits.splice(0)) visit.leave();
    await Promise.all(running.splice(0).map((each) => each.stop()));
    await proxy.close();
    await animals.delete().catch(() => {});
    await couch.close();
  });

  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await server.close();
  });

  /** Starts the example; gives the address of its events. */
  async function start(env: Record<string, string> = {}): Promise<string> {
    const given = {
      COUCHDB_URL: proxy.url,
      COUCHDB_USER: server.user,
      COUCHDB_PASSWORD: server.password,
      DATABASE: animals.id,
      DENO_SERVE_ADDRESS: "tcp:127.0.0.1:0",
      DENO_NO_UPDATE_CHECK: "1",
      NO_COLOR: "1",
      ...env,
    };
    const config = ["--config", join(folder, "deno.json"), "--no-lock", "--no-prompt"];
    const allowed = ["--allow-net=127.0.0.1", "--allow-env"];
    const main = path("examples/deno-deploy/main.ts");
    const program = await run(
      deno,
      ["run", ...config, ...allowed, main],
      { ...process.env, ...given },
      (said) => /Listening on (http:\S+\/)/.exec(said)?.[1],
    );
    running.push(program);
    return `${program.ready}changes`;
  }

  async function visit(url: string, lastEventId?: string): Promise<Visit> {
    const visit = await Visit.begin(url, lastEventId);
    visits.push(visit);
    return visit;
  }

  const write = async (...ids: string[]) => {
    for (const id of ids) await animals.document(id, { legs: 4 }).save();
  };
  const feeds = () =>
    [...proxy.underWay].filter(({ path }) => path.includes("feed=continuous")).length;
  const feedsAsked = () => proxy.requests.filter((path) => path.includes("feed=continuous")).length;
  const expectFeeds = (count: number) => expect.poll(feeds, { timeout: 10_000 }).toBe(count);

  test("gives an event for each change from now on, with its document", async () => {
    await write("bee");
    const here = await visit(await start());
    await write("cat");
    await here.brings("cat");
    const cat = await animals.get("cat");
    await cat.update((data) => {
      data.legs = 3;
    });
    await here.brings("cat", "cat");
    await cat.delete({ discardChanges: true });
    await here.brings("cat", "cat", "cat");
    expect(here.events).toMatchObject([
      { doc: { legs: 4 } },
      { doc: { legs: 3 } },
      { deleted: true },
    ]);
    expect(here.response.headers.get("content-type")).toBe("text/event-stream");
  });

  test("has one feed for all, until the last has left", async () => {
    const url = await start();
    const [first, second] = [await visit(url), await visit(url)];
    await write("cat");
    await Promise.all([first.brings("cat"), second.brings("cat")]);
    first.leave();
    await write("dog");
    await second.brings("cat", "dog");
    expect(feedsAsked()).toBe(1);
    second.leave();
    await expectFeeds(0);
    const third = await visit(url);
    await write("eel");
    await third.brings("eel");
  });

  test("misses nothing and repeats nothing for who comes back, while others stay", async () => {
    const url = await start();
    const [staying, leaving] = [await visit(url), await visit(url)];
    await write("ant", "bee");
    await Promise.all([staying, leaving].map((each) => each.brings("ant", "bee")));
    leaving.leave();
    await write("cat", "dog");
    await staying.brings("ant", "bee", "cat", "dog");
    const back = await visit(url, leaving.place);
    await write("eel");
    await back.brings("cat", "dog", "eel");
    await staying.brings("ant", "bee", "cat", "dog", "eel");
    expect(feedsAsked()).toBe(1);
  });

  test("does so also where nobody has stayed, and before the first event", async () => {
    const url = await start();
    const leaving = await visit(url);
    await leaving.brings();
    leaving.leave();
    await expectFeeds(0);
    await write("ant", "bee");
    const back = await visit(url, leaving.place);
    await back.brings("ant", "bee");
    back.leave();
    await expectFeeds(0);
    await write("cat");
    // Another isolate.
    const again = await visit(await start(), back.place);
    await write("dog");
    await again.brings("cat", "dog");
  });

  test("goes on where no feed has been, beside those who have begun", async () => {
    const { update_seq } = await animals.info();
    await write("ant", "bee");
    const url = await start();
    const begun = await visit(url);
    const back = await visit(url, `${update_seq}`);
    await back.brings("ant", "bee");
    await write("cat");
    await Promise.all([back.brings("ant", "bee", "cat"), begun.brings("cat")]);
    back.leave();
    await expectFeeds(1);
  });

  test("shows that it is there while nothing happens", async () => {
    const here = await visit(await start({ HEARTBEAT_SECONDS: "0.02" }));
    await expect.poll(() => here.comments, { timeout: 10_000 }).toBeGreaterThan(3);
  });

  test("lets go of who takes nothing, who can then go on", async () => {
    const { update_seq } = await animals.info();
    const options = { since: update_seq, isFromNow: true, heartbeat: 60, end: () => {} };
    const feed = new SharedFeed(animals, options);
    const reading = new Visit(feed.visit(null));
    const idle = feed.visit(null);
    const ids = Array.from({ length: 2100 }, (_, n) => `${n}`);
    await animals.createDocs(ids);
    await expect.poll(() => reading.events.length, { timeout: 10_000 }).toBe(ids.length);
    const late = new Visit(idle);
    await late.ended;
    expect(late.events.length).toBeLessThan(ids.length);
    const rest = new Visit(feed.visit(late.place));
    visits.push(reading, rest);
    const idsOf = ({ events }: Visit) => events.map(({ id }) => id);
    const seen = () => [...idsOf(late), ...idsOf(rest)];
    await expect.poll(() => seen().length, { timeout: 10_000 }).toBe(ids.length);
    expect(seen()).toEqual(idsOf(reading));
  });

  describe("a status that does not tell where the CouchDB is", () => {
    async function expectSilence(url: string, status: number, headers: HeadersInit = {}) {
      const answer = await fetch(url, { headers });
      expect(answer.status).toBe(status);
      const told = JSON.stringify([...answer.headers]) + (await answer.text());
      expect(told).not.toContain(new URL(proxy.url).port);
      expect(told).not.toContain(animals.id);
    }

    test("the password is wrong", async () => {
      // Of somebody else: CouchDB locks out who is refused too often.
      await expectSilence(await start({ COUCHDB_USER: "nobody" }), 502);
    });

    test("nobody is there", async () => {
      const url = await start();
      await proxy.refuse();
      await expectSilence(url, 502);
    });

    test("the database is missing, also for who was there", async () => {
      const url = await start();
      const here = await visit(url);
      await animals.delete();
      await here.ended;
      await expectSilence(url, 502, { "last-event-id": here.place });
      await expectFeeds(0);
    });

    test("the place is none", async () => {
      await expectSilence(await start(), 400, { "last-event-id": "nonsense" });
    });
  });
});
