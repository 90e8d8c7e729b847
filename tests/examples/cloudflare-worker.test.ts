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

  describe("a list", () => {
    interface Listed {
      animals: { _id: string }[];
      next?: string;
    }

    test("comes in pages, each with the URL of the next one", async () => {
      const others = await write(2, 60);
      const ids = await write(4, 120);
      const { url } = await start();
      for (const [path, expected] of [
        ["/animals?legs=4", ids],
        ["/animals", [...others, ...ids].toSorted()],
      ] as const) {
        const pages: string[][] = [];
        for (let next: string | undefined = path; next; ) {
          const listed = (await (await fetch(url + next)).json()) as Listed;
          pages.push(listed.animals.map(({ _id }) => _id));
          next = listed.next;
        }
        expect(pages.map(({ length }) => length).slice(0, 3)).toEqual(
          expected === ids ? [50, 50, 20] : [50, 50, 50],
        );
        expect(pages.flat().toSorted()).toEqual(expected);
      }
    });

    test("that makes no sense is a 400", async () => {
      await write(4, 60);
      const { url } = await start();
      const { next = "" } = (await (await fetch(`${url}/animals?legs=4`)).json()) as Listed;
      expect((await fetch(url + next)).status).toBe(200);
      const others = ["?legs=", "?legs=many", "?legs=-1", "?cursor=abc"];
      // The place of another list.
      others.push(next.replace("/animals", "").replace("legs=4", "legs=2"));
      for (const query of others) {
        expect((await fetch(`${url}/animals${query}`)).status, query).toBe(400);
      }
    });
  });

  describe("a photo", () => {
    const bytes = new Uint8Array(400_000).map((_, n) => n % 251);
    let photo: string;

    beforeEach(async () => {
      const cat = animals.document("cat", { name: "Cat", legs: 4 });
      await cat.save();
      photo = `${(await start()).url}/animals/cat/photo`;
      const headers = { "content-type": "image/png" };
      const saved = await fetch(photo, { method: "PUT", headers, body: bytes });
      expect(saved.status).toBe(204);
      expect(saved.headers.get("etag")).toBe(`"${(await animals.get("cat")).rev}"`);
    });

    test("is read, in parts, and once by a client that knows it", async () => {
      const whole = await fetch(photo);
      expect(whole.headers.get("content-type")).toBe("image/png");
      expect(new Uint8Array(await whole.arrayBuffer())).toEqual(bytes);
      const part = await fetch(photo, { headers: { range: "bytes=1000-1002" } });
      expect([part.status, part.headers.get("content-range")]).toEqual([
        206,
        "bytes 1000-1002/400000",
      ]);
      expect(new Uint8Array(await part.arrayBuffer())).toEqual(bytes.slice(1000, 1003));
      const beyond = await fetch(photo, { headers: { range: "bytes=400000-" } });
      expect(beyond.status).toBe(416);
      const etag = whole.headers.get("etag") ?? "";
      const again = await fetch(photo, { headers: { "if-none-match": etag } });
      expect([again.status, await again.text()]).toEqual([304, ""]);
    });

    test("is an image, of an animal that exists", async () => {
      const put = (url: string, type: string) =>
        fetch(url, { method: "PUT", headers: { "content-type": type }, body: "text" });
      expect((await put(photo, "text/html")).status).toBe(415);
      expect((await put(photo.replace("cat", "dog"), "image/png")).status).toBe(404);
      await animals.document("emu", { name: "Emu", legs: 2 }).save();
      for (const id of ["dog", "emu"]) {
        expect((await fetch(photo.replace("cat", id))).status, id).toBe(404);
      }
    });

    test("is sent on while CouchDB still sends", async () => {
      faultOf = (request) => (request.includes("/photo") ? { hold: 50_000 } : undefined);
      const response = await fetch(photo);
      let length = 0;
      for await (const chunk of response.body ?? []) {
        length += chunk.length;
        // A part is here: now CouchDB may send the rest.
        for (const passing of proxy.underWay) passing.goOn();
      }
      expect(length).toBe(bytes.length);
    });

    test("ends at CouchDB, too, when the client leaves", async () => {
      // More than fits into the buffers on the way.
      const large = new Uint8Array(20_000_000);
      await (await animals.get("cat")).attachment("photo").save(large, "image/png");
      const leaving = new AbortController();
      const response = await fetch(photo, { signal: leaving.signal });
      await response.body?.getReader().read();
      const [reading] = proxy.underWay;
      leaving.abort();
      await expect.poll(() => proxy.underWay.size, { timeout: 10_000 }).toBe(0);
      expect(reading?.sent).toBeLessThan(large.length);
    });

    test("that is cut off is not taken for all", async () => {
      faultOf = (request) => (request.includes("/photo") ? { after: 50_000 } : undefined);
      const response = await fetch(photo);
      expect(response.status).toBe(200);
      await expect(response.arrayBuffer()).rejects.toThrow();
    });
  });

  test("each request to CouchDB is logged, without credentials", async () => {
    const worker = await start();
    await fetch(`${worker.url}/animals/cat`);
    await expect.poll(worker.said, { timeout: 10_000 }).toContain("status: 404");
    expect(worker.said()).toContain(`/${animals.id}/cat`);
    for (const secret of [server.password, btoa(`${server.user}:${server.password}`)]) {
      expect(worker.said()).not.toContain(secret);
    }
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
