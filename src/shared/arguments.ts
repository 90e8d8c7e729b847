import { isPlain } from "./json-equal.js";
import type { OperationOptions, ParamsOptions } from "./types.js";

// The longest delay of a timer.
const longestTimeout = 2 ** 31 - 1;

/** Create the error for an argument of the wrong type. It shows only the type: the value may be secret. */
export function argumentError(name: string, expected: string, value: unknown): TypeError {
  const type = Array.isArray(value) ? "an array" : typeof value;
  const isShown = value === null || (type === "number" && !Number.isFinite(value));
  return new TypeError(`\`${name}\` must be ${expected}, got ${isShown ? value : type}`);
}

/** @throws TypeError if an argument does not have this type */
export function checkType(name: string, type: "string" | "function", value: unknown): void {
  if (typeof value !== type) throw argumentError(name, `a ${type}`, value);
}

/** @throws TypeError unless a value is an array */
export function checkArray(name: string, value: unknown): void {
  if (!Array.isArray(value)) throw argumentError(name, "an array", value);
}

/** @throws TypeError unless a value is a plain object */
export function checkObject(name: string, value: unknown): void {
  if (!isPlain(value)) throw argumentError(name, "a plain object", value);
}

/** @throws RangeError for a time that a timer cannot wait, or that is longer than allowed */
export function checkTimeouts(timeouts: object, longest = longestTimeout): void {
  for (const [name, timeout] of Object.entries(timeouts)) {
    if (timeout === undefined || (timeout > 0 && timeout <= longest)) continue;
    throw new RangeError(`\`${name}\` must be more than 0 and at most ${longest} ms`);
  }
}

/** @throws RangeError for a number that is too small, or none */
export function checkLeast(name: string, value: number, least: 0 | 1): void {
  if (!(value >= least) || value === null)
    throw new RangeError(`\`${name}\` must be at least ${least}`);
}

/** The options of every operation, to pass them on. */
export function limitsOf({ signal, timeout }: OperationOptions): OperationOptions {
  return { signal, timeout };
}

/** The names in a text, which spaces separate. */
type Split<S extends string> = S extends `${infer Name} ${infer Rest}` ? Name | Split<Rest> : S;

/** The text itself if it has exactly these names: the compiler demands each of them. */
type Names<S extends string, N> = [
  missing: Exclude<N, Split<S>>,
  unknown: Exclude<Split<S>, N | "">,
] extends [never, never]
  ? S
  : never;

/**
 * Check the options of an operation.
 *
 * @param known - their names, separated by spaces, without those of every operation
 * @throws TypeError unless the options are a plain object with nothing else
 */
export function checkOptions<O extends OperationOptions, S extends string>(
  options: O,
  known: S & Names<S, Exclude<keyof O, keyof OperationOptions>>,
): O {
  return checkNames("options", options, `${known} signal timeout` as never);
}

/**
 * @param known - the names, separated by spaces
 * @throws TypeError unless a value is a plain object with only these members
 */
export function checkNames<O extends object, S extends string>(
  argument: string,
  options: O,
  known: S & Names<S, keyof O>,
): O {
  checkObject(argument, options);
  for (const name in options) {
    const names = known.split(" ");
    if (names.includes(name)) continue;
    names.sort((one, other) => likeness(other, name) - likeness(one, name));
    const nearest = names[0] as string;
    const hint = likeness(nearest, name) > 0.2 ? `: did you mean \`${nearest}\`?` : "";
    throw new TypeError(`unknown option \`${name}\`${hint}`);
  }
  return options;
}

/** How many pairs of letters a name shares with another one, in relation to their lengths. */
function likeness(name: string, other: string): number {
  const [letters, text] = [[...name.toLowerCase()], other.toLowerCase()];
  const shared = letters.filter((letter, at) => text.includes(letter + (letters[at + 1] ?? "")));
  return shared.length / (name.length + other.length);
}

/**
 * Check options, most of which are parameters for CouchDB.
 *
 * @returns the parameters
 */
export function paramsOf<O extends ParamsOptions, S extends string>(
  options: O,
  known: S & Names<S, Exclude<keyof O, keyof ParamsOptions>>,
): Omit<O, keyof ParamsOptions> {
  checkOptions(options, `${known} params` as never);
  const { params = {}, signal: _, timeout: __, ...given } = options;
  checkObject("params", params);
  for (const name in params)
    if (known.split(" ").includes(name)) throw new TypeError(`\`params\` cannot have \`${name}\``);
  return { ...given, ...params };
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
