import { isPlain } from "./json-equal.js";

/** Create the error for an argument of the wrong type. It shows only the type: the value may be secret. */
export function argumentError(name: string, expected: string, value: unknown): TypeError {
  const type = Array.isArray(value) ? "an array" : typeof value;
  const isShown = value === null || (type === "number" && !Number.isFinite(value));
  return new TypeError(`\`${name}\` must be ${expected}, got ${isShown ? value : type}`);
}

/** @throws TypeError if an argument does not have this type */
export function checkType(
  name: string,
  type: "string" | "function" | "array",
  value: unknown,
): void {
  const isOfType = type === "array" ? Array.isArray(value) : typeof value === type;
  if (!isOfType) throw argumentError(name, type === "array" ? "an array" : `a ${type}`, value);
}

/** @throws TypeError unless a value is a plain object */
export function checkObject(name: string, value: unknown): void {
  if (!isPlain(value)) throw argumentError(name, "a plain object", value);
}

/**
 * Check the options of a call.
 *
 * @param known - the names of the options. The compiler demands each of them
 * @throws TypeError unless the options are a plain object with nothing else
 */
export function checkOptions<O extends object>(options: O, known: Record<keyof Required<O>, 1>): O {
  checkObject("options", options);
  for (const name of Object.keys(options))
    if (!Object.hasOwn(known, name)) throw new TypeError(`unknown option \`${name}\``);
  return options;
}

/**
 * Check a value that selects something. JSON leaves out what it cannot write, or writes null: the server would
 * then select something else, or everything.
 *
 * @throws TypeError that names the place, such as `selector.owner`
 */
export function checkJson(name: string, value: unknown): void {
  const { toJSON } = Object(value);
  // An invalid Date becomes null.
  const json = toJSON ? (toJSON.call(value) ?? Number.NaN) : value;
  if (typeof json === "object") {
    for (const member in json) checkJson(`${name}.${member}`, json[member]);
  } else if (!/^(string|boolean|bigint)$/.test(typeof json) && !Number.isFinite(json)) {
    throw argumentError(name, "a JSON value", value);
  }
}
