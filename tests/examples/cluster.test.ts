import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { basic, CouchDB } from "couchfetch";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Line } from "../demo/line.js";
import { freePort } from "../free-port.js";
import { findProgram } from "../runtimes/programs.js";
import { type ServerUnderTest, serverUnderTest } from "../server-under-test.js";

const example = new URL("../../examples/cluster/", import.meta.url);
const haproxy = findProgram("haproxy");
if (!haproxy) {
  console.warn(
    "examples/cluster is not tried: there is no haproxy here (Debian: apt-get install haproxy)",
  );
}

let server: ServerUnderTest;
let nodes: Line[];
let folder: string;
let running: ChildProcess[];
const database = `cluster_${crypto.randomUUID()}`;

beforeEach(async () => {
  server = await serverUnderTest();
  // Three ways to one server stand for the nodes of a cluster: each can be cut.
  nodes = [new Line(server.url), new Line(server.url), new Line(server.url)];
  for (const node of nodes) await node.mend();
  folder = mkdtempSync(join(tmpdir(), "couchfetch-cluster-"));
  running = [];
});

afterEach(async () => {
  for (const child of running) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  for (const node of nodes) await node.cut().catch(() => {});
  await server.close();
  rmSync(folder, { recursive: true });
});

/** The example's HAProxy, with our nodes. */
async function startProxy(): Promise<string> {
  const port = await freePort();
  let config = readFileSync(new URL("haproxy.cfg", example), "utf8").replace(
    "bind :5984",
    `bind 127.0.0.1:${port}`,
  );
  for (const [index, { origin }] of nodes.entries()) {
    const name = `node${index + 1}.couchdb:5984`;
    expect(config).toContain(name);
    config = config.replace(name, new URL(origin).host);
  }
  const file = join(folder, "haproxy.cfg");
  writeFileSync(file, config);
  const child = spawn(haproxy ?? "", ["-f", file], { stdio: "ignore" });
  running.push(child);
  const url = `http://127.0.0.1:${port}`;
  const isUp = () =>
    fetch(`${url}/_up`).then(
      ({ status }) => status,
      () => 0,
    );
  await expect.poll(isUp, { timeout: 10_000 }).toBe(200);
  return url;
}

test.skipIf(!haproxy)(
  "what is followed moves to another node when one dies, and misses nothing",
  {
    timeout: 60_000,
  },
  async () => {
    const proxy = new URL(await startProxy());
    proxy.username = server.user;
    proxy.password = server.password;
    const watch = fileURLToPath(new URL("watch.ts", example));
    const child = spawn(process.execPath, ["--import", "tsx", watch], {
      env: { ...process.env, COUCHDB_URL: proxy.href, DATABASE: database },
      stdio: ["ignore", "pipe", "inherit"],
    });
    running.push(child);
    let printed = "";
    child.stdout?.on("data", (chunk) => {
      printed += chunk;
    });
    const count = (what: RegExp) => printed.match(what)?.length ?? 0;
    const patience = { timeout: 20_000 };
    try {
      await expect.poll(() => count(/feed: live/g), patience).toBe(1);
      // Whichever has the feed: after two it has moved at least once, or was where it is now all the time.
      for (const node of nodes.slice(0, 2)) {
        const before = count(/^written/gm);
        await node.cut();
        await expect.poll(() => count(/^written/gm), patience).toBeGreaterThan(before + 1);
      }
      for (const node of nodes.slice(0, 2)) await node.mend();
      await nodes[2]?.cut();
      await expect.poll(() => count(/feed: live/g), patience).toBeGreaterThan(1);
      child.kill("SIGINT");
      await once(child, "exit");
      expect(printed).toContain("feed: waiting (IncompleteResponseError");
      expect(printed).toMatch(/\nNothing was missed\.\n$/);
    } finally {
      const couch = new CouchDB(server.url, { auth: basic(server.user, server.password) });
      await couch.delete(database).catch(() => {});
      await couch.close();
    }
  },
);
