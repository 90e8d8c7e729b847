import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Batch } from "../../src/streams/batch.js";
import { RowReader } from "../../src/streams/row-reader.js";

function read(pieces: Iterable<string>, member = "rows") {
  const summary: Record<string, unknown> = {};
  const reader = new RowReader(member, JSON.parse, summary);
  const rows: unknown[] = [];
  const take = (batch: Batch | undefined) => {
    for (const [index, row] of batch?.rows.entries() ?? []) {
      rows.push(row);
      if (JSON.stringify(batch?.original(index)) !== JSON.stringify(row)) {
        throw new Error(`${index} is ${JSON.stringify(batch?.original(index))} in the text`);
      }
    }
  };
  for (const piece of pieces) take(reader.push(piece));
  take(reader.flush());
  return { rows, summary: reader.ended ? summary : undefined };
}

function whole(text: string, member: string) {
  const summary = JSON.parse(text);
  const rows: unknown[] = summary[member];
  delete summary[member];
  return { rows, summary };
}

const nasty = [
  { id: 'a"b', key: "]},{[", value: { rows: [[1, { rows: [] }], "\\"] } },
  { id: "\\", key: '\\"', value: null, doc: { _id: "\\", text: "\n\r\n,\u2028\u0000 🦊 \ud800" } },
  { id: "", key: [{}], value: '"rows":[' },
  {},
];

const bodies: Record<string, string> = {
  "CouchDB's layout": `{"total_rows":4,"offset":0,"rows":[\r\n${nasty.map((row) => JSON.stringify(row)).join(",\r\n")}\r\n]}\n`,
  "the layout of changes": `{"rows":[\n${nasty.map((row) => JSON.stringify(row)).join(",\r\n")}\n],\n"last_seq":"4-x","pending":0}\n\n`,
  minified: JSON.stringify({ a: { rows: [1] }, 'x,"rows': [2], rows: nasty, after: [{}] }),
  indented: JSON.stringify({ offset: 1, rows: nasty, bookmark: "nil" }, null, 2),
  "commas first": `{"rows":[{"a":1}\n,{"b":"]"}\n,{"c":[]}\n]}`,
  "white space everywhere": ` { "x" : "rows" , "rows" :\t[ {"a":1} , {"b":[ ]} \n ]\r\n, "y" : 1 } \n`,
  "a blank line for each heartbeat": `{"rows":[\n\n\n{"a":1}\n\n,\r\n{"b":2}\n],\n"last_seq":2}`,
  "no rows": `{"total_rows":0,"offset":0,"rows":[\r\n\r\n]}\n`,
  "scalars for rows": `{"rows":[1,"two",null,\n3]}`,
};

