import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { basic, CouchDB, type Database } from "couchfetch";
import type { Browser, BrowserContext, Page as Tab } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Page, startPage } from "../../examples/live/page-server.js";
import { openServer, type Server } from "../../examples/live/server.js";
import { findChromium, launchChromium } from "../runtimes/chromium.js";
import { serverUnderTest } from "../server-under-test.js";
import { Line } from "./line.js";

const patience = 20_000;
const unique = () => `demo_${process.pid}_${Math.random().toString(36).slice(2, 10)}`;
const session = ({ access: { url, user, password = "" } }: Server) =>
  new CouchDB(url, user ? { auth: basic(user, password) } : {});

describe("the demo in a terminal", { timeout: 60_000 }, () => {
  const main = fileURLToPath(new URL("../../examples/live/main.ts", import.meta.url));
  const database = unique();

  afterAll(async () => {
    if (!process.env.COUCHDB_URL) return; // it was gone with its server
    await using couch = session(await openServer(process.env.COUCHDB_URL));
    await couch.delete(database);
  });

  function start(args: string[], env: NodeJS.ProcessEnv = {}) {
    const child = spawn(process.execPath, ["--import", "tsx", main, ...args], {
      env: { ...process.env, PORT: "", DEMO_DATABASE: database, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    return { child, stdout: text(child.stdout), stderr: text(child.stderr), code: exit(child) };
  }

  const exit = async (child: ChildProcess) => (await once(child, "exit"))[0] as number | null;

  it("shows what it does, and ends", async () => {
    const { stdout, stderr, code } = start(["--once"]);
    const printed = await stdout;
    expect(await stderr).toBe("");
    expect(await code).toBe(0);
    expect(printed).toMatch(/^ {2}server +http:\/\/\S+ +CouchDB \d/m);
    expect(printed).toContain(database);
    const [, found = ""] = /Finding.*\n((?: {2}.*\n)+)/.exec(printed) ?? [];
    expect(found).toMatch(/bee +6 legs\n +cat +4 legs\n +octopus +8 legs\n/);
    expect(found).not.toContain("crane");
    const [, followed = ""] = /Following.*\n((?: {2}.*\n)+)/.exec(printed) ?? [];
    expect(followed).toMatch(/octopus +created +revision 1-/);
    expect(followed).toMatch(/cat +changed[\s\S]+dodo +created[\s\S]+dodo +deleted/);
    expect(printed).toMatch(/page +http:\/\/127\.0\.0\.1:\d+\/\n$/);
    expect(printed).not.toContain("\x1b");
    const { password } = new URL(process.env.COUCHDB_URL ?? "http://admin:secret@localhost");
    expect(printed).not.toContain(password);
  });

  it.each(["SIGINT", "SIGTERM"] as const)("stays, with its page, until %s", async (signal) => {
    const { child, stderr, code } = start([]);
    let printed = "";
    child.stdout.on("data", (chunk) => {
      printed += chunk;
    });
    const address = () => /page +(http:\S+)/.exec(printed)?.[1];
    await expect.poll(address, { timeout: patience }).toBeDefined();
    const page = await fetch(address() ?? "");
    expect(page.headers.get("cache-control")).toBe("no-store");
    expect(await page.text()).toContain("Field book");
    child.kill(signal);
    expect(await code).toBe(0);
    expect(await stderr).toBe("");
  });

  it("says in one sentence that there is no server", async () => {
    const nobody = createServer().listen(0, "127.0.0.1");
    await once(nobody, "listening");
    const { port } = nobody.address() as AddressInfo;
    nobody.close();
    await once(nobody, "close");
    const url = `http://admin:hush@127.0.0.1:${port}`;
    const { stderr, stdout, code } = start(["--once"], { COUCHDB_URL: url });
    expect((await stderr).trim()).toBe(
      `There is no CouchDB to be reached at http://127.0.0.1:${port}.`,
    );
    expect(await stdout).not.toContain("hush");
    expect(await code).toBe(1);
  });
});

const executable = findChromium();
if (!executable) {
  console.warn(
    "The demo's page is not tested: there is no Chromium here. Install one " +
      "(Debian: apt-get install chromium-headless-shell; else: npx playwright-core install chromium), or set CHROMIUM_PATH.",
  );
}

interface Animal {
  name: string;
  legs: number;
  diet?: string;
}

describe.skipIf(!executable)("the demo's page", { timeout: 90_000 }, () => {
  const database = unique();
  let server: Server;
  let line: Line;
  let couch: CouchDB;
  let animals: Database<Animal>;
  let page: Page;
  let browser: Browser;
  let context: BrowserContext;
  let complaints: string[];

  beforeAll(async () => {
    server = await openServer(process.env.COUCHDB_URL);
    couch = session(server);
    line = new Line(server.access.url);
    await line.mend();
    const url = line.origin + new URL(server.access.url).pathname.replace(/\/$/, "");
    page = await startPage({ ...server.access, url, database });
    browser = await launchChromium(executable ?? "");
  });

  afterAll(async () => {
    await browser?.close();
    await page?.close();
    await couch?.delete(database).catch(() => {});
    await couch?.close();
    await line?.cut();
    await server?.close();
  });

  beforeEach(async () => {
    await couch.delete(database).catch(() => {});
    animals = await couch.create<Animal>(database);
    await context?.close();
    context = await browser.newContext({ viewport: { width: 900, height: 800 } });
    context.setDefaultTimeout(patience);
    complaints = [];
  });

  async function openTab(): Promise<Tab> {
    const tab = await context.newPage();
    tab.on("pageerror", (error) => complaints.push(String(error)));
    tab.on("console", (message) => {
      // Chromium reports failed requests here, as the conflicts and lost lines of these tests are.
      const isFailedRequest = /Failed to load resource|blocked by CORS/.test(message.text());
      if (message.type() === "error" && !isFailedRequest) complaints.push(message.text());
    });
    await tab.goto(page.url);
    await state(tab, "live");
    return tab;
  }

  async function write(id: string, data: Animal) {
    const animal = await animals.create(id, data);
    await animal.save();
    return animal;
  }

  const state = (tab: Tab, name: string) => tab.locator(`#state[data-state=${name}]`).waitFor();
  const row = (tab: Tab, id: string) => tab.locator(`#animals > li[data-id="${id}"]`);
  const shown = async (tab: Tab, id: string, what: string) => {
    await expect
      .poll(() => row(tab, id).locator(".what").textContent(), { timeout: patience })
      .toBe(what);
  };
  const says = async (tab: Tab, selector: string, what: string | RegExp) => {
    const read = () => tab.locator(selector).textContent();
    await expect.poll(read, { timeout: patience }).toMatch(what);
  };
  const focused = (tab: Tab) =>
    tab.evaluate(() => document.activeElement?.ariaLabel ?? document.activeElement?.outerHTML);
  const button = (tab: Tab, name: string) => tab.getByRole("button", { name, exact: true });

  async function rename(tab: Tab, from: string, to: string, legs = "4") {
    await button(tab, `Edit ${from}`).click();
    const form = tab.locator("#animals form:visible");
    await form.getByLabel("Animal").fill(to);
    await form.getByLabel("Legs").fill(legs);
    await form.getByLabel("Legs").press("Enter");
  }

  it("shows in one tab what is done in the other", async () => {
    const one = await openTab();
    const two = await openTab();
    await one.getByText("A blank page.").waitFor();

    await one.locator("#add").getByLabel("Animal").fill("Sea otter");
    await one.keyboard.press("Enter");
    await shown(two, "sea-otter", "Sea otter 4 legs");
    await says(two, "#news", "Sea otter was added.");
    expect(await two.getByText("A blank page.").isVisible()).toBe(false);
    expect(await one.locator("#add input[name=name]").inputValue()).toBe("");

    await rename(two, "Sea otter", "Otter", "3");
    await shown(one, "sea-otter", "Otter 3 legs");
    await says(one, "#news", "Otter was changed.");

    await button(two, "Delete Otter").click();
    await row(one, "sea-otter").waitFor({ state: "detached" });
    await says(one, "#count", "No animals");

    await button(two, "Bring back Otter").click();
    await shown(one, "sea-otter", "Otter 3 legs");
    expect(await focused(two)).toBe("Edit Otter");
    expect(complaints).toEqual([]);
  });

  it("is used with the keyboard", async () => {
    await write("bee", { name: "Bee", legs: 6 });
    await write("cat", { name: "Cat", legs: 4 });
    const tab = await openTab();
    await button(tab, "Edit Bee").focus();
    await tab.keyboard.press("Enter");
    await row(tab, "bee").locator("form").waitFor();
    await tab.keyboard.type("Wasp"); // over the selected name
    await tab.keyboard.press("Escape");
    await shown(tab, "bee", "Bee 6 legs");
    expect(await focused(tab)).toBe("Edit Bee");

    await tab.keyboard.press("Tab");
    expect(await focused(tab)).toBe("Delete Bee");
    await tab.keyboard.press("Enter");
    await row(tab, "bee").waitFor({ state: "detached" });
    expect(await focused(tab)).toBe("Edit Cat");
  });

  it("overwrites nothing unseen", async () => {
    await write("cat", { name: "Cat", legs: 4, diet: "mice" });
    const one = await openTab();
    const two = await openTab();

    await button(one, "Edit Cat").click();
    await row(one, "cat").getByLabel("Animal").fill("Lion");
    await rename(two, "Cat", "Tiger");
    await says(one, "li .note", /Meanwhile this became “Tiger”/);
    await one.keyboard.press("Enter");
    await says(one, "li .note", /Not saved: meanwhile this became “Tiger”, 4 legs\./);
    expect((await animals.get("cat")).data.name).toBe("Tiger");
    await one.keyboard.press("Escape");
    await shown(one, "cat", "Tiger 4 legs");

    await button(one, "Edit Tiger").click();
    await row(one, "cat").locator("form").waitFor();
    await rename(two, "Tiger", "Panther");
    await says(one, "li .note", /Meanwhile this became “Panther”/);
    await one.keyboard.press("Enter"); // unchanged: there is nothing to save, and theirs stays
    await shown(one, "cat", "Panther 4 legs");
    await rename(two, "Panther", "Tiger");
    await shown(one, "cat", "Tiger 4 legs");

    await button(one, "Edit Tiger").click();
    await row(one, "cat").getByLabel("Animal").fill("Lion");
    await button(two, "Delete Tiger").click();
    await says(one, "li .note", /Meanwhile this was deleted/);
    await one.keyboard.press("Enter");
    await says(one, "li .note", /Not saved: meanwhile this was deleted/);
    await one.keyboard.press("Enter"); // knowing that
    await shown(two, "cat", "Lion 4 legs");
    expect((await animals.get("cat")).data.diet).toBe("mice");

    // Somebody is faster by so little that the screen cannot show it yet.
    await two.route(/\/cat\?rev=/, async (route) => {
      await (await animals.get("cat")).update((data) => {
        data.legs = 5;
      });
      await route.continue();
    });
    await button(two, "Delete Lion").click();
    await says(two, "li .note", /Not deleted: meanwhile it was changed/);
    await shown(two, "cat", "Lion 5 legs");

    await one.locator("#add").getByLabel("Animal").fill("cat");
    await one.keyboard.press("Enter");
    await says(one, "#add .note", /“Lion” is in the book already/);
    expect(complaints).toEqual([]);
  });

  it("takes documents as they come", async () => {
    const name = '<img src=x onerror="document.title=1">'.repeat(4);
    await write("a/b c", { name, legs: 6 });
    await write(`z${"_".repeat(150)}`, { name: "n".repeat(200), legs: 900 });
    const other = await (await couch.get(database)).create("other", { colour: "red" });
    await other.save();
    await (await animals.create("_design/none", {} as Animal)).save();
    const tab = await openTab();
    await tab.setViewportSize({ width: 360, height: 700 });
    await shown(tab, "a/b c", `${name} 6 legs`);
    await shown(tab, "other", "other ");
    await says(tab, "#count", "3 animals");
    expect(await tab.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
    expect(complaints).toEqual([]);
  });

  it("says when the connection is lost, and catches up when it is back", async () => {
    await write("cat", { name: "Cat", legs: 4 });
    const dodo = await write("dodo", { name: "Dodo", legs: 2 });
    const tab = await openTab();
    await line.cut();
    await state(tab, "waiting");
    await says(tab, "#state", "reconnecting …");
    // Any later one: each wait is random, and may be over at once.
    await says(tab, "#detail", /^attempt \d*[2-9]$/);
    await shown(tab, "cat", "Cat 4 legs");
    await button(tab, "Edit Cat").click();
    await says(tab, "li .note:visible", "Not opened: the server cannot be reached.");

    await (await animals.get("cat")).update((data) => {
      data.name = "Tom";
    });
    await dodo.delete();
    await line.mend();
    await button(tab, "Retry now").press("Enter");
    await state(tab, "live");
    expect(await button(tab, "Retry now").isVisible()).toBe(false);
    // Where the keyboard goes on.
    expect(await focused(tab)).toContain('name="name"');
    expect(await tab.locator("#detail").textContent()).toBe("");
    await shown(tab, "cat", "Tom 4 legs");
    await row(tab, "dodo").waitFor({ state: "detached" });
    await write("emu", { name: "Emu", legs: 2 });
    await shown(tab, "emu", "Emu 2 legs");
    expect(complaints).toEqual([]);
  });

  it("says how much is left to catch up with, and shows no old changes as news", async () => {
    await animals.createDocs((docs) => {
      for (let n = 100; n < 400; n += 1) docs.create(`${n}`, { name: `Bee ${n}`, legs: 6 });
    });
    const tab = await context.newPage();
    let goOn = () => {};
    const held = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    // The second one asks for the changes that the first has counted.
    let count = 0;
    await tab.route(/_changes/, async (route) => {
      if (route.request().method() !== "OPTIONS") count += 1;
      if (count > 1) await held;
      await route.continue();
    });
    await tab.goto(page.url);
    await state(tab, "catchingUp");
    await says(tab, "#detail", "200 left");
    expect(await tab.locator("#animals").getAttribute("aria-busy")).toBe("true");
    goOn();
    await state(tab, "live");
    await says(tab, "#count", "300 animals");
    expect(await tab.locator("#news").textContent()).toBe("");
    expect(await tab.locator(".flash").count()).toBe(0);
    expect(await tab.locator("#animals").getAttribute("aria-busy")).toBe("false");
  });

  it("says when the server is stopped, and goes on when it is started again", async ({ skip }) => {
    const stopped = await serverUnderTest();
    const { url, user, password, stop, start } = stopped;
    if (!stop || !start) return skip("nobody has told how to stop this server");
    await using there = new CouchDB(url, { auth: basic(user, password) });
    const book = await there.create<Animal>("book");
    await book.document("cat", { name: "Cat", legs: 4 }).save();
    const own = await startPage({ url: url.replace(/\/$/, ""), user, password, database: "book" });
    try {
      const tab = await context.newPage();
      await tab.goto(own.url);
      await shown(tab, "cat", "Cat 4 legs");
      await stop();
      await state(tab, "waiting");
      await tab.locator("#add").getByLabel("Animal").fill("Emu");
      await tab.keyboard.press("Enter");
      await says(tab, "#add .note", /Not added/);
      await start();
      await state(tab, "live");
      await book.document("dodo", { name: "Dodo", legs: 2 }).save();
      await shown(tab, "dodo", "Dodo 2 legs");
      // What was not added is still there, to be added now.
      await tab.locator("#add").getByLabel("Animal").press("Enter");
      await shown(tab, "emu", "Emu 4 legs");
    } finally {
      await own.close();
      await stopped.close();
    }
  });

  it("says when the database is gone, and does not pretend that it still has rows", async () => {
    await write("cat", { name: "Cat", legs: 4 });
    const tab = await openTab();
    await animals.delete();
    await state(tab, "gone");
    await tab.getByText("The database is gone.").waitFor();
    await row(tab, "cat").waitFor({ state: "detached" });
    await tab.locator("#add").getByLabel("Animal").fill("Emu");
    await tab.keyboard.press("Enter");
    await says(tab, "#add .note", "Not added: the database is gone.");

    await button(tab, "Create it again").click();
    await state(tab, "live");
    await tab.getByText("A blank page.").waitFor();
    await write("emu", { name: "Emu", legs: 2 });
    await shown(tab, "emu", "Emu 2 legs");
    expect(complaints).toEqual([]);
  });
});
