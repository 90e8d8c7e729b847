import { deepStrictEqual } from "node:assert/strict";
import { expect, test } from "vitest";
import { isText, readRecordings, responseBody } from "../wire/recording.js";
import { cut, parseRows, type Reading, readLines, readRows } from "./reading.js";

// A body longer than this is cut many times at once, so far apart: every byte has its turn.
const farApart = 2048;
// A split in a long run of one character is like another.
const shorten = (text: string) => text.replace(/(.)\1{40,}/gsu, "$1$1$1");

/** Reads a body cut at every single position, and byte by byte. */
function readEverywhere(text: string, read: (chunks: Uint8Array[]) => Reading, expected: Reading) {
  const bytes = new TextEncoder().encode(text);
  const step = bytes.length <= farApart ? bytes.length : 127;
  for (let first = 0; first < step; first += 1) {
    const borders = Array.from({ length: bytes.length / step }, (_, n) => first + n * step);
    deepStrictEqual(read(cut(bytes, borders)), expected);
  }
  deepStrictEqual(read(cut(bytes, 1)), expected);
}

function rowsMember(text: string): string | undefined {
  const [, value] = /^(\{.*\})\s*$/s.exec(text) ?? [];
  const members = Object.entries(value ? JSON.parse(value) : {});
  const names = members.flatMap(([name, value]) => (Array.isArray(value) ? [name] : []));
  return ["rows", "docs", "results"].find((name) => names.includes(name));
}

const recordings = readRecordings()
  .filter(isText)
  .map((recording) => {
    const text = responseBody(recording);
    const isLive = recording.request.path.includes("feed=continuous");
    return { name: recording.name, text, isLive, member: isLive ? undefined : rowsMember(text) };
  });

/** The same body as something on the way may have written it. */
function layouts(text: string, member: string): Record<string, string> {
  const value = JSON.parse(text);
  const { [member]: rows, ...summary } = value;
  const list = rows.map((row: unknown) => JSON.stringify(row)).join("\n,");
  const beside = Object.entries(summary).map(
    ([name, value]) => `\n,"${name}":${JSON.stringify(value)}`,
  );
  const indented = JSON.stringify(value, null, 2);
  return {
    "as recorded": text,
    minified: JSON.stringify(value),
    indented,
    "with CRLF": indented.replaceAll("\n", "\r\n"),
    "commas first": `{"${member}":[${list}\n]${beside.join("")}\n}`,
  };
}

for (const { name, text, member } of recordings) {
  if (!member) continue;
  const read = (chunks: Uint8Array[]) => readRows(chunks, member);

  test(`${name} gives its rows in one piece`, () => {
    expect(read([new TextEncoder().encode(text)])).toEqual(parseRows(text, member));
  });

  for (const [layout, body] of Object.entries(layouts(shorten(text), member))) {
    test(`${name}, ${layout}, gives the same rows cut anywhere`, () => {
      readEverywhere(body, read, parseRows(body, member));
    });
  }
}

for (const { name, text, isLive } of recordings) {
  if (!isLive) continue;
  test(`${name} gives the same lines with any line breaks and cut anywhere`, () => {
    const values = (text: string): Reading => {
      const all = text.split("\n").flatMap((line) => (line.trim() ? [JSON.parse(line)] : []));
      const rows = all.filter(({ last_seq }) => last_seq === undefined);
      return rows.length === all.length ? { rows } : { rows, summary: all.at(-1) };
    };
    expect(readLines([new TextEncoder().encode(text)])).toEqual(values(text));
    const short = shorten(text);
    for (const body of [short, short.replaceAll("\n", "\r\n"), short.replaceAll("\n", "\n\n")]) {
      readEverywhere(body, readLines, values(body));
    }
  });
}

test("the recordings have bodies of each kind", () => {
  for (const kind of [
    "all-docs",
    "view-map",
    "find",
    "changes-normal",
    "changes-longpoll",
    "bulk-get",
  ]) {
    expect(recordings.find(({ name }) => name === kind)?.member, kind).toBeDefined();
  }
  expect(recordings.filter(({ isLive }) => isLive).length).toBeGreaterThan(4);
});
