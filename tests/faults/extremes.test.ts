import { IncompleteResponseError, InvalidResponseError } from "couchfetch";
import { describe, expect, test } from "vitest";
import { answeringWith, outcome } from "./streaming.js";

const bytes = (text: string) => new TextEncoder().encode(text);

/** The documents that a query finds in a body, which comes in these chunks. */
function find(chunks: Iterable<Uint8Array>) {
  return outcome<unknown>(answeringWith(chunks).query({}), 100_000);
}

/** The same, of a body in one piece and byte by byte, which must not differ. */
async function findIn(body: Uint8Array | string) {
  const whole = typeof body === "string" ? bytes(body) : body;
  const found = await find([whole]);
  const pieces = await find(Array.from(whole, (byte) => Uint8Array.of(byte)));
  // Where a wrong byte is found later, rows before it may be given earlier.
  if (!found.error) expect(pieces).toEqual(found);
  else expect((pieces.error as Error).constructor).toBe((found.error as Error).constructor);
  return found;
}

function* repeated(head: string, chunk: string, count: number, tail: string) {
  const middle = bytes(chunk);
  yield bytes(head);
  for (let n = 0; n < count; n += 1) yield middle;
  yield bytes(tail);
}

describe("size", () => {
  const sixteenKilobytes = 'x\\n,]}"'.replace('"', '\\"').repeat(2048);
  const unescaped = JSON.parse(`"${sixteenKilobytes}"`).length;

  for (const [layout, head, tail] of [
    ["minified", '{"docs":[{"text":"', '"}]}'],
    ["on a line", '{"docs":[\r\n{"text":"', '"}\r\n],\r\n"bookmark":"nil"}\n'],
  ] as const) {
    test(`a row of 64 MB comes out of chunks of 16 kB, ${layout}`, {
      timeout: 120_000,
    }, async () => {
      const count = Math.ceil(2 ** 26 / sixteenKilobytes.length);
      const { rows, error } = await find(repeated(head, sixteenKilobytes, count, tail));
      expect(error).toBeUndefined();
      expect(rows.length).toBe(1);
      expect((rows[0] as { text: string }).text.length).toBe(count * unescaped);
    });
  }

  test("a row of 64 MB comes out of one chunk", { timeout: 120_000 }, async () => {
    const text = "x".repeat(2 ** 26);
    const { rows, error } = await find([bytes(JSON.stringify({ docs: [{ text }] }))]);
    expect(error).toBeUndefined();
    expect((rows[0] as { text: string }).text === text).toBe(true);
  });

  test("a row of a million members comes out of small chunks", { timeout: 120_000 }, async () => {
    const chunks = repeated('{"docs":[{"list":[{}', '\n,{"a":[]}'.repeat(100), 10_000, "]}]}");
    const { rows, error } = await find(chunks);
    expect(error).toBeUndefined();
    expect((rows[0] as { list: unknown[] }).list.length).toBe(1_000_001);
  });

  for (const row of ["{}", "[]", "null", "1", '""']) {
    for (const between of [",", ",\r\n", "\n,"]) {
      const layout = JSON.stringify(row + between);
      test(`a million rows ${layout} are a million rows`, { timeout: 120_000 }, async () => {
        const chunk = `${between}${row}`.repeat(1000);
        const db = answeringWith(repeated(`{"docs":[${row}`, chunk, 1000, "]}"));
        const given = db.query({});
        let count = 0;
        for await (const batch of given.batches()) {
          count += batch.length;
          expect(batch.every((found) => JSON.stringify(found) === row)).toBe(true);
        }
        expect(count).toBe(1_000_001);
        expect(await given.summary).toEqual({});
      });
    }
  }

  test("a body of nothing but white space does no harm", { timeout: 120_000 }, async () => {
    const { rows, error } = await find(repeated('{"docs":[', " \r\n".repeat(5000), 1000, "]}"));
    expect(error).toBeUndefined();
    expect(rows).toEqual([]);
  });
});

describe("depth", () => {
  for (const depth of [100, 5_000, 100_000]) {
    for (const [open, close] of [
      ["[", "]"],
      ['{"docs":', "}"],
    ] as const) {
      const text = `${open.repeat(depth)}1${close.repeat(depth)}`;

      test(`${depth} levels of ${open} are read as JSON.parse reads them`, async () => {
        for (const body of [`{"docs":[{"deep":${text}}]}`, `{"docs":[\r\n{"deep":${text}}\r\n]}`]) {
          for (const size of [body.length, 777]) {
            const whole = bytes(body);
            const count = Math.ceil(whole.length / size);
            const chunks = Array.from({ length: count }, (_, n) =>
              whole.subarray(n * size, (n + 1) * size),
            );
            const { rows, error } = await find(chunks);
            expect(error).toBeUndefined();
            let value = (rows[0] as { deep: unknown }).deep;
            let levels = 0;
            for (; typeof value === "object" && value !== null; levels += 1) {
              [value] = Object.values(value);
            }
            expect(levels).toBe(depth);
          }
        }
      });

      test(`${depth} levels of ${open} beside the rows do no harm`, async () => {
        const { rows, error } = await find([bytes(`{"a":${text},"docs":[{}],"b":${text}}`)]);
        expect(error).toBeUndefined();
        expect(rows).toEqual([{}]);
      });

      test(`${depth} levels of ${open} that are never closed are IncompleteResponse`, async () => {
        for (const body of [`{"docs":[${open.repeat(depth)}`, `{"a":${open.repeat(depth)}`]) {
          expect((await find([bytes(body)])).error).toBeInstanceOf(IncompleteResponseError);
        }
      });
    }
  }
});

