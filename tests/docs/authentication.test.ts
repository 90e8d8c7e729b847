import { readFileSync } from "node:fs";
import { type Auth, CouchDB } from "couchfetch";
import { expect, test } from "vitest";
import { json, startAnswering } from "../faults/answering.js";

const page = readFileSync(new URL("../../docs/authentication.md", import.meta.url), "utf8");
const blocks = Array.from(page.matchAll(/```js\n(.*?)```/gs), ([, code = ""]) => code);

test("the Auth of one's own that docs/authentication.md shows asks for a token once, and again", async () => {
  const [, code = ""] = /(function iam.*?\n\})\n/s.exec(blocks.at(-1) ?? "") ?? [];
  const iam = new Function(`return ${code}`)() as (key: string, url: string) => Auth;
  let given = 0;
  const tokens = await startAnswering((response, _before, _request, body) => {
    expect(body).toContain("apikey=my+key");
    given += 1;
    json(response, 200, { access_token: `t${given}` });
  });
  let valid = "Bearer t1";
  const server = await startAnswering((response, _before, { headers }) => {
    if (headers.authorization === valid) return json(response, 200, { couchdb: "Welcome" });
    json(response, 401, { error: "unauthorized", reason: "expired" });
  });
  const couch = new CouchDB(server.url, { auth: iam("my key", tokens.url) });
  const ask = () => Promise.all(Array.from({ length: 20 }, () => couch.info()));
  await ask();
  expect(given).toBe(1);
  valid = "Bearer t2";
  await ask();
  expect(given).toBe(2);
  await server.close();
  await tokens.close();
});
