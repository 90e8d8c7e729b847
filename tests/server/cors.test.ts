import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { expect, test } from "vitest";
import { Client } from "./client.js";
import { client, foreign, hooks, server } from "./fixture.js";
import { startServer } from "./server.js";

const origin = "https://app.example.org";

/** Sends a request as a page of that origin does; the result is the status and the CORS headers. */
async function ask(
  host: string,
  { url = foreign ?? server.url, method = "GET", headers = {} } = {},
): Promise<Record<string, string | undefined>> {
  const { hostname, port } = new URL(url);
  const sent = { origin, ...headers, host };
  const asked = request({ hostname, port, method, headers: sent, path: "/" }).end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  response.resume();
  await once(response, "end");
  const prefix = "access-control-";
  const ofCors = Object.entries(response.headers).filter(([name]) => name.startsWith(prefix));
  const named = ofCors.map(([name, value]) => [name.slice(prefix.length), String(value)]);
  return { status: String(response.statusCode), ...Object.fromEntries(named) };
}

const preflight = (host: string, wanted: string, names = "") =>
  ask(host, {
    method: "OPTIONS",
    headers: {
      "access-control-request-method": wanted,
      ...(names && { "access-control-request-headers": names }),
    },
  });

const couchHeaders =
  "accept-ranges, etag, server, x-couch-request-id, x-couch-update-newrev, x-couchdb-body-time";

/** A host with a section of its own, so that nobody else's requests are affected. */
async function withHost(
  values: Record<string, string>,
  run: (host: string, set: (key: string, value: string) => Promise<string>) => Promise<void>,
) {
  const host = `${randomUUID()}.example`;
  const path = (key: string) => `/_node/_local/_config/cors:${host}/${key}`;
  const keys = new Set<string>();
  const set = async (key: string, value: string) => {
    keys.add(key);
    return (await client.json("PUT", path(key), value)) as string;
  };
  if ((await client.json("GET", "/_node/_local/_config/chttpd")).enable_cors !== "true")
    throw new Error("these tests need `enable_cors = true`");
  try {
    for (const [key, value] of Object.entries(values)) await set(key, value);
    await run(host, set);
  } finally {
    for (const key of keys) await client.send("DELETE", path(key));
  }
}

const named = { origins: `https://b.example, ${origin}`, credentials: "false" };

test("`origins` and `credentials` have an effect at once", () =>
  withHost(named, async (host, set) => {
    const exposed = { "expose-headers": `content-type, cache-control, ${couchHeaders}` };
    const allowed = { status: "200", "allow-origin": origin, ...exposed };
    expect(await ask(host)).toEqual(allowed);
    expect(await ask(host, { headers: { origin: "https://other.example" } })).toEqual({
      status: "200",
    });
    expect(await ask(host, { headers: { origin: origin.toUpperCase() } })).toEqual({
      status: "200",
    });
    expect(await set("credentials", "true")).toBe("false");
    expect(await ask(host)).toEqual({ ...allowed, "allow-credentials": "true" });
    await set("credentials", "TRUE");
    expect(await ask(host)).toEqual(allowed);
    await set("exposed_headers", "ETag, X-One");
    expect(await ask(host)).toMatchObject({
      "expose-headers": "content-type, cache-control, etag, x-one",
    });
    await set("origins", "");
    expect(await ask(host)).toEqual({ status: "200" });
  }));

test("`methods`, `headers` and `max_age` decide about a preflight", () =>
  withHost(
    { ...named, methods: "GET, COPY", headers: "Accept, If-None-Match" },
    async (host, set) => {
      const allowed = {
        status: "204",
        "allow-origin": origin,
        "allow-methods": "GET, COPY",
        "allow-headers": "",
        "max-age": "600",
      };
      expect(await preflight(host, "COPY")).toEqual(allowed);
      expect(await preflight(host, "GET", "if-none-match, ACCEPT")).toEqual({
        ...allowed,
        "allow-headers": "if-none-match, ACCEPT",
      });
      // CouchDB answers what it refuses as a request of that method.
      expect(await preflight(host, "GET", "accept, x-one")).toMatchObject({ status: "405" });
      expect(await preflight(host, "PUT")).toMatchObject({ status: "405" });
      await set("max_age", "3600");
      await set("methods", "PUT");
      expect(await preflight(host, "PUT")).toEqual({
        ...allowed,
        "allow-methods": "PUT",
        "max-age": "3600",
      });
    },
  ));

