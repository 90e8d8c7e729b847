/** Takes the picture of two tabs that share a connection, for `npm run pictures`. */

import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { basic, CouchDB } from "couchfetch";
import type { Browser } from "playwright-core";
import { buildPages, servePages, Tabs } from "../examples/pages.js";
import { install } from "../install.js";

const example = new URL("../../examples/frameworks/", import.meta.url);
const viewport = { width: 400, height: 360 };

export async function takeTwoTabs(url: string, browser: Browser, path: string): Promise<void> {
  install(example, "the examples for frameworks");
  const folder = await mkdtemp(join(tmpdir(), "couchfetch-pictures-"));
  await buildPages(example, folder, [], { VITE_COUCHDB_URL: url, VITE_DATABASE: "chores" });
  const pages = await servePages(folder);
  const origin = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;
  const couch = new CouchDB(url, { auth: basic("admin", "secret") });
  const chores = await couch.create("chores");
  const context = await browser.newContext({ viewport });
  try {
    const tabs = new Tabs(context);
    const one = await tabs.open(`${origin}/vue.html`);
    await one.getByLabel("User").fill("admin");
    await one.getByLabel("Password").fill("secret");
    await one.keyboard.press("Enter");
    await one.getByText("live").waitFor();
    const two = await tabs.open(`${origin}/svelte.html`);
    for (const title of ["Fix the gate", "Water the tomatoes", "Feed the cat"]) {
      await one.getByLabel("New chore").fill(title);
      await one.keyboard.press("Enter");
      await two.getByText(title).waitFor();
    }
    await two.getByRole("checkbox", { name: "Water the tomatoes" }).check();
    await one.getByRole("checkbox", { name: "Water the tomatoes", checked: true }).waitFor();
    if (tabs.openFeeds !== 1) throw new Error(`the tabs have ${tabs.openFeeds} feeds`);
    const images = await Promise.all([one, two].map((tab) => tab.screenshot()));
    await one.setViewportSize({ width: 2 * viewport.width + 12, height: viewport.height });
    const shown = images.map(
      (image) => `<img src="data:image/png;base64,${image.toString("base64")}">`,
    );
    await one.setContent(
      `<body style="margin: 0; display: flex; gap: 12px; background: #999">${shown.join("")}</body>`,
    );
    await one.screenshot({ path });
  } finally {
    await context.close();
    pages.close();
    pages.closeAllConnections();
    await chores.delete();
    await couch.close();
    await rm(folder, { recursive: true });
  }
}
