/** `npm run demo`: couchfetch in a terminal and on a page. `-- --once` ends by itself. */

import { access } from "node:fs/promises";
import { distFile } from "./page-server.js";

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());

try {
  await access(distFile).catch(() => {
    throw new Error("couchfetch is not built yet: run npm run build first.");
  });
  // Not before it is known to be there: the demo imports couchfetch as its users do.
  const { runDemo } = await import("./demo.js");
  const { COUCHDB_URL, DEMO_DATABASE, PORT } = process.env;
  const port = Number(PORT || 0);
  if (!(Number.isInteger(port) && port >= 0 && port < 65_536)) {
    throw new Error(`PORT is a number up to 65535, not ${PORT}.`);
  }
  await runDemo({
    couchUrl: COUCHDB_URL,
    database: DEMO_DATABASE || "couchfetch-demo",
    port,
    once: process.argv.includes("--once"),
    stop: stop.signal,
  });
} catch (error) {
  const { code, port, message } = error as NodeJS.ErrnoException & { port?: number };
  const taken = `Port ${port} is taken: choose another with PORT.`;
  console.error(`\n${code === "EADDRINUSE" ? taken : message}`);
  process.exitCode = 1;
}
