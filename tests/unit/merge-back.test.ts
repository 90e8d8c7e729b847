import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mergeBack } from "../../src/features/schema/merge-back.js";
import { property } from "./property.js";

/** Merges like `onStripped: "throw"`, whose error is a path here, or like `"drop"`. */
function merge(asRead: unknown, was: unknown, is: unknown, onStripped = "throw"): unknown {
  const copy = (value: unknown) => JSON.parse(JSON.stringify(value));
  const onDrop = (path: readonly unknown[]) => {
    if (onStripped === "throw") throw path.join(".");
  };
  return copy(JSON.parse(mergeBack(JSON, asRead, was, copy(is), onDrop)));
}

/** The path of the field that would be lost. */
function refusal(asRead: unknown, was: unknown, is: unknown): unknown {
  try {
    merge(asRead, was, is);
  } catch (path) {
    return path;
  }
  throw new Error("was not refused");
}

/** As a schema strips objects: the members `p`, at any depth. */
function strip<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), function (this: unknown, name, member) {
    return name === "p" && !Array.isArray(this) ? undefined : member;
  });
}

const [a, b, c] = [
  { n: 1, p: 10 },
  { n: 2, p: 20 },
  { n: 3, p: 30 },
];
const [A, B, C] = strip([a, b, c] as const);
const twin = { n: 1, p: 11 };

describe("stripped fields stay with the items that are unchanged", () => {
  test.each<[string, unknown[], unknown[], unknown[]]>([
    ["sorted", [a, b, c], [C, B, A], [c, b, a]],
    ["one removed", [a, b, c], [A, C], [a, c]],
    ["all removed", [a, b, c], [], []],
    ["one added first", [a, b], [C, A, B], [C, a, b]],
    ["one added last", [a, b], [A, B, C], [a, b, C]],
    ["one doubled", [a, b], [A, B, A], [a, b, A]],
    ["equal items moved", [a, b, twin], [B, A, A], [b, a, twin]],
    ["both of two equal items removed", [a, b, twin], [B], [b]],
    ["one of two equal items with equal fields removed", [a, a, b], [B, A], [b, a]],
    ["one without stripped fields edited", [a, B], [A, C], [a, C]],
    ["one with stripped fields moved, and one without removed", [B, a], [A, C], [a, C]],
    ["text", ["a", "b"], ["b", "c"], ["b", "c"]],
    ["lists", [[a], [b, c]], [[B, C], [A]], [[b, c], [a]]],
    [
      "nested lists moved",
      [{ m: [a] }, { m: [b] }],
      [{ m: [B] }, { m: [A] }],
      [{ m: [b] }, { m: [a] }],
    ],
  ])("%s", (_, asRead, is, expected) => {
    expect(merge({ l: asRead }, { l: strip(asRead) }, { l: is })).toEqual({ l: expected });
    expect(merge({ l: asRead }, { l: strip(asRead) }, { l: is }, "drop")).toEqual({ l: expected });
  });

  test("in the list of an object that has other changes", () => {
    const asRead = { n: 1, p: 1, l: [a, b], m: { p: 2, l: [b, c] } };
    const is = { n: 2, l: [B, A], m: { l: [C] } };
    expect(merge(asRead, strip(asRead), is)).toEqual({
      n: 2,
      p: 1,
      l: [b, a],
      m: { p: 2, l: [c] },
    });
  });

  test("whatever the order of an item's members is", () => {
    const asRead = [{ n: 1, m: 2, p: 1 }, b];
    expect(merge(asRead, strip(asRead), [B, { m: 2, n: 1 }])).toEqual([b, asRead[0]]);
  });

  test("with what the schema converted and added", () => {
    const asRead = [
      { day: "2020-01-02", n: "2", p: 1 },
      { day: "2019-01-02", n: "1" },
      { day: 0, n: 3, p: 3 },
    ];
    const was = asRead.map(({ day, n }) => ({ day: new Date(day), n: Number(n), unit: "kg" }));
    const [one, two, three] = JSON.parse(JSON.stringify(was));
    const added = { ...two, n: 5 };
    expect(merge(asRead, [one, two, three], [three, one, two, added])).toEqual([
      asRead[2],
      asRead[0],
      asRead[1],
      added,
    ]);
  });

  test("which are as they were saved after the next save, too", () => {
    const saved = merge([a, b, c], [A, B, C], [C, A]);
    expect(merge(saved, [C, A], [A, C, B])).toEqual([a, c, B]);
  });
});

