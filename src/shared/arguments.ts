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
