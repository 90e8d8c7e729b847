/** The embedded server in a process of its own: it tells its URL, and restarts when it is told to. */

import { startServer } from "../server/server.js";

const server = await startServer();
process.on("message", async () => {
  await server.stop();
  await server.start();
  process.send?.("restarted");
});
process.send?.(server.url);