describe("a change that would lose stripped fields is refused, or drops them", () => {
  test.each<[string, unknown[], unknown[], string, unknown[]]>([
    ["an edited item", [a, b], [A, C], "l.1.p", [a, C]],
    ["an edited and moved item", [a, b], [C, A], "l.1.p", [C, a]],
    ["a member that was added", [a, b], [{ ...A, m: 1 }, B], "l.0.p", [{ ...A, m: 1 }, b]],
    ["one removed while another was added", [a, b], [B, C], "l.0.p", [b, C]],
    ["all replaced", [B, a], [C], "l.1.p", [C]],
    ["one of two equal items removed", [a, b, twin], [B, A], "l.0.p", [b, A]],
    ["one of two equal items edited", [b, a, twin], [B, A, C], "l.1.p", [b, A, C]],
    ["a nested field", [{ n: 1, m: { p: 1 } }], [{ n: 2, m: {} }], "l.0.m.p", [{ n: 2, m: {} }]],
    ["a list in an item", [{ m: [A, b] }], [{ m: [A] }], "l.0.m.1.p", [{ m: [A] }]],
    ["a list in a list", [[a], [b]], [[A], [B, C]], "l.1.0.p", [[a], [B, C]]],
  ])("%s", (_, asRead, is, path, dropped) => {
    expect(refusal({ l: asRead }, { l: strip(asRead) }, { l: is })).toBe(path);
    expect(merge({ l: asRead }, { l: strip(asRead) }, { l: is }, "drop")).toEqual({ l: dropped });
  });

  test.each<[string, unknown[], unknown[], string | undefined]>([
    ["sorted objects", [b, a], [A, B], "0.p"],
    ["sorted objects without stripped fields", [B, A], [A, B], undefined],
    ["sorted text", ["b", "a"], ["a", "b"], undefined],
    ["converted text", ["x", "y"], [1, 2], undefined],
    ["renamed members", [{ x: 1 }, { x: 2 }], [{ y: 1 }, { y: 2 }], "0.x"],
    ["objects made text", [{ x: 1 }], ["x 1"], "0.x"],
    ["some objects removed", [A, B], [B], "1.n"],
    ["some text removed", ["a", "", "b"], ["a", "b"], undefined],
    ["equal text removed", ["a", "b", "a"], ["a", "b"], undefined],
    ["nothing but what is of another length", [], [1], undefined],
    [
      "some stripped, some not, and text in lower case",
      [
        { t: "X", p: 1 },
        { t: "Y", q: 1 },
      ],
      [{ t: "x" }, { t: "y", q: 1 }],
      "0.p",
    ],
    [
      "sorted, with members of some only",
      [{ n: 2, q: 1 }, { n: 1 }],
      [{ n: 1 }, { n: 2, q: 1 }],
      undefined,
    ],
  ])("a list that the schema made otherwise: %s", (_, asRead, was, path) => {
    const is = [...was, { n: 4 }];
    if (path === undefined) expect(merge(asRead, was, is)).toEqual(is);
    else expect(refusal(asRead, was, is)).toBe(path);
    expect(merge(asRead, was, is, "drop")).toEqual(is);
    expect(merge(asRead, was, was)).toEqual(asRead);
  });
});

interface Item {
  n: number;
  p?: number | undefined;
  m?: Item[] | undefined;
}

