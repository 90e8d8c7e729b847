/** Fields of documents, as Mango names them: `address.city`, `tags.0`, and `a\.b` for a name with a dot. */

import { isPlain } from "../../shared/json-equal.js";

/** Stands for a member that an object does not have. */
export const missing = Symbol("missing");

/** @throws TypeError if a name in the path is empty */
export function pathOf(field: string): string[] {
  const path = field.split(/(?<!\\)\./).map((name) => name.replaceAll("\\", ""));
  if (path.includes("")) throw new TypeError(`${JSON.stringify(field)} is not a field`);
  return path;
}

/** Read a field: `missing` if an object does not have it, undefined if the path leads nowhere. */
export function readField(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const name of path) {
    if (Array.isArray(found)) found = /^[+-]?\d+$/.test(name) ? found[Number(name)] : undefined;
    else if (!isPlain(found)) return undefined;
    else if (!Object.hasOwn(found, name)) return missing;
    else found = found[name];
  }
  return found;
}

/** Copy some fields of a document. Objects without a prototype take any name. */
export function pickFields(data: object, paths: readonly string[][]): object {
  const picked = Object.create(null);
  for (const path of paths) {
    const value = readField(data, path);
    if (value === undefined || value === missing) continue;
    let part = picked;
    for (const name of path.slice(0, -1)) part = part[name] ??= Object.create(null);
    part[path.at(-1) as string] = value;
  }
  return picked;
}
