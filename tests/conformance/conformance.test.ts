import { afterAll, beforeAll, describe, test } from "vitest";
import { type ServerUnderTest, serverUnderTest } from "../server-under-test.js";
import { reasonToSkip, runCase } from "./case.js";
import { suites } from "./cases/index.js";
import { startProxyService } from "./proxy-service.js";

let server: ServerUnderTest;
let proxies: Awaited<ReturnType<typeof startProxyService>>;

beforeAll(async () => {
  server = await serverUnderTest();
  proxies = await startProxyService(server.url);
});

afterAll(async () => {
  await proxies.close();
  await server.close();
});

for (const [name, cases] of Object.entries(suites)) {
  describe(name, () => {
    for (const each of cases) {
      test(each.name, ({ skip }) => {
        const reason = reasonToSkip(each, server.lacks);
        if (reason) console.log(`skipped: ${each.name}: ${reason}`);
        skip(reason !== undefined, reason);
        return runCase(each, { ...server, proxies: proxies.url });
      });
    }
  });
}
