import { equalJson, isPlain } from "../../shared/json-equal.js";
import type { SureJson } from "../../shared/sure-json.js";
import { isInPlace, type Path, strippedFields } from "./stripped-fields.js";

/** A function to call before a field that the schema stripped is dropped. It may throw. */
export type OnDrop = (path: Path) => void;

/**
 * The JSON to write for data that a schema transformed: the original document with the changes made since.
 * Fields that the schema stripped or transformed are preserved. In a list, they belong to an item, so they are
 * preserved with the items that are unchanged.
 *
 * @param asRead - the original document
 * @param was - the schema's output for it
 * @param is - the output with the changes
 */
export function mergeBack(
  json: SureJson,
  asRead: unknown,
  was: unknown,
  is: unknown,
  onDrop: OnDrop,
): string {
  const stringify = (value: unknown) => json.stringify(value);
  return stringify(new MergeBack(stringify, onDrop).changed(asRead, was, is, []));
}

class MergeBack {
  readonly #stringify: (value: unknown) => string;
  readonly #onDrop: OnDrop;

  constructor(stringify: (value: unknown) => string, onDrop: OnDrop) {
    this.#stringify = stringify;
    this.#onDrop = onDrop;
  }

  /** Apply the changes between two values to another one. */
  changed(value: unknown, was: unknown, is: unknown, path: Path): unknown {
    if (this.#equal(was, is)) return value;
    if (Array.isArray(value) && Array.isArray(was) && Array.isArray(is))
      return this.#changedList(value, was, is, path);
    if (!isPlain(value) || !isPlain(was) || !isPlain(is)) return is;
    const names = new Set([...Object.keys(value), ...Object.keys(is)]);
    const entries = [...names].flatMap((name): [string, unknown][] => {
      const [wasThere, isThere] = [Object.hasOwn(was, name), Object.hasOwn(is, name)];
      // The user removed it, or the schema stripped it.
      if (!isThere) return wasThere ? [] : [[name, value[name]]];
      if (!wasThere) return [[name, is[name]]];
      if (Object.hasOwn(value, name)) {
        return [[name, this.changed(value[name], was[name], is[name], [...path, name])]];
      }
      // Defaults of the schema are written only when they are changed.
      return this.#equal(was[name], is[name]) ? [] : [[name, is[name]]];
    });
    return Object.fromEntries(entries);
  }

  /**
   * Replace the items that are unchanged, wherever they are now, by their originals. A new item may be a
   * removed one after an edit: the fields that were stripped from either have no place.
   */
  #changedList(value: unknown[], was: unknown[], is: unknown[], path: Path): unknown[] {
    // The schema may have moved the items: then it is unknown which original belongs to which.
    if (!isInPlace(value, was, this.#equal)) {
      this.#drop(value, was, path);
      return is;
    }
    const before = this.#indexes(was);
    const now = this.#indexes(is);
    const hasNew = [...now].some(([text, at]) => at.length > (before.get(text)?.length ?? 0));
    const list = [...is];
    const lost: number[] = [];
    for (const [text, originals] of before) {
      const places = now.get(text) ?? [];
      const isRemoved = places.length < originals.length;
      // If one of several equal items was removed, it matters which, unless their originals are equal.
      const isUnknown =
        isRemoved &&
        places.length > 0 &&
        !originals.every((at) => this.#equal(value[at], value[originals[0] as number]));
      if (isUnknown || (isRemoved && hasNew)) lost.push(...originals);
      if (isUnknown) continue;
      for (const [index, at] of originals.slice(0, places.length).entries())
        list[places[index] as number] = value[at];
    }
    for (const at of lost) this.#drop(value[at], was[at], [...path, at]);
    return list;
  }

  /** The indexes of items, by the item's JSON. */
  #indexes(list: unknown[]): Map<string, number[]> {
    const indexes = new Map<string, number[]>();
    for (const [at, item] of list.entries()) {
      const text = this.#canonical(item);
      const known = indexes.get(text);
      if (known) known.push(at);
      else indexes.set(text, [at]);
    }
    return indexes;
  }

  /** A text that is the same for equal values. */
  #canonical(value: unknown): string {
    if (Array.isArray(value)) return `[${value.map((item) => this.#canonical(item))}]`;
    if (!isPlain(value)) return this.#stringify(value);
    const names = Object.keys(value).sort();
    return `{${names.map((name) => `${JSON.stringify(name)}:${this.#canonical(value[name])}`)}}`;
  }

  #equal = (one: unknown, other: unknown): boolean => equalJson(one, other, this.#stringify);

  #drop(value: unknown, was: unknown, path: Path): void {
    const [field] = strippedFields(value, was);
    if (field) this.#onDrop([...path, ...field.path]);
  }
}
