import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Answering, startAnswering } from "./answering.js";
import { type Break, type Fault, type FaultProxy, startProxy } from "./proxy.js";

const text = "ä🦊".repeat(50);
const size = Buffer.byteLength(text);

let target: Answering;
let proxy: FaultProxy;
let fault: Fault | undefined;

beforeEach(async () => {
  fault = undefined;
  target = await startAnswering((response, _before, request, body) => {
    response.writeHead(201, { "x-seen": `${request.method} ${body}` }).end(text);
  });
  proxy = await startProxy(target.url, () => fault);
});

afterEach(async () => {
  await proxy.close();
  await target.close();
});

const ask = () => fetch(`${proxy.url}/path?query`, { method: "POST", body: "question" });

/** The bytes that came, and whether that was all there was. */
async function read({ body }: Response, enough = Number.POSITIVE_INFINITY) {
  let bytes = 0;
  try {
    for await (const chunk of body ?? []) {
      bytes += chunk.length;
      if (bytes >= enough) break;
    }
    return { bytes, ended: true };
  } catch {
    return { bytes, ended: false };
  }
}

test("passes on what is sent and what is answered", async () => {
  const response = await ask();
  expect(response.status).toBe(201);
  expect(response.headers.get("x-seen")).toBe("POST question");
  expect(await response.text()).toBe(text);
  expect(target.requests).toEqual(["POST /path?query"]);
  expect(proxy.requests).toEqual(["POST /path?query"]);
});

test("breaks off after so many bytes, in whatever way", async () => {
  for (const after of [0, 1, 5, size - 1]) {
    fault = { after, how: "end" };
    expect(await read(await ask())).toEqual({ bytes: after, ended: true });
    fault = { after, how: "cut" };
    expect(await read(await ask())).toEqual({ bytes: after, ended: false });
    fault = { after, how: "reset" };
    const failed = await ask().then(read, () => ({ bytes: 0, ended: false }));
    expect(failed.ended).toBe(false);
  }
});

test("hangs up before it answers", async () => {
  for (const how of ["cut", "reset"] satisfies Break[]) {
    fault = { how };
    await expect(ask()).rejects.toThrow();
  }
  expect(target.requests).toEqual([]);
});

test("answers in place of the server, which was asked", async () => {
  fault = { instead: { status: 502, body: "<p>" } };
  const response = await ask();
  expect([response.status, await response.text()]).toEqual([502, "<p>"]);
  expect(target.requests).toEqual(["POST /path?query"]);
});

test.each<Break | undefined>([undefined, "cut", "reset"])(
  "hangs up without a byte, when the server was asked: %s",
  async (how) => {
    fault = { unheard: true, ...(how && { how }) };
    await expect(ask()).rejects.toThrow();
    expect(target.requests).toEqual(["POST /path?query"]);
  },
);

test("hangs up in the middle of a request, which does not reach the server whole", async () => {
  fault = { taken: 3 };
  await expect(ask()).rejects.toThrow();
  expect(target.requests).toEqual([]);
});

test("waits after so many bytes, until it is told to go on", async () => {
  fault = { hold: 7 };
  const chunks = (await ask()).body?.getReader();
  expect((await chunks?.read())?.value?.length).toBe(7);
  const rest = chunks?.read();
  const [passing] = proxy.underWay;
  expect(passing?.sent).toBe(7);
  passing?.goOn();
  expect((await rest)?.value?.length).toBe(size - 7);
});

test("goes silent, over a connection that stays", async () => {
  fault = { after: 7, how: "stall" };
  const response = await ask();
  expect(await read(response, 7)).toEqual({ bytes: 7, ended: true });
  fault = { after: 7, how: "stall" };
  const silent = read(await ask());
  await vi.waitUntil(() => [...proxy.underWay].some(({ sent }) => sent === 7));
  for (const passing of proxy.underWay) passing.breakOff("reset");
  expect(await silent).toEqual({ bytes: 7, ended: false });
});

test("answers by itself", async () => {
  fault = { answer: { status: 429, headers: { "retry-after": "7" }, body: "slowly" } };
  const response = await ask();
  expect([response.status, response.headers.get("retry-after")]).toEqual([429, "7"]);
  expect(await response.text()).toBe("slowly");
  expect(target.requests).toEqual([]);
});

test("is slow", async () => {
  fault = { delay: 50, trickle: 3 };
  const begin = performance.now();
  const response = await ask();
  expect(performance.now() - begin).toBeGreaterThan(45);
  const pieces: number[] = [];
  for await (const chunk of response.body ?? []) pieces.push(chunk.length);
  expect(pieces.reduce((sum, length) => sum + length)).toBe(size);
  expect(pieces.length).toBeGreaterThan(10);
});

test("refuses connections, and takes them again", async () => {
  await proxy.refuse();
  await expect(ask()).rejects.toThrow();
  await proxy.accept();
  expect((await ask()).status).toBe(201);
});

test("breaks an answer off when it is told to", async () => {
  fault = { after: 3, how: "stall" };
  const answer = read(await ask());
  const [passing] = await vi.waitUntil(() => proxy.underWay.size > 0 && [...proxy.underWay]);
  passing?.breakOff("end");
  expect((await answer).ended).toBe(true);
  await vi.waitUntil(() => proxy.underWay.size === 0);
});
