import { expect, test } from "vitest";
import type { Batch } from "../../src/shared/batch.js";
import { EndOfResult, MultiResultReader } from "../../src/streams/multi-result-reader.js";

interface Result {
  rows: unknown[];
}

/** What is read of a text that comes in these pieces: the rows of each result, and what is beside them. */
function read(...pieces: string[]) {
  const reader = new MultiResultReader(JSON.parse);
  const results: Result[] = [];
  let rows: unknown[] = [];
  for (const piece of pieces) {
    const batch: Batch = { rows: [], texts: [] };
    reader.push(piece, batch);
    for (const row of batch.rows) {
      if (row instanceof EndOfResult) {
        results.push({ ...row.summary, rows });
        rows = [];
      } else rows.push(row);
    }
  }
  return { results, rest: rows, ended: reader.ended };
}

const value = {
  results: [
    {
      total_rows: 2,
      offset: 0,
      rows: [
        { id: 'a"]}[{', key: "\\" },
        { key: "no", error: "not_found" },
      ],
    },
    { rows: [{ key: null, value: { deep: [[{}]] } }] },
    { total_rows: null, offset: null, rows: [] },
  ],
};
const asCouchDB = `{"results":[\r\n${value.results
  .map(({ rows, ...rest }) => {
    const head = JSON.stringify({ ...rest, rows: [] }).slice(0, -2);
    return `${head}\r\n${rows.map((row) => JSON.stringify(row)).join(",\r\n")}\r\n]}`;
  })
  .join(",\r\n")}\r\n]}\n`;

const texts = {
  "as CouchDB writes it": asCouchDB,
  "in one line": JSON.stringify(value),
  indented: JSON.stringify(value, null, 2),
  "without results": '{"results":[]}',
};

test.each(Object.entries(texts))("results are read wherever the text is split: %s", (_, text) => {
  const { results } = JSON.parse(text);
  for (let at = 0; at <= text.length; at += 1) {
    const told = read(text.slice(0, at), text.slice(at));
    expect(told).toEqual({ results, rest: [], ended: true });
  }
  expect(read(...text)).toEqual({ results, rest: [], ended: true });
});

test("a text that ends too soon is not at its end, and gives no result that is not whole", () => {
  const { results } = value;
  for (let at = 0; at < asCouchDB.trimEnd().length; at += 1) {
    const told = read(asCouchDB.slice(0, at));
    expect(told.ended).toBe(false);
    expect(told.results).toEqual(results.slice(0, told.results.length));
  }
});

test.each([
  "<p>",
  "[1]",
  "{}",
  '{"error":"no"}',
  '{"results":{}}',
  '"results"',
  '{"results":[{"rows":4}]}',
  '{"results":[{"a":[]}]}',
])("what has no results is refused: %s", (text) => {
  expect(() => read(text)).toThrow(SyntaxError);
});
