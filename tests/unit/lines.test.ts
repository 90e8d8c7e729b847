import { expect, test } from "vitest";
import { LineReader } from "../../src/streams/lines.js";

const body =
  '\n\n{"seq":"1-a","id":"a b","text":"\\n, ]"}\n\r\n{"seq":"2-b"}\r\n\n{"last_seq":"2-b","pending":0}\n\n';
const values = [
  { seq: "1-a", id: "a b", text: "\n, ]" },
  { seq: "2-b" },
  { last_seq: "2-b", pending: 0 },
];

function read(pieces: Iterable<string>): unknown[] {
  const reader = new LineReader(JSON.parse);
  const rows: unknown[] = [];
  for (const piece of pieces) rows.push(...(reader.push(piece)?.rows ?? []));
  return rows;
}

test("any split of the lines gives the same values", () => {
  expect(read(body)).toEqual(values);
  for (let at = 0; at <= body.length; at += 1) {
    expect(read([body.slice(0, at), body.slice(at)])).toEqual(values);
  }
});

test("a line without its end is not given, and heartbeats are nothing", () => {
  expect(read(["\n", "\r\n", "\n\n"])).toEqual([]);
  expect(read(['{"seq":1}\n{"seq":2}'])).toEqual([{ seq: 1 }]);
});

test("a value can be read again as it came", () => {
  const batch = new LineReader(JSON.parse).push(body);
  for (const [index, value] of values.entries()) expect(batch?.original(index)).toEqual(value);
});

test("white space in a value costs no more than other text", () => {
  const value = " ".repeat(4_000_000);
  expect(read([JSON.stringify(value), "\n"])).toEqual([value]);
});

test("what is not JSON is refused", () => {
  expect(() => read(["<html>\n"])).toThrow(SyntaxError);
});
