import { afterAll, beforeAll, describe, test } from "vitest";
import { type ServerUnderTest, serverUnderTest } from "../server-under-test.js";
import { runCase } from "./case.js";
import { suites } from "./cases/index.js";

let server: ServerUnderTest;

beforeAll(async () => {
  server = await serverUnderTest();
});

afterAll(() => server.close());

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
