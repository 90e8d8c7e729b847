import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareIds, compareJson } from "../../src/features/live/collate.js";
import { matcherOf } from "../../src/features/live/matcher.js";
import { regexTest } from "../../src/features/live/regex.js";

test("ids are in the order of their UTF-8 bytes", () => {
  const sign = (order: number) => Math.sign(order);
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (one, other) => {
      const bytes = Buffer.compare(Buffer.from(one), Buffer.from(other));
      expect(sign(compareIds(one, other))).toBe(bytes);
    }),
  );
});

test("values are in the order of views", () => {
  // https://docs.couchdb.org/en/stable/ddocs/views/collation.html#collation-specification
  const ordered = [
    ...[null, false, true, 1, 2, 3n, 4, "a", "A", "aa", "b", "B", "ba", "bb"],
    ...[["a"], ["b"], ["b", "c"], ["b", "c", "a"], ["b", "d"], ["b", "d", "e"]],
    ...[{ a: 1 }, { a: 2 }, { b: 1 }, { b: 2 }, { b: 2, c: 2 }],
  ];
  for (const [at, one] of ordered.entries())
    for (const [where, other] of ordered.entries())
      expect(Math.sign(compareJson(one, other))).toBe(Math.sign(at - where));
  expect(compareJson(1, 1n)).toBe(0);
});

describe("a regular expression", () => {
  test.each([
    ["^.$", "é", false],
    ["^..$", "é", true],
    ["b$", "ab\n", true],
    ["b$", "ab\n\n", false],
    ["^a.b$", "a\rb", true],
    ["^a.b$", "a\nb", false],
    ["^\\s$", "\u00a0", false],
    ["^[\\s]+$", " \t\n", true],
    ["\\S", "à", true],
    ["[.$]", "$", true],
    ["\\[:a", "[:a", true],
    ["[^a]", "a", false],
    ["a{2}", "aa", true],
    ["(?:a|b)+?c", "abc", true],
    ["(?<=a)b", "ab", true],
  ])("%s matches as in CouchDB", (pattern, text, isMatch) => {
    expect(regexTest(pattern)(text)).toBe(isMatch);
  });

  test.each([
    "\\Aa",
    "a\\z",
    "[[:alpha:]]",
    "[]a]",
    "(?P<n>a)",
    "(?>a)",
    "a++",
    "\\x{61}",
    "\\h",
    "(",
  ])("%s is refused", (pattern) => {
    expect(() => regexTest(pattern)).toThrow(/`\$regex` must be valid in JavaScript/);
  });
});

describe("a selector", () => {
  test.each<[selector: object, doc: object, isMatch: boolean]>([
    [{}, {}, true],
    [{ a: { $ne: 1 } }, {}, false],
    [{ $not: { a: 1 } }, {}, false],
    [{ $not: { a: 1 } }, { a: 2 }, true],
    [{ a: { $exists: false } }, {}, true],
    [{ "a.b": { $exists: false } }, { a: 1 }, false],
    [{ "a.b": { $exists: false } }, { a: {} }, true],
    [{ "a\\.b": 1 }, { "a.b": 1 }, true],
    [{ "a.1": 2 }, { a: [1, 2] }, true],
    [{ a: { b: { $gt: 1 } } }, { a: { b: 2 } }, true],
    [{ a: {} }, { a: {} }, true],
    [{ a: { $in: [[1]] } }, { a: [1] }, false],
    [{ a: { $in: [1] } }, { a: [1] }, true],
    [{ a: { $all: [] } }, { a: [] }, false],
    [{ a: { $all: [[1, 2]] } }, { a: [1, 2] }, true],
    [{ a: { $elemMatch: { $not: { b: 1 } } } }, { a: [{}] }, true],
    [{ a: { $elemMatch: { $nor: [{ b: 1 }] } } }, { a: [{}] }, false],
    [{ a: { $allMatch: { $gt: 0 } } }, { a: [] }, false],
    [{ a: { $keyMapMatch: { $eq: "k" } } }, { a: { k: 1 } }, true],
    [{ a: { $beginsWith: "e" } }, { a: "e\u0301" }, false],
    [{ a: { $mod: [2, 0] } }, { a: 1e21 }, false],
    [{ a: "e\u0301" }, { a: "é" }, true],
    [{ _id: "e\u0301" }, { _id: "é" }, false],
    [{ $and: [] }, {}, false],
    [{ $and: [{ $or: [] }, { a: 1 }] }, { a: 1 }, true],
  ])("%j of %j", (selector, doc, isMatch) => {
    expect(matcherOf(selector)(doc)).toBe(isMatch);
  });
});
