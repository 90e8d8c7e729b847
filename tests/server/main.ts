import { parseArgs } from "node:util";
import { startServer } from "./server.js";

const { values } = parseArgs({
  options: {
    host: { type: "string", default: "127.0.0.1" },
    port: { type: "string", default: "5984" },
    user: { type: "string", default: "admin" },
    password: { type: "string", default: "secret" },
  },
});

const { host, user, password } = values;
const server = await startServer({ host, port: Number(values.port), user, password });
console.log(`An embedded CouchDB listens at ${server.url} (user ${user}, password ${password}).`);

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void server.close());
