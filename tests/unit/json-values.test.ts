import { expect, test } from "vitest";
import { comparable, equalJson as compare } from "../../src/shared/json-equal.js";

const equalJson = (a: unknown, b: unknown) => compare(a, b, JSON.stringify);

test("the order of members does not matter, anything else does", () => {
  expect(equalJson({ a: 1, b: [{ c: null }] }, { b: [{ c: null }], a: 1 })).toBe(true);
  expect(equalJson({ a: 1 }, { a: 1, b: undefined })).toBe(false);
  expect(equalJson([1, 2], [2, 1])).toBe(false);
  expect(equalJson([], {})).toBe(false);
  expect(equalJson({ a: "1" }, { a: 1 })).toBe(false);
  expect(equalJson(null, {})).toBe(false);
  expect(equalJson({ toString: 1 }, { a: 1 })).toBe(false);
});

test("a member named __proto__ is a member", () => {
  const polluted = JSON.parse('{"__proto__":{"a":1}}');
  expect(equalJson(polluted, {})).toBe(false);
  expect(equalJson(polluted, JSON.parse('{"__proto__":{"a":1}}'))).toBe(true);
  expect(equalJson(polluted, JSON.parse('{"__proto__":{"a":2}}'))).toBe(false);
});

test("what a parser has made of values is compared as it is written", () => {
  const born = (year: number) => ({ born: new Date(Date.UTC(year, 0)) });
  expect(equalJson(born(2024), born(2024))).toBe(true);
  expect(equalJson(born(2024), born(2025))).toBe(false);
  expect(equalJson(born(2024), { born: {} })).toBe(false);
  expect(equalJson(0, -0)).toBe(true);
});

const isSame = (one: string, other: string) => equalJson(comparable(one), comparable(other));

test.each([
  ["[1700000000000000000]", "[1700000000000000000]", true],
  ["[1700000000000000000]", "[1700000000000000001]", false],
  ["[-9007199254740993]", "[-9007199254740992]", false],
  ["[1700000000000000000]", "[1.7e18]", false],
  ['["1700000000000000000"]', "[1700000000000000000]", false],
  [
    '{"a\\"1":"12345678901234567","n":12345678901234567}',
    '{"n":12345678901234567,"a\\"1":"12345678901234567"}',
    true,
  ],
  ['["\\\\",12345678901234567]', '["\\\\",12345678901234568]', false],
  ["[1.5e+22]", "[1.5e22]", true],
  ["[5e-324]", "[0.0]", true],
  ["[5e-324]", "[1]", false],
  ["[1e-307]", "[0]", false],
  ["[100]", "[1e2]", true],
])("numbers are the same where they are to CouchDB: %s and %s", (one, other, same) => {
  expect(isSame(one, other)).toBe(same);
  expect(isSame(other, one)).toBe(same);
});

test("what is no JSON stays none", () => {
  expect(() => comparable("[12345678901234567")).toThrow(SyntaxError);
  expect(() => comparable("<p>12345678901234567</p>")).toThrow(SyntaxError);
});