describe("characters", () => {
  const mark = "\ufeff";

  test("a byte-order mark at the start is no part of the body", async () => {
    expect(await findIn(`${mark}{"docs":[{}],"x":1}`)).toEqual({ rows: [{}], summary: { x: 1 } });
  });

  test("a byte-order mark elsewhere is refused outside strings, and kept inside", async () => {
    for (const body of [
      `${mark}${mark}{"docs":[{}]}`,
      `{"docs":[${mark}{}]}`,
      `{"docs":[{}${mark},{}]}`,
      `{"docs":[{}]}${mark}`,
    ]) {
      expect((await findIn(body)).error, body).toBeInstanceOf(InvalidResponseError);
    }
    expect((await findIn(`{"docs":[{"a":"${mark}"}]}`)).rows).toEqual([{ a: mark }]);
  });

  test("CRLF everywhere is white space", async () => {
    const body = '{,"docs",:,[,{,"a",:,1,},;,{,"b",:,[,],},],;,"x",:,[,],}'
      .replaceAll(",", "\r\n\r\n")
      .replaceAll(";", ",");
    const rows = [{ a: 1 }, { b: [] }];
    expect(await findIn(`\r\n${body}\r\n`)).toEqual({ rows, summary: { x: [] } });
  });

  test("half a surrogate pair stays what it is when escaped", async () => {
    const { rows } = await findIn('{"docs":[{"\\ud83e":"\\udd8a","whole":"\\ud83e\\udd8a"}]}');
    expect(rows).toEqual([{ "\ud83e": "\udd8a", whole: "🦊" }]);
  });

  test("bytes that are no UTF-8 become what fetch's own json() makes of them", async () => {
    for (const wrong of [[0xed, 0xa0, 0xbd], [0xff], [0xc0, 0xaf], [0xf0, 0x9f], [0xe2, 0x82]]) {
      const body = Buffer.concat([
        bytes('{"docs":[{"a":"'),
        Uint8Array.from(wrong),
        bytes('"},{"b":"é"}]}'),
      ]);
      const { docs } = (await new Response(body).json()) as { docs: unknown[] };
      expect(JSON.stringify(docs)).toContain("\ufffd");
      expect((await findIn(body)).rows).toEqual(docs);
    }
  });
});

describe("bodies of another kind", () => {
  for (const body of ["", " \r\n", "{", '{"docs"', '{"docs":[]', '{"docs":{', '{"docs":[{}]']) {
    test(`${JSON.stringify(body)} is IncompleteResponse`, async () => {
      expect((await findIn(body)).error).toBeInstanceOf(IncompleteResponseError);
    });
  }

  for (const body of [
    "null",
    "true",
    "1",
    '"x"',
    "[]",
    '[{"docs":[]}]',
    "{}",
    '{"rows":[]}',
    '{"Docs":[]}',
    '{"a":{"docs":[]}}',
    '{"a":"\\"docs\\":["}',
    '{"docs":{}}',
    '{"docs":{"docs":[]}}',
    '{"docs":1}',
    '{"docs":"[]"}',
    '{"docs":null}',
  ]) {
    test(`${body} is InvalidResponse, for it has no rows`, async () => {
      const { rows, error } = await findIn(body);
      expect(error).toBeInstanceOf(InvalidResponseError);
      expect(rows).toEqual([]);
    });
  }

  for (const rest of [
    "}",
    "]",
    "x",
    "{}",
    "null",
    '{"docs":[]}',
    '\n{"docs":[{}]}\n',
    "<!-- -->",
  ]) {
    test(`${JSON.stringify(rest)} after the end is InvalidResponse, not success`, async () => {
      const { rows, error } = await findIn(`{"docs":[{}]}${rest}`);
      expect(error).toBeInstanceOf(InvalidResponseError);
      expect(rows.length).toBeLessThan(2);
    });
  }

  test("members that are called like the rows elsewhere are not the rows", async () => {
    const body = '{"a":{"docs":[1]},"b":[{"docs":[2]}],"c":"docs","docs":[3],"d":{"docs":[4]}}';
    const { rows, summary } = await findIn(body);
    expect(rows).toEqual([3]);
    expect(summary).toEqual({ a: { docs: [1] }, b: [{ docs: [2] }], c: "docs", d: { docs: [4] } });
  });

  test("rows that come twice are never mixed", async () => {
    const first = await findIn('{"docs":[1],"docs":[2]}');
    if (!first.error) expect([[1], [2]]).toContainEqual(first.rows);
    expect((await findIn('{"docs":{},"docs":[2]}')).rows).toEqual([2]);
  });
});
