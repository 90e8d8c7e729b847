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
    server = {
      url: origin + pathname,
      user: decodeURIComponent(username),
      password: decodeURIComponent(password),
    };
  } else {
    const embedded = await startServer();
    server = { url: embedded.url, user: "admin", password: "secret" };
    stop = () => embedded.close();
  }
});

afterAll(() => stop());

/** What the embedded server cannot do, and why. */
const lacking: Record<string, string> = process.env.COUCHDB_URL
  ? {}
  : { "__proto__ members": "PouchDB, which stores for the embedded server, drops them" };

for (const [name, cases] of Object.entries(suites)) {
  describe(name, () => {
    for (const each of cases) {
      const why = lacking[each.needs ?? ""];
      if (why) console.log(`skipped: ${name}: ${each.name}: ${why}`);
      test.skipIf(why)(each.name, () => runCase(each, server));
    }
  });
}
