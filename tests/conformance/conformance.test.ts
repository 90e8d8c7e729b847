import { afterAll, beforeAll, describe, test } from "vitest";
import { startServer } from "../server/server.js";
import { type Context, runCase } from "./case.js";
import { suites } from "./cases/index.js";

let server: Pick<Context, "url" | "user" | "password">;
let stop = async () => {};

beforeAll(async () => {
  const given = process.env.COUCHDB_URL;
  if (given) {
    const { origin, pathname, username, password } = new URL(given);
    server = { url: origin + pathname, user: username, password };
  } else {
    const embedded = await startServer();
    server = { url: embedded.url, user: "admin", password: "secret" };
    stop = () => embedded.close();
  }
});

afterAll(() => stop());

for (const [name, cases] of Object.entries(suites)) {
  describe(name, () => {
    for (const each of cases) test(each.name, () => runCase(each, server));
  });
}
