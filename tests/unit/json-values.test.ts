import { expect, test } from "vitest";
import { equalJson as compare } from "../../src/json-values.js";

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
