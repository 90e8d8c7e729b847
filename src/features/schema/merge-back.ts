import { equalJson, isPlain } from "../../shared/json-equal.js";
import type { SureJson } from "../../shared/sure-json.js";

/**
 * The JSON to write for data that a schema made: the document as it came, with what was changed since. What the
 * schema left away, or wrote in another way, is nobody's to lose.
 */
export function mergeBack(json: SureJson, asItCame: unknown, was: unknown, is: unknown): string {
  return json.stringify(changed(asItCame, was, is, (value) => json.stringify(value)));
}

/** A value with what has changed between two others; what has not stays as it is. */
function changed(
  value: unknown,
  was: unknown,
  is: unknown,
  stringify: (value: unknown) => string,
): unknown {
  if (equalJson(was, is, stringify)) return value;
  if (Array.isArray(value) && Array.isArray(was) && Array.isArray(is)) {
    // Which is which can be told only of items that a schema has left in their places.
    const inPlace = value.length === is.length && isPart(was, value);
    return inPlace ? is.map((item, at) => changed(value[at], was[at], item, stringify)) : is;
  }
  if (!isPlain(value) || !isPlain(was) || !isPlain(is)) return is;
  const names = new Set([...Object.keys(value), ...Object.keys(is)]);
  const entries = [...names].flatMap((name): [string, unknown][] => {
    const [wasThere, isThere] = [Object.hasOwn(was, name), Object.hasOwn(is, name)];
    // Taken away by the user, or by the schema.
    if (!isThere) return wasThere ? [] : [[name, value[name]]];
    if (!wasThere) return [[name, is[name]]];
    if (Object.hasOwn(value, name)) {
      return [[name, changed(value[name], was[name], is[name], stringify)]];
    }
    // What the schema has added goes to the database when somebody changes it.
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
