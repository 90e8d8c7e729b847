import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { end, type Order, type Result } from "./suite.js";

const root = new URL("../../", import.meta.url);
const page = '<!doctype html><script type="module" src="/tests/runtimes/.built/page.js"></script>';

// Longer than a case may take.
const patience = 60_000;

/** What a run needs beside the server: where a page comes from, and where results go. */
export interface Stage {
  url: string;
  order: Order;
  /** What has come so far. */
  results: Map<string, Result>;
  /** Resolves when all have come, or none for too long. */
  over: Promise<void>;
  close(): void;
}

export async function startStage(asked: Omit<Order, "results">): Promise<Stage> {
  const results = new Map<string, Result>();
  let finish = () => {};
  const over = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let timer = setTimeout(finish, patience);
  const server = createServer(async (request, response) => {
    const { method, url = "" } = request;
    if (method === "POST") {
      clearTimeout(timer);
      timer = setTimeout(finish, patience);
      const told = await text(request);
      if (told === end) finish();
      else {
        const result: Result = JSON.parse(told);
        results.set(result.name, result);
      }
      response.end();
    } else if (url === "/order") {
      response.end(JSON.stringify(stage.order));
    } else if (url === "/") {
      response.setHeader("content-type", "text/html").end(page);
    } else {
      const file = await readFile(new URL(`.${url}`, root)).catch(() => undefined);
      response.writeHead(file ? 200 : 404, { "content-type": "text/javascript" }).end(file);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const stage: Stage = {
    url,
    order: { ...asked, results: url },
    results,
    over,
    close() {
      clearTimeout(timer);
      server.close();
      server.closeAllConnections();
    },
  };
  return stage;
}
