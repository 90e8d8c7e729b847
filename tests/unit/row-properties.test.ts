import { deepStrictEqual, fail, ok } from "node:assert/strict";
import fc from "fast-check";
import { describe } from "vitest";
import { body, cutting, damage, harm, lines } from "./json-texts.js";
import { property } from "./property.js";
import { cut, parseRows, type Reading, readLines, readRows } from "./reading.js";

const encode = (text: string) => new TextEncoder().encode(text);
// Half a character at the end of a body is left out by the transport, too.
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes, { stream: true });

function attempt(step: () => Reading): Reading {
  try {
    return step();
  } catch (error) {
    return { rows: [], error };
  }
}

function isRefusal({ error }: Reading): boolean {
  return error === "incomplete" || error instanceof SyntaxError;
}

describe("a body with rows", () => {
  property(
    "gives the same rows and summary as JSON.parse of the whole, wherever its bytes are cut",
    fc.tuple(body, cutting),
    ([{ text, member }, cutting]) => {
      const bytes = encode(text);
      deepStrictEqual(readRows(cut(bytes, cutting), member), parseRows(decode(bytes), member));
    },
  );

  property(
    "that ends too early gives its complete rows and is incomplete",
    fc.tuple(body, fc.nat(5000), cutting),
    ([{ text, member, ends, end, rows }, at, cutting]) => {
      const place = at % end;
      const reading = readRows(cut(encode(text).subarray(0, place), cutting), member);
      deepStrictEqual(reading.error, "incomplete");
      const values = rows.map((row) => JSON.parse(row));
      deepStrictEqual(reading.rows, values.slice(0, reading.rows.length));
      // A row without brackets may be complete only by what follows it.
      const complete = ends.filter((end) => end <= place).length;
      const certain = rows.slice(0, complete).findLastIndex((row) => /^[[{]/.test(row)) + 1;
      const { length } = reading.rows;
      ok(length >= certain, `${length} rows, although ${certain} are complete`);
      ok(length <= complete, `${length} rows, although only ${complete} are complete`);
    },
  );

  property(
    "with a wrong byte is read as JSON.parse reads it, or refused after right rows",
    fc.tuple(body, damage, cutting),
    ([{ text, member, ends, rows }, damage, cutting]) => {
      const { bytes, place } = harm(encode(text), damage);
      const reading = readRows(cut(bytes, cutting), member);
      const whole = attempt(() => parseRows(decode(bytes), member));
      if (!whole.error) return deepStrictEqual(reading, whole);
      if (!isRefusal(reading)) fail(`was taken for ${JSON.stringify(reading)}`);
      const sound = rows.slice(0, ends.filter((end) => end < place).length);
      const values = sound.map((row) => JSON.parse(row));
      const given = reading.rows.slice(0, values.length);
      deepStrictEqual(given, values.slice(0, given.length));
    },
  );
});

/** What the complete lines of a feed hold, up to the first that is not JSON. */
function parseLines(text: string): Reading {
  const rows: unknown[] = [];
  try {
    for (const line of text.split("\n").slice(0, -1)) {
      if (line.trim() !== "") rows.push(JSON.parse(line));
    }
    return { rows };
  } catch (error) {
    return { rows, error };
  }
}

describe("a body of lines", () => {
  property(
    "gives the value of each line that is complete, wherever its bytes are cut",
    fc.tuple(lines, fc.nat(5000), cutting),
    ([lines, at, cutting]) => {
      const bytes = encode(lines.join(""));
      const place = at % (bytes.length + 1);
      const begun = bytes.subarray(0, place);
      for (const piece of [bytes, begun]) {
        deepStrictEqual(readLines(cut(piece, cutting)), parseLines(decode(piece)));
      }
    },
  );

  property(
    "with a wrong byte gives the values of right lines, or is refused after them",
    fc.tuple(lines, damage, cutting),
    ([lines, damage, cutting]) => {
      const { bytes } = harm(encode(lines.join("")), damage);
      const reading = readLines(cut(bytes, cutting));
      const right = parseLines(decode(bytes));
      if (!right.error) return deepStrictEqual(reading, right);
      if (!isRefusal(reading)) fail(`was taken for ${JSON.stringify(reading)}`);
      deepStrictEqual(reading.rows, right.rows.slice(0, reading.rows.length));
    },
  );
});
