import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { basic, CouchDB, type Database, deploy } from "couchfetch";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Fault, type FaultProxy, startProxy } from "../faults/proxy.js";
import { findProgram } from "../runtimes/programs.js";
import { type ServerUnderTest, serverUnderTest } from "../server-under-test.js";
import { type RunningWorker, runWorker } from "./workerd.js";

const workerd = findProgram("workerd") ?? "";
if (!workerd) {
  console.warn(
    "The worker of the examples is not tested: there is no workerd here. `npm run test:all` installs it on Linux on x64; " +
      "else name yours with WORKERD_PATH.",
  );
}

type Animal = { name: string; legs: number; text?: string };
type Handed = { id: string; seq: unknown; deleted?: boolean; doc: Partial<Animal> };

describe.skipIf(!workerd)("the worker of the examples", { timeout: 60_000 }, () => {
  let server: ServerUnderTest;
  let couch: CouchDB;
  let animals: Database<Animal>;
  /** Between the worker and the CouchDB. */
  let proxy: FaultProxy;
  let faultOf: (request: string) => Fault | undefined;
  let indexer: Server;
  /** What the indexer was handed, piece by piece, and whether it takes the next. */
  let pieces: Handed[][];
  let takes: () => boolean;
  const workers: RunningWorker[] = [];

  beforeAll(async () => {
    server = await serverUnderTest();
  });

  beforeEach(async () => {
    const { url, user, password } = server;
    couch = new CouchDB(url, { auth: basic(user, password) });
    animals = await couch.create<Animal>(`worker_${crypto.randomUUID()}`);
    faultOf = () => undefined;
    proxy = await startProxy(url.replace(/\/$/, ""), ({ method, path }) =>
      faultOf(`${method} ${path}`),
    );
    pieces = [];
    takes = () => true;
    indexer = createServer(async (request, response) => {
      const piece = (await json(request)) as Handed[];
      const isTaken = request.url === "/changes" && takes();
      if (isTaken) pieces.push(piece);
      response.writeHead(isTaken ? 200 : 503).end("a word that nobody reads");
    }).listen(0, "127.0.0.1");
    await once(indexer, "listening");
  });

  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.stop()));
    await proxy.close();
    indexer.close();
    indexer.closeAllConnections();
    await animals.delete().catch(() => {});
    await couch.close();
  });

  afterAll(() => server.close());

  async function start(vars: Record<string, string> = {}): Promise<RunningWorker> {
    const { port } = indexer.address() as AddressInfo;
    const services = { COUCHDB: Number(new URL(proxy.url).port), INDEXER: port };
    const worker = await runWorker(workerd, "cloudflare-worker", services, {
      DATABASE: animals.id,
      COUCHDB_USER: server.user,
      COUCHDB_PASSWORD: server.password,
      ...vars,
    });
    workers.push(worker);
    return worker;
  }

  /** Some animals, of so many bytes each: together more than comes in one piece. Gives their ids. */
  async function write(legs: number, count: number, bytes = 1000): Promise<string[]> {
    const ids = Array.from({ length: count }, (_, n) => `${legs}-${n}`);
    const { error } = await animals.createDocs((docs) => {
      for (const id of ids) docs.create(id, { name: id, legs, text: "é".repeat(bytes / 2) });
    });
    expect(error).toHaveLength(0);
    return ids.toSorted();
  }

  const handed = () => pieces.flat().map(({ id }) => id);

  describe("a query", () => {
    test("is answered while the CouchDB still sends", async () => {
      await write(2, 50);
      const ids = await write(4, 300);
      faultOf = (request) => (request.includes("/_find") ? { hold: 50_000 } : undefined);
      const { url } = await start();
      const answer = await fetch(`${url}/animals?legs=4`);
      expect(answer.status).toBe(200);
      const decoder = new TextDecoder();
      let lines = "";
      for await (const piece of answer.body ?? []) {
        lines += decoder.decode(piece, { stream: true });
        // There is a whole one: now the CouchDB may send the rest.
        if (lines.includes("\n")) for (const passing of proxy.underWay) passing.goOn();
      }
      const found = lines.trimEnd().split("\n");
      expect(found.map((line) => JSON.parse(line)._id).toSorted()).toEqual(ids);
    });

    test("ends at the CouchDB, too, when who asked has left", async () => {
      await write(4, 100, 200_000);
      const { url } = await start();
      const leaving = new AbortController();
      const answer = await fetch(`${url}/animals?legs=4`, { signal: leaving.signal });
      await answer.body?.getReader().read();
      const [query] = proxy.underWay;
      leaving.abort();
      await expect.poll(() => proxy.underWay.size, { timeout: 10_000 }).toBe(0);
      expect(query?.sent).toBeLessThan(100 * 200_000);
    });

    test("that is cut off is not taken for all", async () => {
      await write(4, 300);
      faultOf = (request) => (request.includes("/_find") ? { after: 50_000 } : undefined);
      const { url } = await start();
      const answer = await fetch(`${url}/animals?legs=4`);
      expect(answer.status).toBe(200);
      await expect(answer.text()).rejects.toThrow();
    });

    test("that makes no sense is a 400", async () => {
      const { url } = await start();
      for (const query of ["", "?legs=", "?legs=many", "?legs=-1"]) {
        expect((await fetch(`${url}/animals${query}`)).status, query).toBe(400);
      }
    });
  });

  describe("a document", () => {
    test("is read with its revision, once for who knows it", async () => {
      const cat = await animals.create("big/cat", { name: "Cat", legs: 4 });
      await cat.save();
      const { url } = await start();
      const address = `${url}/animals/big%2Fcat`;
      const answer = await fetch(address);
      expect(answer.status).toBe(200);
      expect(await answer.json()).toEqual({ _id: "big/cat", _rev: cat.rev, name: "Cat", legs: 4 });
      const etag = answer.headers.get("etag") ?? "";
      const known = { headers: { "if-none-match": `"1-other", W/${etag}` } };
      const again = await fetch(address, known);
      expect([again.status, await again.text()]).toEqual([304, ""]);
      await cat.update((data) => {
        data.legs = 3;
      });
      expect(await (await fetch(address, known)).json()).toMatchObject({ legs: 3 });
    });

    test("that is not there, or is CouchDB's own, is a 404", async () => {
      const cat = await animals.create("cat", { name: "Cat", legs: 4 });
      await cat.save();
      await cat.delete();
      await deploy(animals, [{ _id: "_design/zoo", language: "javascript" }]);
      const { url } = await start();
      for (const id of ["cat", "dog", "_design/zoo", "_design%2Fzoo", "%5Fall_docs", ""]) {
        expect((await fetch(`${url}/animals/${id}`)).status, id).toBe(404);
      }
      expect((await fetch(`${url}/animals/%zz`)).status).toBe(400);
    });

    test("is written, but not over what somebody else has written", async () => {
      const { url } = await start();
      const put = (body: unknown, rev?: string) =>
        fetch(`${url}/animals/cat`, {
          method: "PUT",
          body: JSON.stringify(body),
          headers: rev ? { "if-match": rev } : {},
        });
      const cat = { name: "Cat", legs: 4 };
      const created = await put(cat);
      expect(created.status).toBe(201);
      expect((await put({ ...cat, legs: 5 })).status).toBe(409);
      const rev = created.headers.get("etag") ?? "";
      const replaced = await put({ ...cat, legs: 3, _deleted: true }, rev);
      expect(replaced.status).toBe(204);
      expect((await put({ ...cat, legs: 6 }, rev)).status).toBe(409);
      for (const condition of ["*", `W/${rev}`, "1-abc"]) {
        expect((await put({ ...cat, legs: 7 }, condition)).status).toBe(412);
      }
      expect((await put(cat, '"nonsense"')).status).toBe(400);
      for (const nonsense of [null, {}, { name: "Cat" }, { name: 1, legs: 4 }]) {
        expect((await put(nonsense)).status).toBe(400);
      }
      const { rev: now, json } = await animals.get("cat");
      expect(json).toEqual({ name: "Cat", legs: 3 });
      expect(replaced.headers.get("etag")).toBe(`"${now}"`);
    });
  });

  describe("what goes wrong is a 502 that does not tell where the CouchDB is", () => {
    async function expectSilence(answer: Response) {
      expect(answer.status).toBe(502);
      const told = JSON.stringify([...answer.headers]) + (await answer.text());
      for (const secret of ["couchdb.internal", animals.id, server.password, server.user]) {
        expect(told).not.toContain(secret);
      }
      expect(told).not.toMatch(/127\.0\.0\.1|_find/);
      return told;
    }

    test("nobody is there", async () => {
      const { url } = await start();
      await proxy.refuse();
      await expectSilence(await fetch(`${url}/animals?legs=4`));
      await expectSilence(await fetch(`${url}/animals/cat`));
    });

    test("the password is wrong", async () => {
      // Of somebody else: CouchDB locks out who is refused too often.
      const { url } = await start({ COUCHDB_USER: "nobody", COUCHDB_PASSWORD: "another" });
      await expectSilence(await fetch(`${url}/animals?legs=4`));
      await expectSilence(await fetch(`${url}/animals/cat`));
    });

    test("the database is missing", async () => {
      const { url } = await start();
      await animals.delete();
      await expectSilence(await fetch(`${url}/animals/cat`));
    });

    test("nobody knows whether it was saved", async () => {
      faultOf = (request) => (request.startsWith("PUT") ? { unheard: true } : { how: "reset" });
      const { url } = await start();
      const body = JSON.stringify({ name: "Cat", legs: 4 });
      const answer = await fetch(`${url}/animals/cat`, { method: "PUT", body });
      expect(await expectSilence(answer)).toContain('"mayHaveHappened":true');
      expect((await animals.get("cat")).data.legs).toBe(4);
    });
  });

  describe("the cron", () => {
    test("hands on what has changed since its last run", async () => {
      const worker = await start();
      const ids = await write(4, 3);
      expect(await worker.cron()).toBe("ok");
      expect(handed().toSorted()).toEqual(ids);
      expect(pieces.flat().every(({ doc }) => doc.legs === 4)).toBe(true);
      pieces = [];
      expect(await worker.cron()).toBe("ok");
      expect(pieces).toEqual([]);
      await (await animals.get("4-1")).delete();
      // The place is where the database is: any process goes on from there.
      expect(await (await start()).cron()).toBe("ok");
      expect(pieces.flat()).toMatchObject([{ id: "4-1", deleted: true }]);
    });

    test("hands on again what the indexer has not taken, and nothing else", async () => {
      const worker = await start();
      const ids = await write(4, 300);
      takes = () => pieces.length === 0;
      expect(await worker.cron()).toBe("exception");
      expect(handed().length).toBeGreaterThan(0);
      expect(handed().length).toBeLessThan(ids.length);
      takes = () => true;
      expect(await worker.cron()).toBe("ok");
      expect(handed().toSorted()).toEqual(ids);
    });

    test("ends in time, and the next run hands on the rest", async () => {
      const ids = await write(4, 300);
      faultOf = (request) => (request.includes("/_changes") ? { hold: 50_000 } : undefined);
      const hasty = await start({ CRON_SECONDS: "1" });
      expect(await hasty.cron()).toBe("ok");
      expect(handed().length).toBeLessThan(ids.length);
      await expect.poll(() => proxy.underWay.size, { timeout: 10_000 }).toBe(0);
      faultOf = () => undefined;
      expect(await (await start()).cron()).toBe("ok");
      expect(handed().toSorted()).toEqual(ids);
    });
  });
});
