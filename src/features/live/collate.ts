/** CouchDB's orders of JSON values and of ids, as in views and Mango queries. */

import { isPlain } from "../../shared/json-equal.js";

/** Compares two values: negative, 0 or positive. */
export type Compare = (one: unknown, other: unknown) => number;

// English has the order of ICU's root locale, which CouchDB uses.
const collator = /* @__PURE__ */ new Intl.Collator("en");

/** The types of JSON values, in their order. */
const types = ["null", "boolean", "number", "string", "array", "object"];

/** The type of a JSON value. For other values, the result of `typeof`. */
export function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "bigint") return "number";
  return Array.isArray(value) ? "array" : typeof value;
}

/** Compare two values as views do. Values that are not JSON sort first. Members are compared in their own order. */
export function compareJson(one: unknown, other: unknown): number {
  if (one === other) return 0;
  const type = typeOf(one);
  const order = types.indexOf(type) - types.indexOf(typeOf(other));
  if (order !== 0) return order;
  if (type === "string") return collator.compare(one as string, other as string);
  // A number may equal a bigint.
  if (type === "number" || type === "boolean")
    return (
      Number((one as number) > (other as number)) - Number((one as number) < (other as number))
    );
  const [items, others] = [itemsOf(one), itemsOf(other)];
  // An item that the other value does not have sorts last.
  for (const [at, item] of items.entries()) {
    const order = compareJson(item, others[at]);
    if (order !== 0) return order;
  }
  return items.length - others.length;
}

function itemsOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return isPlain(value) ? Object.entries(value).flat() : [];
}

/** Compare an id as Mango does: with another one by their UTF-8 bytes. All other values come before. */
export function compareIds(id: unknown, other: unknown): number {
  if (id === other) return 0;
  if (typeof id !== "string" || typeof other !== "string") return 1;
  let at = 0;
  while (id.charCodeAt(at) === other.charCodeAt(at)) at += 1;
  return (id.codePointAt(at) ?? -1) - (other.codePointAt(at) ?? -1);
}
