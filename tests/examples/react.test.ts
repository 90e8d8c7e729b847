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
const example = new URL("../../examples/react/", import.meta.url);
const database = `react_${process.pid}_${Math.random().toString(36).slice(2, 10)}`;

interface Chore {
  title: string;
  done: boolean;
}

let server: ServerUnderTest;
let couch: CouchDB;
let chores: Database<Chore>;

beforeAll(async () => {
  server = await serverUnderTest();
  couch = new CouchDB(server.url, { auth: basic(server.user, server.password) });
});

afterAll(async () => {
  await couch?.close();
  await server?.close();
});

beforeEach(async () => {
  chores = await couch.create<Chore>(database);
});

afterEach(async () => {
  await couch.delete(database).catch(() => {}); // a test may have done so
});

async function write(id: string, title: string, done = false) {
  const chore = chores.document(id, { title, done });
  await chore.save();
  return chore;
}

const executable = findChromium();
if (!executable) {
  console.warn("The example for React is not tested in a browser: there is no Chromium here.");
}

describe.skipIf(!executable)("the example for React", { timeout: 60_000 }, () => {
  const builds = ["development", "production"]; // StrictMode does its double work in the former only
  let line: Line;
  let folder: string;
  let pages: Server;
  let origin: string;
  let browser: Browser;
  let context: BrowserContext;
  let tabs: Tabs;

  beforeAll(async () => {
    install(example, "the example for React");
    line = new Line(server.url);
    await line.mend();
    folder = await mkdtemp(join(tmpdir(), "couchfetch-react-"));
    for (const build of builds) await buildPage(build);
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
  });

  beforeEach(async () => {
    context = await browser.newContext({ viewport: { width: 360, height: 700 } });
    context.setDefaultTimeout(patience.timeout);
    tabs = new Tabs(context);
  });

  afterEach(async () => {
    await context.close();
    await line.mend();
  });

  const buildPage = (build: string) =>
    buildPages(example, join(folder, build), ["--base", `/${build}/`], {
      NODE_ENV: build,
      VITE_COUCHDB_URL: line.origin + new URL(server.url).pathname,
      VITE_DATABASE: database,
    });

  const openTab = (build = "development") => tabs.open(`${origin}/${build}/`);

  async function signIn(tab: Tab, password = server.password): Promise<Tab> {
    await tab.getByLabel("User").fill(server.user);
    await tab.getByLabel("Password").fill(password);
    await tab.getByRole("button", { name: "Sign in" }).click();
    return tab;
  }

  const says = (tab: Tab, text: string) => tab.getByText(text, { exact: true }).waitFor();
  const box = (tab: Tab, name: string) => tab.getByRole("checkbox", { name, exact: true });
  const isChecked = (tab: Tab, name: string, what: boolean) =>
    expect.poll(() => box(tab, name).isChecked(), patience).toBe(what);
  const isGone = (tab: Tab, name: string) => box(tab, name).waitFor({ state: "detached" });
  const remove = (tab: Tab, name: string) =>
    tab.getByRole("button", { name: `Delete ${name}` }).click();
  const alert = (tab: Tab, text: string | RegExp) =>
    tab.getByRole("alert").filter({ hasText: text }).waitFor();
  const titles = (tab: Tab) => tab.getByRole("listitem").locator("label").allTextContents();

  it("has the right types", () => checkTypes(example));

  it.each(builds)("shows in one tab what is done in the other (%s)", async (build) => {
    await write("0", "Water the tomatoes", true);
    const one = await signIn(await openTab(build));
    const two = await openTab(build); // the browser has the session
    await says(one, "1 of 1 done");
    for (const tab of [one, two]) await says(tab, "Live");

    await one.getByLabel("New chore").fill("Fix the gate");
    await one.keyboard.press("Enter");
    await isChecked(two, "Fix the gate", false);
    expect(await one.getByLabel("New chore").inputValue()).toBe("");
    expect(await titles(two)).toEqual(["Water the tomatoes", "Fix the gate"]);

    await box(two, "Fix the gate").check();
    await isChecked(one, "Fix the gate", true);
    await says(one, "2 of 2 done");
    await box(one, "Fix the gate").uncheck();
    await isChecked(two, "Fix the gate", false);
    await says(two, "1 of 2 done");

    await remove(one, "Fix the gate");
    await isGone(two, "Fix the gate");
    await remove(two, "Water the tomatoes");
    await says(one, "Nothing to do");

    // Two components read once, in StrictMode, too, and two tabs follow by one feed.
    for (const { asked } of tabs.requests.values())
      expect(asked.filter((name) => name === "_all_docs")).toHaveLength(1);
    expect(tabs.openFeeds).toBe(1);
    await one.getByRole("button", { name: "Sign out" }).click();
    await one.getByLabel("Password").waitFor();
    // The browser has one session for all of its tabs.
    await alert(two, "Your session has ended.");
    await expect.poll(() => tabs.openFeeds, patience).toBe(0);
    expect(tabs.complaints.filter((text) => !text.includes("UnauthorizedError"))).toEqual([]);
  });

  it("continues its session after a reload, and asks for a login when that has ended", async () => {
    await write("0", "Fix the gate");
    const tab = await signIn(await openTab());
    await says(tab, server.user);
    await tab.reload();
    await says(tab, server.user);
    await isChecked(tab, "Fix the gate", false);
    await says(tab, "Live");

    // While it is open, the session ends: the next request is refused.
    await context.clearCookies();
    await line.cut();
    await says(tab, "Offline, reconnecting …");
    await line.mend();
    await alert(tab, "Your session has ended.");
    await signIn(tab);
    await isChecked(tab, "Fix the gate", false);

    await tab.getByRole("button", { name: "Sign out" }).click();
    await tab.getByLabel("Password").waitFor();
    // CouchDB's own is then empty.
    const cookies = async () => (await context.cookies()).map(({ value }) => value).join("");
    await expect.poll(cookies, patience).toBe("");
    await tab.reload();
    await tab.getByLabel("Password").waitFor();
    expect(await tab.getByRole("alert").textContent()).toBe("");
    // React's own report of the error that the page has handled.
    expect(tabs.complaints.filter((text) => !text.includes("UnauthorizedError"))).toEqual([]);
  });

  it("says when it is offline, and catches up", async () => {
    const gate = await write("0", "Fix the gate");
    const tomatoes = await write("1", "Water the tomatoes");
    const tab = await signIn(await openTab());
    await says(tab, "Live");
    const told = await tab.getByRole("status").evaluateHandle((status) => {
      const texts: (string | null)[] = [];
      const look = () => texts.push(status.textContent);
      new MutationObserver(look).observe(status, { characterData: true, subtree: true });
      return texts;
    });
    await line.cut();
    await says(tab, "Offline, reconnecting …");

    await box(tab, "Fix the gate").click();
    await alert(tab, "Not saved: The server cannot be reached.");
    await isChecked(tab, "Fix the gate", false);
    await tab.getByLabel("New chore").fill("Sharpen the knives");
    await tab.keyboard.press("Enter");
    await expect.poll(() => tab.getByLabel("New chore").inputValue()).toBe("Sharpen the knives");

    await tomatoes.delete();
    await gate.update((data) => ({ ...data, done: true }));
    await line.mend();
    await says(tab, "Live");
    // Not each of the attempts in between.
    expect(await told.jsonValue()).toEqual(["Offline, reconnecting …", "Live"]);
    await isChecked(tab, "Fix the gate", true);
    await isGone(tab, "Water the tomatoes");
    await tab.getByLabel("New chore").press("Enter");
    await isChecked(tab, "Sharpen the knives", false);
    expect(await tab.getByRole("alert").textContent()).toBe("");
    expect(tabs.openFeeds).toBe(1);
    expect(tabs.complaints).toEqual([]);
  });

  it("overwrites nothing unseen", async () => {
    const gate = await write("0", "Fix the gate");
    const tab = await signIn(await openTab());
    await says(tab, "Live");
    // Somebody is faster by so little that the screen cannot show it yet.
    await tab.route(
      /\/0(\?|$)/,
      async (route) => {
        const isWrite = !["GET", "OPTIONS"].includes(route.request().method());
        if (isWrite) await gate.update((data) => ({ ...data, title: `${data.title}!` }));
        await route.continue();
      },
      { times: 1 },
    );
    await remove(tab, "Fix the gate");
    await alert(tab, /^Not saved: .*conflict/i);
    await isChecked(tab, "Fix the gate!", false);
    await box(tab, "Fix the gate!").check();
    await expect
      .poll(async () => (await chores.get("0")).json, patience)
      .toEqual({ title: "Fix the gate!", done: true });
    expect(tabs.complaints).toEqual([]);
  });

  it("is used with the keyboard", async () => {
    const tab = await signIn(await openTab());
    await tab.getByLabel("New chore").focus();
    const long = `Fix the gate ${"x".repeat(80)}`;
    await tab.keyboard.type(long);
    await tab.keyboard.press("Enter");
    await isChecked(tab, long, false);
    expect(await tab.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
    for (const key of ["Tab", "Tab", "Space"]) await tab.keyboard.press(key);
    await says(tab, "1 of 1 done");
    for (const key of ["Tab", "Enter"]) await tab.keyboard.press(key);
    await says(tab, "Nothing to do");
    expect(tabs.complaints).toEqual([]);
  });

  it("shows what it cannot go on after", async () => {
    await write("0", "Fix the gate");
    const tab = await signIn(await openTab(), "wrong");
    await alert(tab, /password/i);
    expect(await tab.getByLabel("User").inputValue()).toBe(server.user);
    await signIn(tab);
    await isChecked(tab, "Fix the gate", false);
    await says(tab, "Live");
    await chores.delete();
    await alert(tab, /deleted|does not exist|missing|no_db_file/i);
    await isGone(tab, "Fix the gate");
  });
});
