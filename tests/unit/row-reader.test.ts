import { describe, expect, test } from "vitest";
import { RowReader } from "../../src/streams/row-reader.js";
import { cut, readRows } from "./reading.js";

describe("RowReader", () => {
  test("gives a row as soon as it is complete", () => {
    const reader = new RowReader("rows", JSON.parse, {});
    const push = (text: string) => {
      const batch = { rows: [], texts: [] };
      reader.push(text, batch);
      return batch.rows;
    };
    expect(push('{"total_rows":2,"rows":[\r\n{"id":{"n":1}}')).toEqual([{ id: { n: 1 } }]);
    expect(push(',\r\n{"id":')).toEqual([]);
    expect(push("2}")).toEqual([{ id: 2 }]);
    expect(push(' , {"id":3}, [')).toEqual([{ id: 3 }]);
    expect(push("4")).toEqual([]);
    expect(push("]")).toEqual([[4]]);
  });

  for (const body of [
    "<html><body>Bad gateway",
    '["a"]',
    '{"error":"x"}',
    '{"rows":[{"a":1} {"b":2}]}',
    '{"rows":[{"a":1]]}',
    '{"rows":[{"a":1}}}',
    '{"rows":[{"a":1},]}',
    '{"rows":[,{"a":1}]}',
    '{"rows":[{"a":1},,{"b":2}]}',
    '{"rows":[{"a":1}\n,,\n{"b":2}]}',
    '{"rows":[{"a":1}\n, ,\n]}',
    '{"rows":[\f{"a":1}\u00a0]}',
    '{"rows":[{"a":1}]}{"rows":[]}',
    '{"rows":[{"a":1}]} x',
    '{"rows":[\r\n{"a":1},\r\n{"b":2}\n{"error":"timeout"}\n',
  ]) {
    test(`refuses ${JSON.stringify(body)}, wherever it is cut`, () => {
      const bytes = new TextEncoder().encode(body);
      for (const at of [...bytes.keys()]) {
        expect(readRows(cut(bytes, [at]), "rows").error, `cut at ${at}`).toBeInstanceOf(
          SyntaxError,
        );
      }
      expect(readRows(cut(bytes, 1), "rows").error).toBeInstanceOf(SyntaxError);
    });
  }
});