const small = fc.nat({ max: 2 });
const optional = <T>(some: fc.Arbitrary<T>) => fc.option(some, { nil: undefined, freq: 2 });
const leaf: fc.Arbitrary<Item> = fc.record({ n: small, p: optional(small) });
const item: fc.Arbitrary<Item> = fc
  .record({ n: small, p: optional(small), m: optional(fc.array(leaf, { maxLength: 2 })) })
  .map((made) => JSON.parse(JSON.stringify(made)));

/** A list as it was read, and a way to change it: an index keeps an item, an item is new. */
const changes = fc.record({
  asRead: fc.array(item, { maxLength: 5 }),
  steps: fc.array(fc.oneof(fc.nat({ max: 4 }), item), { maxLength: 6 }),
  schema: fc.constantFrom<(list: Item[]) => Item[]>(
    (list) => list,
    (list) => list.sort((one, other) => one.n - other.n),
    (list) => list.reverse(),
    (list) => list.filter(({ n }) => n > 0),
  ),
});

const text = (value: unknown): string => JSON.stringify(value);
const hides = (value: Item) => text(value) !== text(strip(value));

/** What is left of a list without others, each of which is taken away once. */
function without(list: string[], others: string[]): string[] {
  const left = [...list];
  for (const other of others) {
    const at = left.indexOf(other);
    if (at >= 0) left.splice(at, 1);
  }
  return left;
}

describe("for all lists, schemas and changes", () => {
  property(
    "no item has another's fields, and none are lost",
    changes,
    ({ asRead, steps, schema }) => {
      const was = schema(strip(asRead));
      const used = new Set<unknown>();
      const is = steps.flatMap((step) => {
        if (typeof step !== "number") return [strip(step)];
        const isThere = step < was.length && !used.has(step);
        used.add(step);
        return isThere ? [was[step] as Item] : [];
      });
      const originals = asRead.filter(hides).map(text);
      const isChanged = text(is) !== text(was);
      for (const onStripped of ["throw", "drop"]) {
        let merged: Item[];
        try {
          merged = merge(asRead, was, is, onStripped) as Item[];
        } catch (path) {
          // Only if an item that is no longer there had stripped fields, or the schema moved the items.
          expect(onStripped).toBe("throw");
          expect(isChanged).toBe(true);
          const isMoved = text(was) !== text(strip(asRead));
          const gone = without(was.map(text), is.map(text));
          expect(
            isMoved || asRead.some((each) => hides(each) && gone.includes(text(strip(each)))),
          ).toBe(true);
          expect(typeof path).toBe("string");
          continue;
        }
        expect(merged.map(strip)).toEqual(isChanged ? is : strip(asRead));
        const kept = merged.filter(hides).map(text);
        expect(without(kept, originals)).toEqual([]);
        if (onStripped === "drop") continue;
        // Fields are gone only with their item, and only if nothing took its place.
        const lost = without(originals, kept).map((each) => text(strip(JSON.parse(each))));
        if (lost.length > 0) expect(without(is.map(text), was.map(text))).toEqual([]);
        for (const each of lost) expect(without(was.map(text), is.map(text))).toContain(each);
      }
    },
  );

  const distinct = fc.record({
    asRead: fc.uniqueArray(item, { selector: ({ n, m }) => text(strip([n, m])), maxLength: 6 }),
    added: fc.array(fc.integer({ min: 3, max: 9 }), { maxLength: 3 }),
    seed: fc.array(fc.nat(), { minLength: 9, maxLength: 9 }),
    removed: fc.nat({ max: 6 }),
  });

  property("items are moved, removed or added with their fields", distinct, (given) => {
    const { asRead, added, seed, removed } = given;
    const shuffle = <T>(list: T[]) =>
      list
        .map((each, at) => ({ each, by: seed[at] ?? 0 }))
        .sort((one, other) => one.by - other.by)
        .map(({ each }) => each);
    const expected = shuffle([...asRead, ...added.map((n): Item => ({ n }))]);
    expect(merge(asRead, strip(asRead), strip(expected))).toEqual(expected);
    const fewer = shuffle(asRead).slice(removed);
    expect(merge(asRead, strip(asRead), strip(fewer))).toEqual(fewer);
  });
});
