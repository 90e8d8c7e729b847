import { isObject } from "./types.js";

// CouchDB compares the strings in view keys with ICU, which Node carries too.
const collator = new Intl.Collator("en");

function rank(value: unknown): number {
  if (value === null) return 0;
  if (value === false) return 1;
  if (value === true) return 2;
  if (typeof value === "number") return 3;
  if (typeof value === "string") return 4;
  return Array.isArray(value) ? 5 : 6;
}

/** View order: null, false, true, numbers, strings, arrays, objects. */
export function compareKeys(a: unknown, b: unknown): number {
  if (a === b) return 0;
  const order = rank(a) - rank(b);
  if (order !== 0) return order;
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "string" && typeof b === "string") return collator.compare(a, b);
  if (Array.isArray(a) && Array.isArray(b)) return compareLists(a, b);
  if (isObject(a) && isObject(b)) {
    return compareLists(Object.entries(a).flat(), Object.entries(b).flat());
  }
  return 0;
}

function compareLists(a: unknown[], b: unknown[]): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const order = compareKeys(a[i], b[i]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

// Surrogates stand before U+E000 in UTF-16, but for characters that come after it in UTF-8.
function byteOrder(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** The order of ids: that of their UTF-8 bytes. */
export function compareIds(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return byteOrder(x) - byteOrder(y);
  }
  return a.length - b.length;
}

/** `_all_docs` takes any JSON for a key, but only strings are ids: all others come before them. */
export function compareIdKeys(a: unknown, b: unknown): number {
  if (typeof a === "string" && typeof b === "string") return compareIds(a, b);
  return Number(typeof a === "string") - Number(typeof b === "string");
}
