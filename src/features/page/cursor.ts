import { checkType } from "../../shared/arguments.js";

// Options that decide which rows there are, or their order.
const deciding = /key|prefix|desc|sive_end|Design|group|sel|sort|index|params/;

/** Shorten a text (FNV-1a). */
export function hash(text: string): string {
  let sum = 0x811c9dc5;
  for (const letter of text) sum = Math.imul(sum ^ Number(letter.codePointAt(0)), 0x01000193);
  return (sum >>> 0).toString(36);
}

/** The options that a cursor belongs to. */
export function decidingOf(options: object): unknown {
  return Object.entries(options)
    .filter(([name]) => deciding.test(name))
    .sort();
}

/**
 * Encode a place in the rows of a query, as base64url.
 *
 * @param query - a text that is the same for the same query
 */
export function encode(query: string, place: unknown[]): string {
  const text = JSON.stringify([hash(query + JSON.stringify(place)), ...place]);
  const ascii = text.replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return btoa(ascii).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The error for a cursor that does not fit. It does not show the cursor, which has keys. */
export const foreignCursor = () =>
  new TypeError("`cursor` belongs to another query, or is damaged");

/**
 * Decode a cursor.
 *
 * @param types - of the place's values
 * @throws TypeError if the cursor is damaged, or belongs to another query
 */
export function decode<P extends unknown[]>(query: string, cursor: string, types: string): P {
  checkType("cursor", "string", cursor);
  try {
    const text = atob(cursor.replaceAll("-", "+").replaceAll("_", "/"));
    const [sum, ...place] = JSON.parse(text) as [unknown, ...P];
    const isPlace = place.map((value) => typeof value).join() === types;
    if (isPlace && sum === hash(query + JSON.stringify(place))) return place;
  } catch {}
  throw foreignCursor();
}
