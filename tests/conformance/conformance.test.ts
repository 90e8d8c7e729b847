import { afterAll, beforeAll, describe, test } from "vitest";
import { type ServerUnderTest, serverUnderTest } from "../server-under-test.js";
import { runCase } from "./case.js";
import { suites } from "./cases/index.js";

let server: ServerUnderTest;

beforeAll(async () => {
  server = await serverUnderTest();
});

afterAll(() => server.close());

for (const [name, cases] of Object.entries(suites)) {
  describe(name, () => {
    for (const each of cases) {
      test(each.name, ({ skip }) => {
        const reason = each.needs && server.lacks[each.needs];
        if (reason) console.log(`skipped: ${each.name}: ${reason}`);
        skip(reason !== undefined, reason);
        return runCase(each, server);
      });
    }
  });
}
