import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { basic, CouchDB, type Database } from "couchfetch";
import { importDocs } from "couchfetch/transfer";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Line } from "../demo/line.js";
import { freePort } from "../free-port.js";
import { type ServerUnderTest, serverUnderTest } from "../server-under-test.js";
import { type Program, startProgram } from "./program.js";

const patience = { timeout: 20_000 };

let server: ServerUnderTest;
let couch: CouchDB;
let db: Database;
/** What the other system has by now. */
let index: Map<string, unknown>;
let isAway: boolean;
let refused: number;
let running: Program[];
const target = createServer(async (request, response) => {
  const body = await text(request);
  if (isAway) {
    refused += 1;
    return response.writeHead(503).end();
  }
  for (const line of body.split("\n").filter(Boolean)) {
    const { put, delete: gone, doc } = JSON.parse(line);
    if (gone !== undefined) index.delete(gone);
    else index.set(put, doc.n);
  }
  response.end();
});

beforeEach(async () => {
  server = await serverUnderTest();
  couch = new CouchDB(server.url, { auth: basic(server.user, server.password) });
  db = await couch.create(`sync_${crypto.randomUUID()}`);
  index = new Map();
  isAway = false;
  refused = 0;
  running = [];
  target.listen(0, "127.0.0.1");
  await once(target, "listening");
});

afterEach(async () => {
  for (const { child, ended } of running) {
    child.kill("SIGKILL");
    await ended;
  }
  target.close();
  target.closeAllConnections();
  await db.delete();
  await couch.close();
  await server.close();
});

function start({ url = server.url, health = 0 } = {}): Program {
  const address = new URL(url);
  address.username = server.user;
  address.password = server.password;
  const { port } = target.address() as AddressInfo;
  const env = {
    COUCHDB_URL: address.href,
    DATABASE: db.id,
    TARGET_URL: `http://127.0.0.1:${port}/bulk`,
    PORT: `${health}`,
  };
  const program = startProgram("examples/node-sync/sync.ts", { env });
  running.push(program);
  return program;
}

const inStep = async () => {
  const docs = await db.docs().toArray();
  return expect
    .poll(() => Object.fromEntries(index), patience)
    .toEqual(Object.fromEntries(docs.map(({ id, data }) => [id, data.n])));
};

test("the other system is kept in step, whoever is away or dies", { timeout: 90_000 }, async () => {
  await importDocs(
    db,
    Array.from({ length: 300 }, (_, n) => ({ _id: `d${n}`, n })),
  );
  const first = start();
  await inStep();
  await (await db.get("d1")).delete();
  await (await db.get("d2")).update((data) => {
    data.n = "two";
  });
  await inStep();

  // The target is away: changes wait.
  isAway = true;
  await importDocs(db, [{ _id: "late", n: 1 }]);
  await expect.poll(() => refused, patience).toBeGreaterThan(1);
  expect(index.has("late")).toBe(false);
  // So does the service that is killed meanwhile, and another that goes on.
  first.child.kill("SIGKILL");
  await first.ended;
  await (await db.get("d3")).delete();
  const second = start();
  isAway = false;
  await inStep();

  // In order, it marks where it is: the next begins there.
  await importDocs(db, [{ _id: "last", n: 1 }]);
  await inStep();
  second.child.kill("SIGTERM");
  expect(await second.ended).toBe(0);
  expect(second.printed()).toMatch(/stopped\n$/);
  index.clear();
  const third = start();
  await expect.poll(third.printed, patience).toContain("feed: live");
  await importDocs(db, [{ _id: "new", n: 1 }]);
  await expect.poll(() => index.has("new"), patience).toBe(true);
  expect(index.size).toBeLessThan(5);
  expect(index.has("d10")).toBe(false);
});

test("its health is the state of its feed", { timeout: 60_000 }, async () => {
  const line = new Line(server.url);
  await line.mend();
  const url = line.origin + new URL(server.url).pathname;
  const health = await freePort();
  const { child, printed } = start({ url, health });
  const ask = async () => {
    const response = await fetch(`http://127.0.0.1:${health}/`);
    return { status: response.status, ...((await response.json()) as object) };
  };
  const askOnceUp = () => ask().catch(() => undefined);
  try {
    await expect.poll(askOnceUp, patience).toMatchObject({ status: 200, state: "live" });
    await line.cut();
    await expect
      .poll(printed, patience)
      .toMatch(/feed: waiting, attempt 2 \(Network.*ECONNREFUSED/);
    const waiting = { status: 503, state: "waiting", attempt: expect.any(Number) };
    expect(await ask()).toMatchObject(waiting);
    await line.mend();
    if (process.platform !== "win32") child.kill("SIGHUP");
    await expect.poll(ask, patience).toMatchObject({ status: 200, state: "live" });
    await db.document("cat", { n: 1 }).save();
    await inStep();
  } finally {
    await line.cut();
  }
});
