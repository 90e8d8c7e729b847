import { equalJson, isPlain } from "../../shared/json-equal.js";
import type { SureJson } from "../../shared/sure-json.js";

/**
 * The JSON to write for data that a schema transformed: the original document with the changes made since.
 * Fields that the schema stripped or transformed are preserved.
 */
export function mergeBack(json: SureJson, asItCame: unknown, was: unknown, is: unknown): string {
  return json.stringify(changed(asItCame, was, is, (value) => json.stringify(value)));
}

/** Apply the changes between two values to another one. */
function changed(
  value: unknown,
  was: unknown,
  is: unknown,
  stringify: (value: unknown) => string,
): unknown {
  if (equalJson(was, is, stringify)) return value;
  if (Array.isArray(value) && Array.isArray(was) && Array.isArray(is)) {
    // Items can be matched only if the schema left them in their places.
    const inPlace = value.length === is.length && isPart(was, value);
    return inPlace ? is.map((item, at) => changed(value[at], was[at], item, stringify)) : is;
  }
  if (!isPlain(value) || !isPlain(was) || !isPlain(is)) return is;
  const names = new Set([...Object.keys(value), ...Object.keys(is)]);
  const entries = [...names].flatMap((name): [string, unknown][] => {
    const [wasThere, isThere] = [Object.hasOwn(was, name), Object.hasOwn(is, name)];
    // The user removed it, or the schema stripped it.
    if (!isThere) return wasThere ? [] : [[name, value[name]]];
    if (!wasThere) return [[name, is[name]]];
    if (Object.hasOwn(value, name)) {
      return [[name, changed(value[name], was[name], is[name], stringify)]];
    }
    // Defaults of the schema are written only when they are changed.
    return equalJson(was[name], is[name], stringify) ? [] : [[name, is[name]]];
  });
  return Object.fromEntries(entries);
}

function isPart(part: unknown, whole: unknown): boolean {
  if (Object.is(part, whole)) return true;
  if (Array.isArray(part) && Array.isArray(whole)) {
    return part.length === whole.length && part.every((item, at) => isPart(item, whole[at]));
  }
  if (!isPlain(part) || !isPlain(whole)) return false;
  return Object.entries(part).every(
    ([name, member]) => Object.hasOwn(whole, name) && isPart(member, whole[name]),
  );
}
