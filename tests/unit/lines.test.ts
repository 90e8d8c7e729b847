import { expect, test } from "vitest";
import { cut, readLines } from "./reading.js";

const read = (text: string) => readLines(cut(new TextEncoder().encode(text), 7));

test("heartbeats are nothing", () => {
  expect(read("\n\r\n\n\n")).toEqual({ rows: [] });
});

test("white space in a value costs no more than other text", () => {
  const value = " ".repeat(4_000_000);
  const bytes = new TextEncoder().encode(`${JSON.stringify(value)}\n`);
  expect(readLines([bytes])).toEqual({ rows: [value] });
});

for (const body of [
  "<html>\n",
  '{"a":1\n"b":2}\n',
  '{"a":1},{"b":2}\n',
  '\f{"a":1}\n',
  "[1\n2]\n",
]) {
  test(`a line that is not one JSON value is refused: ${JSON.stringify(body)}`, () => {
    const bytes = new TextEncoder().encode(body);
    for (const at of [...bytes.keys()]) {
      expect(readLines(cut(bytes, [at])).error, `cut at ${at}`).toBeInstanceOf(SyntaxError);
    }
  });
}
