import { isPlain } from "../../shared/json-equal.js";

/** The location of a value in a document. */
export type Path = readonly (string | number)[];

interface Field {
  /** The same for the same member of each item of a list. */
  name: string;
  path: Path;
}

type Equal = (one: unknown, other: unknown) => boolean;

/** The members at any depth of which a schema's output has fewer than the original. */
export function strippedFields(original: unknown, output: unknown): Field[] {
  const counts = new Map<string, number>();
  visit(output, ({ name }) => counts.set(name, (counts.get(name) ?? 0) + 1));
  const stripped: Field[] = [];
  visit(original, (field) => {
    const count = counts.get(field.name) ?? 0;
    if (count > 0) counts.set(field.name, count - 1);
    else stripped.push(field);
  });
  return stripped;
}

/** Whether the items of a schema's output are those of the original list, in the same places. */
export function isInPlace(original: unknown[], output: unknown[], equal: Equal): boolean {
  if (original.length !== output.length) return false;
  if (!original.every((item, at) => isOutputOf(item, output[at], equal))) return false;
  const kept = new Set<string>();
  for (const item of output) visit(item, ({ name }) => kept.add(name));
  // If another output has a member that this one seems to have lost, the schema may have moved the items.
  return original.every((item, at) => {
    const lost = strippedFields(item, output[at]);
    if (!lost.some(({ name }) => kept.has(name))) return true;
    const isBetter = (other: unknown) => strippedFields(item, other).length < lost.length;
    return !output.some((other) => isOutputOf(item, other, equal) && isBetter(other));
  });
}

/**
 * Whether a schema may have made a value of another one without moving the items of lists. Where a value
 * differs, only conversions between text, number and date are recognized: any other may be another item.
 */
function isOutputOf(original: unknown, output: unknown, equal: Equal): boolean {
  if (Array.isArray(original)) return Array.isArray(output) && isInPlace(original, output, equal);
  if (isPlain(original)) {
    if (!isPlain(output)) return false;
    const names = Object.keys(output);
    const common = names.filter((name) => Object.hasOwn(original, name));
    const isKnown = common.length > 0 || names.length === 0;
    return isKnown && common.every((name) => isOutputOf(original[name], output[name], equal));
  }
  if (equal(original, output)) return true;
  if (original === null || output === null || typeof output === "object") return false;
  if (String(original) === String(output)) return true;
  const isTime = typeof original === "string" || typeof original === "number";
  return isTime && new Date(original).toJSON() === output;
}

/** Visit the members of a value, at any depth. */
function visit(value: unknown, see: (field: Field) => void, path: Path = [], name = ""): void {
  if (Array.isArray(value))
    for (const [at, item] of value.entries()) visit(item, see, [...path, at], `${name}/`);
  if (!isPlain(value)) return;
  for (const [key, member] of Object.entries(value)) {
    const field = { name: `${name}/${key}`, path: [...path, key] };
    see(field);
    visit(member, see, field.path, field.name);
  }
}