hooks("without values CouchDB's own lists count, and without `enable_cors` nothing", async () => {
  const own = await startServer();
  const admin = new Client(own.url.replace("//", "//admin:secret@"));
  const path = "/_node/_local/_config";
  try {
    for (const key of ["methods", "headers"]) await admin.json("DELETE", `${path}/cors/${key}`);
    const wanted = { "access-control-request-method": "PUT" };
    const how = { url: own.url, method: "OPTIONS", headers: wanted };
    expect(await ask("localhost", how)).toMatchObject({
      status: "204",
      "allow-methods": "CONNECT, COPY, DELETE, GET, HEAD, OPTIONS, POST, PUT, TRACE",
    });
    const match = { ...wanted, "access-control-request-headers": "if-none-match" };
    expect(await ask("localhost", { ...how, headers: match })).toMatchObject({ status: "405" });
    await admin.json("PUT", `${path}/chttpd/enable_cors`, "false");
    expect(await ask("localhost", how)).toEqual({ status: "405" });
    expect(await ask("localhost", { url: own.url })).toEqual({ status: "200" });
  } finally {
    await own.close();
  }
});

test("the configuration is read, set and deleted, by administrators", async () => {
  const section = `/_node/_local/_config/test-${randomUUID()}`;
  const node = await client.json("GET", "/_node/_local");
  expect(await client.json("PUT", `${section}/a`, " one two ")).toBe("");
  expect(await client.json("PUT", `${section}/b`, "")).toBe("");
  expect(await client.json("GET", section)).toEqual({ a: "one two", b: "" });
  expect(await client.json("GET", section.replace("_local", node.name))).toEqual({
    a: "one two",
    b: "",
  });
  const name = section.split("/").at(-1) ?? "";
  expect((await client.json("GET", "/_node/_local/_config"))[name]).toEqual({
    a: "one two",
    b: "",
  });
  expect(await client.json("DELETE", `${section}/a`)).toBe("one two");
  expect(await client.json("DELETE", `${section}/b`)).toBe("");
  expect(await client.json("GET", section)).toEqual({});
  const refused: [string, string, unknown, number, string | undefined][] = [
    ["GET", `${section}/a`, undefined, 404, "unknown_config_value"],
    ["DELETE", `${section}/a`, undefined, 404, "unknown_config_value"],
    ["PUT", `${section}/a`, 4, 400, "a JSON string expected"],
    ["PUT", `${section}/a`, "a\nb", 400, "Invalid configuration value"],
    ["PUT", `${section}%5D/a`, "a", 400, "Invalid configuration section"],
    ["PUT", section, "a", 405, "Only GET allowed"],
    ["POST", `${section}/a`, "a", 405, "Only GET,PUT,DELETE allowed"],
    ["GET", `${section}/a/b`, undefined, 404, "missing"],
    ["GET", "/_node", undefined, 400, "Incomplete path to _node request"],
  ];
  for (const [method, path, body, status, reason] of refused) {
    const response = await client.send(method, path, body);
    const json = (await response.json()) as { reason?: string };
    expect([method, path, response.status, json.reason]).toEqual([method, path, status, reason]);
  }
  for (const method of ["GET", "PUT"]) {
    const response = await client.send(method, `${section}/a`, method === "PUT" ? "a" : undefined, {
      headers: { authorization: "" },
    });
    expect(response.status).toBe(401);
  }
});

test("`same_site` is in the session's cookie", async () => {
  const path = "/_node/_local/_config/chttpd_auth/same_site";
  const cookieOf = async () => {
    const { authorization } = client.credentials;
    const [name, password] = atob(authorization.slice(6)).split(":");
    const response = await client.send("POST", "/_session", { name, password });
    return response.headers.get("set-cookie");
  };
  // Another server's sessions are not ours to change.
  if (foreign === undefined) {
    await client.json("PUT", path, "none");
    expect(await cookieOf()).toMatch(/; HttpOnly; SameSite=None$/);
    await client.json("DELETE", path);
  }
  expect(await cookieOf()).toMatch(/; HttpOnly(; SameSite=\w+)?$/);
});

test("`_users` and `_replicator` exist", async () => {
  expect(await client.json("GET", "/_all_dbs")).toEqual(
    expect.arrayContaining(["_replicator", "_users"]),
  );
});
