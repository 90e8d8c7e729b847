import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** What the page needs to know to talk to CouchDB by itself. */
export interface PageConfig {
  /** Without credentials. */
  url: string;
  database: string;
  user?: string;
  password?: string;
}

export interface Page {
  url: string;
  /** The paths of all that is served. */
  paths: string[];
  close(): Promise<void>;
}

/** couchfetch as it was built. The page gets its bytes unchanged. */
export const distFile = new URL("../../dist/index.js", import.meta.url);

const script = "text/javascript; charset=utf-8";
const files: Record<string, { file: URL; type: string }> = {
  "/": { file: new URL("page/index.html", import.meta.url), type: "text/html; charset=utf-8" },
  "/theme.css": { file: new URL("page/theme.css", import.meta.url), type: "text/css" },
  "/style.css": { file: new URL("page/style.css", import.meta.url), type: "text/css" },
  "/app.js": { file: new URL("page/app.js", import.meta.url), type: script },
  "/list.js": { file: new URL("page/list.js", import.meta.url), type: script },
  "/couchfetch.js": { file: distFile, type: script },
};

/** Serves the page on this machine only: its configuration holds the credentials. */
export async function startPage(config: PageConfig, { port = 0 } = {}): Promise<Page> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src data:",
    `connect-src 'self' ${new URL(config.url).origin}`,
  ].join("; ");

  const server = createServer(async (request, response) => {
    const answer = (status: number, type: string, body: string | Uint8Array) => {
      response.writeHead(status, {
        "Content-Type": type,
        "Cache-Control": "no-store",
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
      });
      response.end(body);
    };
    try {
      const { pathname } = new URL(request.url ?? "/", "http://localhost");
      const known = files[pathname];
      // A foreign site whose name leads to this machine must not read the credentials.
      if (!isLocal(request.headers.host)) answer(403, "text/plain", "Not from there\n");
      else if (pathname === "/config.json") answer(200, "application/json", JSON.stringify(config));
      else if (known) answer(200, known.type, await readFile(known.file));
      else answer(404, "text/plain", "There is no such page\n");
    } catch {
      answer(500, "text/plain", "The page cannot be read\n");
    }
  });

  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    paths: [...Object.keys(files), "/config.json"],
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

function isLocal(host = ""): boolean {
  return /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host);
}
