import { mkdtemp, rm } from "node:fs/promises";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { basic, CouchDB, type Database } from "couchfetch";
import type { Browser, BrowserContext, Page as Tab } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Line } from "../demo/line.js";
import { install } from "../install.js";
import { findChromium, launchChromium } from "../runtimes/chromium.js";
import { type ServerUnderTest, serverUnderTest } from "../server-under-test.js";
import { buildPages, checkTypes, servePages, Tabs } from "./pages.js";

const patience = { timeout: 20_000 };
const setUp = 180_000;
const example = new URL("../../examples/frameworks/", import.meta.url);
const database = `frameworks_${process.pid}_${Math.random().toString(36).slice(2, 10)}`;
const pageNames = ["svelte", "vue", "tanstack-db"];

interface Chore {
  title: string;
  done: boolean;
}

const executable = findChromium();
if (!executable)
  console.warn(
    "The examples for frameworks are not tested in a browser: there is no Chromium here.",
  );

describe.skipIf(!executable)("the examples for frameworks", { timeout: 60_000 }, () => {
  let server: ServerUnderTest;
  let couch: CouchDB;
  let chores: Database<Chore>;
  let line: Line;
  let folder: string;
  let pages: Server;
  let origin: string;
  let browser: Browser;
  let context: BrowserContext;
  let tabs: Tabs;

  beforeAll(async () => {
    server = await serverUnderTest();
    couch = new CouchDB(server.url, { auth: basic(server.user, server.password) });
    install(example, "the examples for frameworks");
    line = new Line(server.url);
    await line.mend();
    folder = await mkdtemp(join(tmpdir(), "couchfetch-frameworks-"));
    await buildPages(example, folder, [], {
      VITE_COUCHDB_URL: line.origin + new URL(server.url).pathname,
      VITE_DATABASE: database,
    });
    pages = await servePages(folder);
    origin = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;
    browser = await launchChromium(executable ?? "");
  }, setUp);

  afterAll(async () => {
    await browser?.close();
    pages?.close();
    pages?.closeAllConnections();
    await line?.cut();
    if (folder) await rm(folder, { recursive: true });
    await couch?.close();
    await server?.close();
  });

  beforeEach(async () => {
    chores = await couch.create<Chore>(database);
    context = await browser.newContext({ viewport: { width: 375, height: 700 } });
    context.setDefaultTimeout(patience.timeout);
    tabs = new Tabs(context);
  });

  afterEach(async () => {
    await context.close();
    await line.mend();
    await couch.delete(database);
  });

  async function openTwo(name: string): Promise<[Tab, Tab]> {
    const one = await tabs.open(`${origin}/${name}.html`);
    await one.getByLabel("User").fill(server.user);
    await one.getByLabel("Password").fill(server.password);
    await one.keyboard.press("Enter");
    await says(one, "live");
    // The browser has the session.
    const two = await tabs.open(`${origin}/${name}.html`);
    await says(two, "live");
    return [one, two];
  }

  const says = (tab: Tab, status: string) =>
    tab.getByRole("status").filter({ hasText: status }).waitFor();
  const titles = (tab: Tab) =>
    tab
      .getByRole("listitem")
      .allTextContents()
      .then((texts) => texts.map((text) => text.replace("Delete", "").trim()));
  const shows = (tab: Tab, list: string[]) =>
    expect.poll(() => titles(tab), patience).toEqual(list);
  const box = (tab: Tab, name: string) => tab.getByRole("checkbox", { name, exact: true });
  const isChecked = (tab: Tab, name: string, what: boolean) =>
    expect.poll(() => box(tab, name).isChecked(), patience).toBe(what);

  async function add(tab: Tab, title: string): Promise<void> {
    await tab.getByLabel("New chore").fill(title);
    await tab.getByLabel("New chore").press("Enter");
  }

  it("have the right types", () => checkTypes(example));

  it.each(pageNames)(
    "%s shows in each tab what is done in the other, by one feed",
    async (name) => {
      const [one, two] = await openTwo(name);
      await add(one, "Fix the gate");
      await shows(two, ["Fix the gate"]);
      await add(two, "Water the tomatoes");
      await shows(one, ["Fix the gate", "Water the tomatoes"]);
      await box(two, "Fix the gate").check();
      await isChecked(one, "Fix the gate", true);
      await box(one, "Fix the gate").uncheck();
      await isChecked(two, "Fix the gate", false);
      await two.getByRole("button", { name: "Delete Fix the gate" }).press("Enter");
      await shows(one, ["Water the tomatoes"]);
      expect(tabs.openFeeds).toBe(1);
      expect(await one.evaluate(() => document.documentElement.scrollWidth)).toBe(375);

      // The other tab takes over.
      await one.close();
      await expect.poll(() => tabs.openFeeds, patience).toBe(1);
      const chore = await chores.create("0", { title: "Feed the cat", done: true });
      await chore.save();
      await shows(two, ["Feed the cat", "Water the tomatoes"]);
      expect(tabs.complaints).toEqual([]);
    },
  );

  it("a tab takes over from one that is frozen or crashes", async () => {
    const [one, two] = await openTwo("svelte");
    // A debugger stops its scripts, as freezing does.
    const session = await context.newCDPSession(one);
    await session.send("Debugger.enable");
    const paused = new Promise((resolve) => session.once("Debugger.paused", resolve));
    const running = one.evaluate("debugger");
    await paused;
    await (await chores.create("0", { title: "Fix the gate", done: false })).save();
    await shows(two, ["Fix the gate"]);
    await session.send("Debugger.resume");
    await running;
    await shows(one, ["Fix the gate"]);
    // The tab that has thawed gives up its connection.
    await expect.poll(() => tabs.openFeeds, patience).toBe(1);

    // Now the second tab has the connection.
    two.on("crash", () => void tabs.requests.delete(two));
    await two.goto("chrome://crash").catch(() => {});
    await add(one, "Feed the cat");
    await expect.poll(async () => (await titles(one)).length, patience).toBe(2);
    await expect.poll(() => tabs.openFeeds, patience).toBe(1);
    expect(tabs.complaints).toEqual([]);
  });

  it.each(pageNames)("%s is exact again after the server was away", async (name) => {
    const gate = await chores.create("0", { title: "Fix the gate", done: false });
    await gate.save();
    const both = await openTwo(name);
    await line.cut();
    for (const tab of both) await says(tab, "reconnecting");
    await gate.delete();
    await (await chores.create("1", { title: "Feed the cat", done: false })).save();
    const [one] = both;
    await add(one, "Never saved");
    await one.getByRole("alert").filter({ hasText: "Not saved" }).waitFor();
    await line.mend();
    for (const tab of both) {
      await shows(tab, ["Feed the cat"]);
      await says(tab, "live");
    }
    await box(one, "Feed the cat").check();
    await isChecked(both[1], "Feed the cat", true);
    expect(tabs.openFeeds).toBe(1);
    expect(tabs.complaints).toEqual([]);
  });
});
