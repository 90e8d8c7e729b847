import { expect, test } from "vitest";
import { multipart } from "../../src/multipart.js";
import { parts } from "../../src/multipart-reader.js";

const encode = (text: string) => new TextEncoder().encode(text);

async function* chunksOf(...chunks: Uint8Array[]): AsyncGenerator<Uint8Array, undefined> {
  yield* chunks;
  return undefined;
}

/** What each part holds, and its headers. */
async function read(boundary: string, ...chunks: Uint8Array[]) {
  const found: { headers: Record<string, string>; text: string }[] = [];
  for await (const { headers, next } of parts(chunksOf(...chunks), boundary)) {
    let text = "";
    for (let some = await next(); some; some = await next()) text += String.fromCharCode(...some);
    found.push({ headers: Object.fromEntries(headers), text });
  }
  return found;
}

const body = encode(
  '--b-1\r\nContent-Type: application/json\r\n\r\n{"a":1}\r\n--b-1\r\nContent-Disposition: attachment; filename="x: y"\r\nContent-Encoding: gzip\r\n\r\n\r\n--b\r\n\r\n--b-\r\r\n\r\n--b-1\r\n\r\n\r\n--b-1--',
);
const whole = [
  { headers: { "content-type": "application/json" }, text: '{"a":1}' },
  {
    headers: {
      "content-disposition": 'attachment; filename="x: y"',
      "content-encoding": "gzip",
    },
    text: "\r\n--b\r\n\r\n--b-\r\r\n",
  },
  { headers: {}, text: "" },
];

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
  expect((await read(boundary, bytes)).map(({ text }) => text)).toEqual(["{}", "a", "\r\n--", ""]);
});
