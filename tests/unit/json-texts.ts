import fc from "fast-check";
import type { Cutting } from "./reading.js";

/** JSON as text, with all that is hard to find one's way through, written in all the ways there are. */

const blanks = [" ", "\t", "\n", "\r", "\r\n"];

const space = fc.oneof(
  { weight: 3, arbitrary: fc.constant("") },
  { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom(...blanks), maxLength: 3 }) },
);

const character = fc.oneof(
  fc
    .string({ unit: "binary", minLength: 1, maxLength: 1 })
    .map((c) => JSON.stringify(c).slice(1, -1)),
  fc.constantFrom(..."{}[],:/' üß漢🦊", "\u2028", "\u2029", "\u00a0", "\ufeff", "\u007f"),
  fc.constantFrom('\\"', "\\\\", "\\/", "\\n", "\\r", "\\u0000", "\\u001F", "\\u0022", "\\u005d"),
  fc.constantFrom("\\ud800", "\\uDC00", "\\ud83e\\udd8a", "\\udd8a\\ud83e"),
  fc.constantFrom(
    "]},{[",
    '\\"rows\\":[',
    '{\\"rows\\":[{}]',
    "\\\\\\\\",
    '\\\\\\"',
    "null",
    "\\n,",
  ),
);

const string = fc.array(character, { maxLength: 6 }).map((all) => `"${all.join("")}"`);

const quote = (text: string) => JSON.stringify(text);

const name = fc.oneof(
  string,
  fc
    .constantFrom(...["__proto__", "constructor", "rows", "results", "docs", "error", ""])
    .map(quote),
  // Not one wrong byte away from the member itself: a member that comes twice is another question.
  fc.constantFrom(...["xxrows", '"docs', ',"results', "rows: ", "ws"]).map(quote),
);

const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.constantFrom(
    "0",
    "-0",
    "0.0",
    "1e400",
    "-1E+400",
    "5e-324",
    "-9007199254740993",
    "1".repeat(40),
  ),
);

const scalar = fc.oneof(string, number, fc.constantFrom("null", "true", "false"));

function list(open: string, items: string[][], close: string): string {
  return open + items.map((item) => item.join("")).join(",") + close;
}

const { array, object } = fc.letrec<{ value: string; array: string; object: string }>((tie) => ({
  value: fc.oneof({ maxDepth: 4, withCrossShrink: true }, scalar, tie("array"), tie("object")),
  array: fc
    .tuple(space, fc.array(fc.tuple(space, tie("value"), space), { maxLength: 4 }))
    .map(([blank, items]) => list(`[${blank}`, items, "]")),
  object: fc
    .tuple(
      space,
      fc.array(fc.tuple(space, name, space, fc.constant(":"), space, tie("value"), space), {
        maxLength: 4,
      }),
    )
    .map(([blank, items]) => list(`{${blank}`, items, "}")),
}));

const deep = fc
  .tuple(
    fc.integer({ min: 5, max: 80 }),
    fc.constantFrom(['{"rows":', "}"], ["[", "]"], ["[{},[", "]]"]),
  )
  .map(([depth, [open = "", close = ""]]) => `${open.repeat(depth)}1${close.repeat(depth)}`);

const value = fc.oneof(
  { weight: 4, arbitrary: object },
  { weight: 2, arbitrary: array },
  { weight: 2, arbitrary: scalar },
  { weight: 1, arbitrary: deep },
);

const row = fc.oneof({ weight: 6, arbitrary: object }, { weight: 1, arbitrary: value });

/** What stands before the first row, between two, and after the last. */
const layout = fc.oneof(
  fc.constantFrom(
    ["\r\n", ",\r\n", "\r\n"],
    ["\n", ",\n", "\n"],
    ["", ",", ""],
    ["\n", "\n,", "\n"],
    ["\r\n", "\r\n,", "\r\n"],
    ["\n\n\n", "\n\n,\r\n\n", "\n\n"],
    ["", ",\n", ""],
  ),
  fc.tuple(
    space,
    fc.tuple(space, space).map((around) => around.join(",")),
    space,
  ),
);

/** A body with rows, and how it was made. */
export interface Body {
  member: string;
  text: string;
  /** The position in the bytes behind each row. */
  ends: number[];
  /** The position in the bytes behind the last bracket. */
  end: number;
  /** The texts of the rows. */
  rows: string[];
}

const before = fc.array(fc.tuple(space, name, space, value, space), { maxLength: 3 });

export const body: fc.Arbitrary<Body> = fc
  .record({
    mark: fc.oneof({ weight: 9, arbitrary: fc.constant("") }, fc.constant("\ufeff")),
    member: fc.constantFrom("rows", "docs", "results"),
    before,
    after: before,
    rows: fc.array(row, { maxLength: 6 }),
    layout,
    spaces: fc.tuple(space, space, space, space, space, space),
  })
  .map(({ mark, member, rows, layout, spaces: [a, b, c, d, e, f], ...beside }) => {
    // Another member of the same name would be another question.
    const members = (list: typeof beside.before) =>
      list
        .filter(([, name]) => JSON.parse(name) !== member)
        .map(([a, name, b, value, c]) => `${a}${name}${b}:${value}${c}`);
    const [open = "", between = "", close = ""] = layout;
    const head = [...members(beside.before), `${b}"${member}"${c}:${d}[${open}`].join(",");
    let text = `${mark}${a}{${head}`;
    const ends: number[] = [];
    for (const [index, row] of rows.entries()) {
      text += (index > 0 ? between : "") + row;
      ends.push(Buffer.byteLength(text));
    }
    text += `${[`${close}]${e}`, ...members(beside.after)].join(",")}}`;
    const end = Buffer.byteLength(text);
    return { member, text: text + f, ends, end, rows };
  });

/** Lines of a live feed, each with its end, with heartbeats before some. */
export const lines: fc.Arbitrary<string[]> = fc.array(
  fc
    .tuple(
      fc.constantFrom("", "", "\n", "\r\n", "\n\n", " \n"),
      row.map((text) => text.replace(/[\r\n]+/g, " ")),
      fc.constantFrom("\n", "\r\n", " \n"),
    )
    .map((parts) => parts.join("")),
  { maxLength: 6 },
);

export const cutting: fc.Arbitrary<Cutting> = fc.oneof(
  fc.array(fc.nat(5000), { maxLength: 8 }),
  fc.integer({ min: 1, max: 12 }),
);

/** A byte of a body that is another, too many or missing, at a place counted round and round. */
export interface Damage {
  at: number;
  /** Whether only the places of brackets, quotes, commas and the like count. */
  atMark: boolean;
  removed: number;
  added: number[];
}

const marks = Buffer.from('{}[]",:\\\n');

const byte = fc.oneof(
  fc.nat(255),
  fc.constantFrom(...Buffer.from('{}[],:"\\0123456789etn \n\r\t\v\f')),
);

export const damage: fc.Arbitrary<Damage> = fc
  .record({
    at: fc.nat(5000),
    atMark: fc.boolean(),
    removed: fc.nat(1),
    added: fc.array(byte, { maxLength: 1 }),
  })
  .filter(({ removed, added }) => removed + added.length > 0);

/** The damaged bytes, and where they begin to differ. */
export function harm(bytes: Uint8Array, { at, atMark, removed, added }: Damage) {
  const places = [...bytes.keys()].filter((at) => !atMark || marks.includes(bytes[at] ?? 0));
  places.push(bytes.length);
  const place = places[at % places.length] ?? 0;
  const rest = bytes.subarray(place + removed);
  return { place, bytes: new Uint8Array([...bytes.subarray(0, place), ...added, ...rest]) };
}
