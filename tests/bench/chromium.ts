import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { findChromium, launchChromium } from "../runtimes/chromium.js";
import { bundle } from "./build.js";
import type { Run } from "./rounds.js";
import type { Runtime } from "./runtimes.js";

const repository = new URL("../../", import.meta.url);
// What needs Node, and what needs more than a look-up by path.
const elsewhere = ["nano", "cloudant", "ky"];
// The others are about processes, or connections, of which a browser has six.
const measured = ["scan", "chunked", "feed", "import"];

/** A browser: each run is a page in a context of its own, on another origin than the database. */
export async function openChromium(): Promise<Runtime> {
  const path = findChromium();
  if (!path) throw new Error("there is no Chromium: name one with CHROMIUM_PATH");
  const browser = await launchChromium(path);
  await bundle("pouchdb");
  const server = createServer(async ({ url = "" }, response) => {
    if (url === "/") return response.setHeader("content-type", "text/html").end("<!doctype html>");
    const file = await readFile(new URL(`.${url}`, repository)).catch(() => undefined);
    response.writeHead(file ? 200 : 404, { "content-type": "text/javascript" }).end(file);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const page = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    version: browser.version(),
    entries: ({ name, entries }) =>
      measured.includes(name)
        ? entries.filter(({ module, writes }) => !writes && !elsewhere.includes(module))
        : [],
    async run({ module, run, database }, task) {
      const context = await browser.newContext();
      try {
        const tab = await context.newPage();
        await tab.goto(page);
        const file = module === "pouchdb" ? "pouchdb.bundle" : module;
        return await tab.evaluate<Run, [string, string, object]>(
          async (asked) => {
            const program = "/tests/bench/.built/page.js";
            return (await import(program)).measure(...asked);
          },
          [file, run, { ...task, database }],
        );
      } finally {
        await context.close();
      }
    },
    async close() {
      await browser.close();
      server.close();
    },
  };
}
