/** `npx tsx tests/demo/pictures.ts`: takes the pictures of the demo's page that the documentation shows. */

import { fileURLToPath } from "node:url";
import { basic, CouchDB } from "couchfetch";
import { startPage } from "../../examples/live/page-server.js";
import { findChromium, launchChromium } from "../runtimes/chromium.js";
import { startServer } from "../server/server.js";
import { takeTwoTabs } from "./two-tabs.js";

const animals = { Bee: 6, Cat: 4, Crane: 2, Octopus: 8, Snail: 1 };
const pictures = [
  { name: "live", colorScheme: "light", width: 820, height: 700, isOffline: false },
  { name: "live-dark", colorScheme: "dark", width: 820, height: 700, isOffline: false },
  { name: "live-phone", colorScheme: "light", width: 375, height: 700, isOffline: false },
  { name: "live-offline", colorScheme: "light", width: 820, height: 700, isOffline: true },
] as const;

const server = await startServer({ cors: { origins: ["*"], credentials: true } });
const url = server.url.replace(/\/$/, "");
const couch = new CouchDB(url, { auth: basic("admin", "secret") });
const page = await startPage({ url, user: "admin", password: "secret", database: "animals" });
const browser = await launchChromium(findChromium() ?? "");
try {
  const db = await couch.create("animals");
  for (const [name, legs] of Object.entries(animals)) {
    await db.document(name.toLowerCase(), { name, legs }).save();
  }
  const octopus = await db.get("octopus");
  for (const { name, colorScheme, width, height, isOffline } of pictures) {
    const tab = await browser.newPage({ colorScheme, viewport: { width, height } });
    await tab.goto(page.url);
    await tab.locator("#state[data-state=live]").waitFor();
    await octopus.update((data) => {
      data.name = data.name === "Octopus" ? "Common octopus" : "Octopus";
    });
    await tab.getByText("was changed").waitFor();
    if (isOffline) {
      await server.stop();
      await tab.locator("#state[data-state=waiting]").waitFor();
      await server.start();
    }
    const path = fileURLToPath(new URL(`../../docs/${name}.png`, import.meta.url));
    await tab.screenshot({ path });
    await tab.close();
  }
  const path = fileURLToPath(new URL("../../docs/live-tabs.png", import.meta.url));
  await takeTwoTabs(url, browser, path);
} finally {
  await browser.close();
  await page.close();
  await couch.close();
  await server.close();
}