describe("RowReader", () => {
  for (const [name, body] of Object.entries(bodies)) {
    test(`${name}: any split gives the same rows`, () => {
      const expected = whole(body, "rows");
      expect(read([body])).toEqual(expected);
      expect(read(body)).toEqual(expected);
      for (let at = 0; at <= body.length; at += 1) {
        expect(read([body.slice(0, at), body.slice(at)]), `split at ${at}`).toEqual(expected);
        for (let end = at; end <= Math.min(body.length, at + 3); end += 1) {
          const pieces = [body.slice(0, at), body.slice(at, end), body.slice(end)];
          expect(read(pieces), `split at ${at} and ${end}`).toEqual(expected);
        }
      }
    });

    test(`${name}: cut anywhere, it gives complete rows and no summary`, () => {
      const { rows } = whole(body, "rows");
      const last = body.trimEnd().length;
      for (let at = 0; at < last; at += 1) {
        for (const pieces of [[body.slice(0, at)], body.slice(0, at)]) {
          const cut = read(pieces);
          expect(cut.summary, `cut at ${at}`).toBeUndefined();
          expect(rows.slice(0, cut.rows.length), `cut at ${at}`).toEqual(cut.rows);
        }
      }
    });
  }

  test("a row is given as soon as it is complete", () => {
    const reader = new RowReader("rows", JSON.parse, {});
    expect(reader.push('{"total_rows":2,"rows":[\r\n{"id":{"n":1}}')?.rows).toEqual([
      { id: { n: 1 } },
    ]);
    expect(reader.push(',\r\n{"id":')?.rows ?? []).toEqual([]);
    expect(reader.push("2}")?.rows).toEqual([{ id: 2 }]);
  });

  test("a cut body has given every row that was complete", () => {
    const texts = nasty.map((row) => JSON.stringify(row));
    for (const separator of [",\r\n", ",", "\n, "]) {
      for (let count = 1; count <= texts.length; count += 1) {
        const body = `{"rows":[${texts.slice(0, count).join(separator)}`;
        for (const cut of [body, `${body}${separator}{"id`]) {
          expect(read([cut]).rows.length).toBe(count);
          expect(read(cut).rows.length).toBe(count);
        }
      }
    }
  });

  test("what is not an object with rows is refused", () => {
    expect(() => read(["<html><body>Bad gateway"])).toThrow(SyntaxError);
    expect(() => read(['["a"]'])).toThrow(SyntaxError);
    expect(() => read(['{"error":"x"}'])).toThrow(SyntaxError);
    for (const body of [
      '{"rows":[{"a":1} {"b":2}]}',
      '{"rows":[{"a":1]]}',
      '{"rows":[{"a":1},]}',
      '{"rows":[,{"a":1}]}',
      '{"rows":[{"a":1},,{"b":2}]}',
      '{"rows":[{"a":1}\n,,\n{"b":2}]}',
      '{"rows":[{"a":1}\n, ,\n]}',
      '{"rows":[{"a":1}]}{"rows":[]}',
      '{"rows":[{"a":1}]} x',
      '{"rows":[\r\n{"a":1},\r\n{"b":2}\n{"error":"timeout"}\n',
    ]) {
      expect(() => read(body), body).toThrow(SyntaxError);
      for (let at = 0; at < body.length; at += 1) {
        expect(() => read([body.slice(0, at), body.slice(at)]), body).toThrow(SyntaxError);
      }
    }
  });

  test("a row larger than many pieces is read in linear time", () => {
    const row = { text: "x\n,]}".repeat(400_000) };
    for (const body of [
      `{"rows":[\r\n${JSON.stringify(row)}\r\n]}`,
      JSON.stringify({ rows: [{ row }] }, null, 1),
    ]) {
      const pieces = body.match(/.{1,1024}/gs) ?? [];
      expect(read(pieces).rows).toEqual(JSON.parse(body).rows);
    }
  });

  test("nesting is no limit", () => {
    const deep = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
    const reader = new RowReader("rows", JSON.parse, {});
    expect(reader.push(`{"rows":[{"deep":${deep.slice(0, 777)}`)).toBeUndefined();
    expect(reader.push(`${deep.slice(777)}}]}`)?.rows.length).toBe(1);
  });

  const recordings = new URL("../wire/recordings/", import.meta.url);
  const members = /^\{(?:[^[]*,)?\s*"(rows|docs|results)":\[/;
  test("the recorded bodies, split and reformatted, give the same rows", () => {
    let count = 0;
    for (const file of readdirSync(recordings).filter((name) => name.endsWith(".json"))) {
      const { response } = JSON.parse(readFileSync(new URL(file, recordings), "utf8"));
      const body: unknown = response.body;
      const member = typeof body === "string" ? members.exec(body)?.[1] : undefined;
      if (typeof body !== "string" || !member) continue;
      count += 1;
      const expected = JSON.stringify(whole(body, member));
      for (const text of [
        body,
        JSON.stringify(JSON.parse(body)),
        JSON.stringify(JSON.parse(body), null, 2),
      ]) {
        // Every position of a small body; of a large one its beginning, and steps through the rest.
        const step = Math.ceil(text.length / 50);
        for (let at = 0; at < text.length; at += at < 150 || text.length < 1000 ? 1 : step) {
          const found = JSON.stringify(read([text.slice(0, at), text.slice(at)], member));
          if (found !== expected) throw new Error(`${file}, split at ${at}, gave ${found}`);
        }
      }
    }
    expect(count).toBeGreaterThan(30);
  }, 120_000);
});
