import { CouchDB, type Hooks } from "couchfetch";
import { expect, test } from "vitest";
import { json, startAnswering } from "../faults/answering.js";
import { blocks } from "./blocks.js";
import { openTelemetry } from "./open-telemetry.js";

const [recipe] = blocks().filter(
  ({ page, code }) => page === "docs/tracing.md" && code.includes("@opentelemetry/api"),
);

test("the recipe of docs/tracing.md makes a span of each attempt, which the server hears of", async () => {
  const { api, spans } = openTelemetry();
  const [, imports = "", body = ""] =
    /^import (\{.*?\}) from "@opentelemetry\/api";\n(.*?)const traced = /s.exec(
      recipe?.code ?? "",
    ) ?? [];
  const hooks: Hooks = new Function("api", `const ${imports} = api; ${body} return hooks;`)(api);
  const server = await startAnswering((response, before) => {
    if (before === 0) return json(response, 503, { error: "busy", reason: "later" });
    json(response, 200, { couchdb: "Welcome" });
  });
  const couch = new CouchDB(server.url, { hooks });
  await couch.info();
  const attributes = {
    "http.request.method": "GET",
    "url.full": `${server.url}/`,
    "server.address": "127.0.0.1",
  };
  const failed = { ...attributes, "http.response.status_code": 503 };
  const message = `GET ${server.url}/: 503 busy (later)`;
  const passed = {
    ...attributes,
    "http.request.resend_count": 1,
    "http.response.status_code": 200,
  };
  const span = { name: "GET", kind: 2, ended: 1 };
  expect(spans).toEqual([
    { ...span, attributes: failed, status: { code: 2, message } },
    { ...span, attributes: passed, status: undefined },
  ]);
  expect(server.headers.map(({ traceparent }) => traceparent)).toEqual([
    "00-trace-1-01",
    "00-trace-2-01",
  ]);
  await couch.close();
  await server.close();
});
