/** Pages of the examples, built by Vite, and tabs of Chromium that show them. */

import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { BrowserContext, Page as Tab } from "playwright-core";

const run = promisify(execFile);

/** Builds an example into a folder. */
export async function buildPages(
  example: URL,
  folder: string,
  options: string[],
  variables: Record<string, string>,
): Promise<void> {
  const vite = fileURLToPath(new URL("node_modules/vite/bin/vite.js", example));
  const where = { cwd: fileURLToPath(example), env: { ...process.env, ...variables } };
  await run(
    process.execPath,
    [vite, "build", "--outDir", folder, "--emptyOutDir", ...options],
    where,
  );
}

/** Checks the types of an example, which has a configuration of its own. */
export async function checkTypes(example: URL): Promise<void> {
  const tsc = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));
  await run(process.execPath, [tsc, "-p", fileURLToPath(example)]);
}

export async function servePages(folder: string): Promise<Server> {
  const types: Record<string, string> = { ".js": "text/javascript", ".css": "text/css" };
  const server = createServer(async ({ url = "/" }, response) => {
    const path = url.endsWith("/") ? `${url}index.html` : url;
    const body = await readFile(join(folder, path)).catch(() => undefined);
    const type = types[extname(path)] ?? "text/html";
    response.writeHead(body ? 200 : 404, { "Content-Type": type }).end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** What a tab has requested, and the feeds that are open. */
interface Requests {
  asked: string[];
  feeds: Set<object>;
}

/** Tabs of one browser session, what they request, and what they complain about. */
export class Tabs {
  readonly complaints: string[] = [];
  readonly requests = new Map<Tab, Requests>();
  readonly #context: BrowserContext;

  constructor(context: BrowserContext) {
    this.#context = context;
  }

  get openFeeds(): number {
    return [...this.requests.values()].reduce((sum, { feeds }) => sum + feeds.size, 0);
  }

  async open(url: string): Promise<Tab> {
    const tab = await this.#context.newPage();
    const feeds = new Set<object>();
    const asked: string[] = [];
    this.requests.set(tab, { asked, feeds });
    tab.on("request", (request) => {
      asked.push(new URL(request.url()).pathname.split("/").at(-1) ?? "");
      if (request.url().includes("feed=continuous")) feeds.add(request);
    });
    tab.on("requestfinished", (request) => feeds.delete(request));
    tab.on("requestfailed", (request) => feeds.delete(request));
    tab.on("close", () => feeds.clear());
    tab.on("pageerror", (error) => this.complaints.push(String(error)));
    tab.on("console", (message) => {
      // Chromium reports lost connections here, as those of these tests are.
      const isFailedRequest = /Failed to load resource|blocked by CORS/.test(message.text());
      if (/error|warning/.test(message.type()) && !isFailedRequest)
        this.complaints.push(message.text());
    });
    await tab.goto(url);
    return tab;
  }
}
