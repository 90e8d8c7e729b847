/** Create the error for an argument of the wrong type. It shows only the type: the value may be secret. */
export function argumentError(name: string, expected: string, value: unknown): TypeError {
  const got = value === null ? "null" : Array.isArray(value) ? "an array" : typeof value;
  return new TypeError(`\`${name}\` must be ${expected}, got ${got}`);
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
  const isObject = typeof value === "object" && value !== null;
  const prototype = isObject && Object.getPrototypeOf(value);
  // Also an object of another realm; the prototype of a class has one itself.
  const isPlain = isObject && (prototype === null || Object.getPrototypeOf(prototype) === null);
  if (!isPlain) throw argumentError(name, "a plain object", value);
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
