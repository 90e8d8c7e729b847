import type { SureJson } from "./sure-json.js";
import type { DocumentData, DocumentMembers } from "./types.js";

/**
 * The JSON of a document.
 *
 * @throws TypeError that names the document, for a value that is not JSON, such as a BigInt or a cycle
 */
export function documentText(
  json: SureJson,
  data: object,
  id = (data as DocumentMembers)._id,
): string {
  try {
    return json.stringify(data);
  } catch (cause) {
    throw new TypeError(`the document ${JSON.stringify(id)} must be JSON`, { cause });
  }
}

/** Whether data has the same JSON as an original that was read. */
export function isLike(json: SureJson, data: object, original: unknown): boolean {
  const stringify = (value: unknown) => json.stringify(value);
  return equalJson(json.parse(documentText(json, data)), original, stringify);
}

/**
 * Compare two JSON values, ignoring the order of members. Values of a custom parser, such as numbers or
 * dates, are compared as JSON text.
 */
export function equalJson(a: unknown, b: unknown, stringify: (value: unknown) => string): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => equalJson(item, b[index], stringify));
  }
  if (!isPlain(a) || !isPlain(b)) return stringify(a) === stringify(b);
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && equalJson(a[name], b[name], stringify))
  );
}

const strange = /\d{16}|[eE]-3\d\d/;
const stringOrNumber = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;
const leastNormal = 2 ** -1022;

/**
 * Parse JSON into a value that equals another exactly if CouchDB considers them equal. Integers of any size
 * are kept; other numbers become JavaScript's, and the very smallest may become 0.
 */
export function comparable(text: string): unknown {
  if (!strange.test(text)) return JSON.parse(text);
  const written = text.replace(stringOrNumber, (token) => {
    if (token.startsWith('"')) return token;
    if (/^-?\d{16,}$/.test(token)) return `{"integer":"${token}"}`;
    return Math.abs(Number(token)) < leastNormal ? "0" : token;
  });
  return JSON.parse(written);
}

/** Whether a value is an object as `JSON.parse` makes them, and not an array. */
export function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  // Also an object of another realm; the prototype of a class has one itself.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Copy plain objects and arrays, at any depth. Other objects, such as dates, stay the same. */
export function copyJson<V>(value: V, copies = new Map<unknown, unknown>()): V {
  if (!Array.isArray(value) && !isPlain(value)) return value;
  let copy = copies.get(value) as Record<string, unknown> | undefined;
  if (!copy) {
    copy = (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
    // A cycle is an error only when it is saved.
    copies.set(value, copy);
    for (const name in copy) copy[name] = copyJson(copy[name], copies);
  }
  return copy as V;
}

/** The members of a document that belong to the user. */
export function ownMembers(data: object): object {
  return members(data, false);
}

/** The members of a document that belong to CouchDB. */
export function couchMembers(data: object): object {
  return members(data, true);
}

function members(data: object, areCouchs: boolean): object {
  const entries = Object.entries(data).filter(([name]) => name.startsWith("_") === areCouchs);
  return Object.fromEntries(entries);
}

/** Whether a value contains this very object, at any depth. */
export function holds(whole: unknown, part: object): boolean {
  if (typeof whole !== "object" || whole === null) return false;
  return Object.values(whole).some((value) => value === part || holds(value, part));
}

/** Replace the user's members, and keep CouchDB's, such as the attachments and the revision. */
export function replacement<T extends object>(
  old: DocumentData<T>,
  returned: unknown,
): DocumentData<T> {
  if (returned === undefined || returned === old) return old;
  if (!isPlain(returned) || holds(old, returned))
    throw new TypeError("`mutate` must return a document or nothing");
  return { ...couchMembers(old), ...copyJson(returned) } as DocumentData<T>;
}

const answers = [
  "_revisions",
  "_revs_info",
  "_local_seq",
  "_conflicts",
  "_deleted_conflicts",
] as const;

/**
 * Set or remove the revision of data. Members that describe the old revision, such as `_conflicts`, are
 * removed: CouchDB would use them.
 */
export function atRevision<D extends DocumentMembers>(data: D, rev: string | undefined): D {
  for (const name of answers) delete data[name];
  if (rev === undefined) delete data._rev;
  else data._rev = rev;
  return data;
}
