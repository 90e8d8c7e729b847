import { expect, test } from "vitest";
import { parts } from "../../src/features/multipart/parts.js";
import { multipart } from "../../src/features/multipart/write.js";

const encode = (text: string) => new TextEncoder().encode(text);

async function* chunksOf(...chunks: Uint8Array[]): AsyncGenerator<Uint8Array, undefined> {
  yield* chunks;
  return undefined;
}

const cut = () => new RangeError("cut");

/** What each part holds. */
async function read(boundary: string, ...chunks: Uint8Array[]) {
  const found: string[] = [];
  for await (const { next } of parts(chunksOf(...chunks), boundary, cut)) {
    let text = "";
    for (let some = await next(); some; some = await next()) text += String.fromCharCode(...some);
    found.push(text);
  }
  return found;
}

const body = encode(
  '--b-1\r\nContent-Type: application/json\r\n\r\n{"a":1}\r\n--b-1\r\nContent-Disposition: attachment; filename="x: y"\r\nContent-Encoding: gzip\r\n\r\n\r\n--b\r\n\r\n--b-\r\r\n\r\n--b-1\r\n\r\n\r\n--b-1--',
);
const whole = ['{"a":1}', "\r\n--b\r\n\r\n--b-\r\r\n", ""];

test("parts are read wherever the body is split", async () => {
  for (let at = 0; at <= body.length; at += 1) {
    expect(await read("b-1", body.subarray(0, at), body.subarray(at))).toEqual(whole);
  }
  expect(await read("b-1", ...Array.from(body, (byte) => Uint8Array.of(byte)))).toEqual(whole);
});

test("a body that ends too soon is an error, wherever that is", async () => {
  for (let at = 0; at < body.length; at += 1) {
    await expect(read("b-1", body.subarray(0, at))).rejects.toThrow(RangeError);
  }
});

test("a body that does not begin with its boundary is none", async () => {
  await expect(read("b-1", encode("<p>\r\n--b-1\r\n\r\n\r\n--b-1--"))).rejects.toThrow(SyntaxError);
});

test("what is written is what is read", async () => {
  const contents = [
    new Blob(["a"]),
    { body: new Blob(["\r\n--"]).stream(), length: 4 },
    new Blob([]),
  ];
  const { type, body } = multipart("{}", contents);
  const [, boundary = ""] = /boundary="(.+)"/.exec(type) ?? [];
  const bytes = new Uint8Array(await new Response(body).arrayBuffer());
  expect(await read(boundary, bytes)).toEqual(["{}", "a", "\r\n--", ""]);
});

test("a part that was given up does not seem to end", async () => {
  const all = [];
  for await (const part of parts(chunksOf(body), "b-1", cut)) all.push(part);
  for (const { next } of all) await expect(next()).rejects.toThrow(DOMException);
});

test("who reads a part, and who reads past it, read in turn", async () => {
  const bytes = Array.from(body, (byte) => Uint8Array.of(byte));
  const chunks = chunksOf(...bytes);
  let isAsked = false;
  const alone = {
    async next() {
      expect(isAsked).toBe(false);
      isAsked = true;
      const step = await chunks.next();
      isAsked = false;
      return step;
    },
  };
  const reading: Promise<unknown>[] = [];
  for await (const { next } of parts(alone, "b-1", cut)) {
    reading.push(
      next().catch((error) => error.name),
      next().catch((error) => error.name),
    );
  }
  const told = await Promise.all(reading);
  expect(told.slice(0, 2)).toContain("AbortError");
});
