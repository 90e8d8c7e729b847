/** Runs what docs/cors.md shows, as it is there, with the server that it shows. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import * as couchfetch from "couchfetch";
import * as administration from "couchfetch/admin";
import { afterEach, expect, test } from "vitest";
import { Client } from "../server/client.js";
import { start, stopAll } from "../server/command.js";
import { blocks } from "./blocks.js";

const AsyncFunction = (async () => {}).constructor as FunctionConstructor;
const origin = "https://app.example.org";

const shown = blocks().filter(({ page }) => page === "docs/cors.md");
const codeOf = (language: string, part: string | RegExp = "") => {
  const found = shown.filter((block) => block.language === language && block.code.match(part));
  if (found.length !== 1) throw new Error(`${found.length} blocks of ${language} with ${part}`);
  return found[0]?.code ?? "";
};

afterEach(stopAll);

/** Starts the server with the command of the page, on a free port. */
async function serve() {
  const [, parameters = ""] =
    /^npm run server -- --port 5984 (.*)$/m.exec(codeOf("sh", "npm")) ?? [];
  expect(parameters).not.toBe("");
  const { url } = await start(...parameters.split(" "));
  const client = new Client(url.replace("//", "//admin:secret@"));
  const config = (path: string) => client.json("GET", `/_node/_local/_config/${path}`);
  return { url, client, config };
}

type Served = Awaited<ReturnType<typeof serve>>;

/** Sets what an ini file says. */
async function apply({ client }: Served, ini: string): Promise<void> {
  let section = "";
  for (const line of ini.split("\n").filter((text) => text !== "" && !text.startsWith(";"))) {
    const [, name] = /^\[(.*)\]$/.exec(line) ?? [];
    section = name ?? section;
    const [key = "", value] = line.split(" = ");
    if (name) continue;
    if (value === undefined) throw new Error(`no value: ${line}`);
    await client.json("PUT", `/_node/_local/_config/${section}/${key}`, value);
  }
}

/** Runs the page's program. */
async function configure({ url }: Served): Promise<void> {
  const couch = new couchfetch.CouchDB(url, { auth: couchfetch.basic("admin", "secret") });
  const program = codeOf("js", "setConfig").replace(
    /^import { admin } from "couchfetch\/admin";$/m,
    "",
  );
  try {
    await new AsyncFunction("couch", "admin", program)(couch, administration.admin);
  } finally {
    await couch.close();
  }
}

/** Runs the page's curl; the result is the status and the CORS headers. */
async function check({ url }: Served, change = (command: string) => command) {
  const command = change(codeOf("sh", "curl").replace("http://localhost:5984", url));
  const { stdout } = await promisify(execFile)("sh", ["-c", command]);
  const [, status] = /^HTTP\/1.1 (\d+)/.exec(stdout) ?? [];
  const headers = stdout.match(/^Access-Control-(?!Expose).*/gim)?.map((line) => line.trim());
  return { status, headers: headers?.sort() ?? [] };
}

const expected = codeOf("http").trim().split("\n");

test("the file and the program set the same, with the effect that the page shows", async () => {
  const [filed, programmed] = await Promise.all([serve(), serve()]);
  const credentials = "Access-Control-Allow-Credentials: true";
  for (const served of [filed, programmed]) {
    const before = await check(served);
    expect(before.status).toBe("204");
    expect(before.headers).not.toEqual([credentials, ...expected]);
  }
  await apply(filed, codeOf("ini", "max_age"));
  await configure(programmed);
  expect(await programmed.config("cors")).toEqual(await filed.config("cors"));
  expect(await programmed.config("chttpd")).toEqual(await filed.config("chttpd"));
  for (const served of [filed, programmed]) {
    // The command of the page starts it with credentials.
    expect(await check(served)).toEqual({ status: "204", headers: [credentials, ...expected] });
    await served.client.json("PUT", "/_node/_local/_config/cors/credentials", "false");
    expect(await check(served)).toEqual({ status: "204", headers: expected });
    const others: [string, string][] = [
      [origin, "https://other.example.org"],
      ["COPY", "PATCH"],
      ["if-none-match", "x-other"],
    ];
    for (const [from, to] of others) {
      const { status } = await check(served, (command) => command.replace(from, to));
      expect([to, status]).toEqual([to, "405"]);
    }
    await served.client.json("PUT", "/_node/_local/_config/chttpd/enable_cors", "false");
    expect(await check(served)).toEqual({ status: "405", headers: [] });
  }
});

test("the settings for cookies have the effect that the page shows", async () => {
  const served = await serve();
  await apply(served, codeOf("ini", "same_site"));
  const login = await fetch(`${served.url}/_session`, {
    method: "POST",
    headers: { origin, "content-type": "application/json" },
    body: JSON.stringify({ name: "admin", password: "secret" }),
  });
  expect(login.status).toBe(200);
  expect(login.headers.get("access-control-allow-origin")).toBe(origin);
  expect(login.headers.get("access-control-allow-credentials")).toBe("true");
  expect(login.headers.get("set-cookie")).toMatch(/; SameSite=None$/);
  const other = await fetch(served.url, { headers: { origin: "https://other.example.org" } });
  expect(other.headers.get("access-control-allow-origin")).toBe(null);
});

test("the command of the page creates the database, and lets pages send cookies", async () => {
  const { url, client } = await serve();
  expect(await client.json("GET", "/animals")).toMatchObject({ doc_count: 0 });
  const { headers } = await fetch(url, { headers: { origin: "http://localhost:5173" } });
  expect(headers.get("access-control-allow-origin")).toBe("http://localhost:5173");
  expect(headers.get("access-control-allow-credentials")).toBe("true");
});

test("each block of the page is one of those that are run here", () => {
  expect(shown.map(({ language }) => language)).toEqual(["ini", "js", "sh", "http", "ini", "sh"]);
});
