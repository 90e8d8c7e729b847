import { readFileSync } from "node:fs";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findChromium, launchChromium } from "../runtimes/chromium.js";
import { type ServerUnderTest, serverUnderTest } from "../server-under-test.js";
import { type FaultProxy, startProxy } from "./proxy.js";

const executable = findChromium();
const built = readFileSync(new URL("../../dist/index.js", import.meta.url), "utf8");

const page = `<!doctype html><title>Six feeds</title>
<script type="module">
  import * as couchfetch from "/couchfetch.js";
  window.couchfetch = couchfetch;
</script>`;

let browser: Browser;
let server: ServerUnderTest;
let proxy: FaultProxy;

beforeAll(async () => {
  if (!executable) return;
  server = await serverUnderTest();
  // The page and the server are of one origin, so that nothing has to be allowed.
  const files: Record<string, [string, string]> = {
    "/page": ["text/html", page],
    "/couchfetch.js": ["text/javascript", built],
  };
  proxy = await startProxy(server.url, ({ path }) => {
    const [type, body = ""] = files[path] ?? [];
    return type ? { answer: { status: 200, headers: { "content-type": type }, body } } : undefined;
  });
  browser = await launchChromium(executable);
});

afterAll(async () => {
  await browser?.close();
  await proxy?.close();
  await server?.close();
});

test("in a browser the sixth feed takes the last connection, and what waits for one says so", async (context) => {
  if (!executable) {
    const reason = "there is no Chromium: CHROMIUM_PATH names one";
    console.log(`skipped: six feeds: ${reason}`);
    return context.skip(reason);
  }
  const tab = await browser.newPage();
  await tab.goto(`${proxy.url}/page`);
  await tab.waitForFunction(() => "couchfetch" in globalThis);
  const name = `six_${crypto.randomUUID()}`;
  const told = await tab.evaluate(
    async ({ url, user, password, name }) => {
      const { couchfetch } = globalThis as unknown as { couchfetch: typeof import("couchfetch") };
      const { basic, CouchDB } = couchfetch;
      const couch = new CouchDB(url, { auth: basic(user, password), timeout: 1_500 });
      const db = await couch.create(name);
      const follow = () => {
        const states: string[] = [];
        const waiting: (() => void)[] = [];
        const feed = db.changes({
          feed: "continuous",
          heartbeat: 500,
          onState({ state, reason }) {
            states.push(reason instanceof Error ? `${state}: ${reason.name}` : state);
            for (const wake of waiting.splice(0)) wake();
          },
        });
        const until = async (state: string) => {
          while (!states.includes(state)) await new Promise<void>((wake) => waiting.push(wake));
        };
        const ended = (async () => {
          for await (const _event of feed);
        })();
        return { feed, states, until, ended };
      };
      const six = Array.from({ length: 6 }, follow);
      await Promise.all(six.map(({ until }) => until("live")));
      // A feed is live when it has caught up: its request for what comes next goes out after that.
      let meanwhile: unknown;
      while (typeof meanwhile !== "string")
        meanwhile = await db.info().catch((error: Error) => error.name);
      const seventh = follow();
      await seventh.until("waiting: TimeoutError");
      await six[0]?.feed.close();
      await seventh.until("live");
      await six[1]?.feed.close();
      const { db_name } = await db.info();
      const first = six.map(({ states }) => states.slice(0, 3).join());
      for (const { feed, ended } of [...six, seventh]) {
        await feed.close();
        await ended;
      }
      await couch.delete(name);
      return { first, meanwhile, seventh: seventh.states[0], db_name };
    },
    { url: proxy.url, user: server.user, password: server.password, name },
  );
  expect(told).toEqual({
    first: Array(6).fill("connecting,catchingUp,live"),
    meanwhile: "TimeoutError",
    seventh: "connecting",
    db_name: name,
  });
}, 60_000);
