import { compareKeys } from "./collate.js";
import { CouchError } from "./errors.js";
import { isObject } from "./types.js";

/** One field's condition. A condition on a field that a document lacks is not met. */
export interface Condition {
  field: string;
  operator: string;
  argument: unknown;
  test(value: unknown): boolean;
}

export type Selector = { all: Selector[] } | { any: Selector[] } | Condition;

type Test = (value: unknown) => boolean;

const NEGATIONS: Record<string, string> = {
  $eq: "$ne",
  $ne: "$eq",
  $lt: "$gte",
  $gte: "$lt",
  $gt: "$lte",
  $lte: "$gt",
  $in: "$nin",
  $nin: "$in",
};

function badArgument(operator: string, argument: unknown): CouchError {
  const reason = `Bad argument for operator ${operator}: ${JSON.stringify(argument)}`;
  return new CouchError(400, "bad_arg", reason);
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

const isEqual = (a: unknown, b: unknown) => compareKeys(a, b) === 0;

function listTest(operator: string, argument: unknown, test: (list: unknown[]) => Test): Test {
  if (!Array.isArray(argument)) throw badArgument(operator, argument);
  return test(argument);
}

function regexTest(argument: unknown): Test {
  try {
    const expression = new RegExp(String(argument), "u");
    return (value) => typeof value === "string" && expression.test(value);
  } catch {
    throw badArgument("$regex", argument);
  }
}

function modTest(argument: unknown): Test {
  const [divisor, remainder] = Array.isArray(argument) ? argument : [];
  if (!Number.isInteger(divisor) || divisor === 0 || !Number.isInteger(remainder)) {
    throw badArgument("$mod", argument);
  }
  return (value) => Number.isInteger(value) && Number(value) % divisor === remainder;
}

/** A test of the elements (or keys) of a value by a selector of their own. */
function elementTest(argument: unknown, quantify: (list: unknown[], test: Test) => boolean): Test {
  const selector = parse(argument, [], false);
  return (value) => Array.isArray(value) && quantify(value, (item) => matches(selector, item));
}

const OPERATORS: Record<string, (argument: unknown) => Test> = {
  $eq: (argument) => (value) => isEqual(value, argument),
  $ne: (argument) => (value) => !isEqual(value, argument),
  $lt: (argument) => (value) => compareKeys(value, argument) < 0,
  $lte: (argument) => (value) => compareKeys(value, argument) <= 0,
  $gt: (argument) => (value) => compareKeys(value, argument) > 0,
  $gte: (argument) => (value) => compareKeys(value, argument) >= 0,
  $in: (argument) =>
    listTest("$in", argument, (list) => (value) => {
      const values = Array.isArray(value) ? [value, ...value] : [value];
      return values.some((candidate) => list.some((item) => isEqual(candidate, item)));
    }),
  $nin: (argument) =>
    listTest("$nin", argument, (list) => (value) => !list.some((item) => isEqual(value, item))),
  $all: (argument) =>
    listTest("$all", argument, (list) => (value) => {
      return Array.isArray(value) && list.every((item) => value.some((v) => isEqual(v, item)));
    }),
  $exists: (argument) => {
    if (typeof argument !== "boolean") throw badArgument("$exists", argument);
    return (value) => (value !== undefined) === argument;
  },
  $type: (argument) => (value) => typeOf(value) === argument,
  $size: (argument) => (value) => Array.isArray(value) && value.length === argument,
  $mod: modTest,
  $regex: regexTest,
  $beginsWith: (argument) => {
    if (typeof argument !== "string") throw badArgument("$beginsWith", argument);
    return (value) => typeof value === "string" && value.startsWith(argument);
  },
  $elemMatch: (argument) => elementTest(argument, (list, test) => list.some(test)),
  $allMatch: (argument) =>
    elementTest(argument, (list, test) => list.length > 0 && list.every(test)),
  $keyMapMatch: (argument) => {
    const selector = parse(argument, [], false);
    return (value) => isObject(value) && Object.keys(value).some((key) => matches(selector, key));
  },
};

function condition(path: string[], operator: string, argument: unknown, negated: boolean) {
  const opposite = Object.hasOwn(NEGATIONS, operator) ? NEGATIONS[operator] : undefined;
  const effective = negated && opposite !== undefined ? opposite : operator;
  const make = Object.hasOwn(OPERATORS, effective) ? OPERATORS[effective] : undefined;
  if (make === undefined) {
    throw new CouchError(400, "invalid_operator", `Invalid operator: ${operator}`);
  }
  const test = make(argument);
  const turned: Test = negated && opposite === undefined ? (value) => !test(value) : test;
  return { field: joinField(path), operator: effective, argument, test: turned };
}

function combination(
  operator: string,
  argument: unknown,
  path: string[],
  negated: boolean,
): Selector {
  if (operator === "$not") return parse(argument, path, !negated);
  if (!Array.isArray(argument)) throw badArgument(operator, argument);
  const inner = operator === "$nor" ? !negated : negated;
  const parts = argument.map((part) => parse(part, path, inner));
  // De Morgan: what is negated is so in each of its parts, and "and" becomes "or".
  const isAny = (operator === "$and") === inner;
  return isAny ? { any: parts } : { all: parts };
}

const COMBINATIONS = ["$and", "$or", "$nor", "$not"];

function parse(value: unknown, path: string[], negated: boolean): Selector {
  if (!isObject(value) || (path.length > 0 && Object.keys(value).length === 0)) {
    return condition(path, "$eq", value, negated);
  }
  const parts = Object.entries(value).map(([name, argument]) => {
    if (COMBINATIONS.includes(name)) return combination(name, argument, path, negated);
    if (name.startsWith("$")) return condition(path, name, argument, negated);
    return parse(argument, [...path, ...splitField(name)], negated);
  });
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  return negated ? { any: parts } : { all: parts };
}

export function parseSelector(value: unknown): Selector {
  if (isObject(value)) return parse(value, [], false);
  const reason = `Selector must be a JSON object, not: ${JSON.stringify(value)}`;
  throw new CouchError(400, "invalid_selector_json", reason);
}

/** A dotted path; `\.` is a dot inside a name. */
export function splitField(field: string): string[] {
  return field.split(/(?<!\\)\./).map((name) => name.replaceAll("\\.", "."));
}

function joinField(path: string[]): string {
  return path.map((name) => name.replaceAll(".", "\\.")).join(".");
}

export function fieldOf(value: unknown, path: string[]): unknown {
  let found = value;
  for (const name of path) {
    if (Array.isArray(found)) found = found[Number(name)];
    else if (isObject(found) && Object.hasOwn(found, name)) found = found[name];
    else return undefined;
  }
  return found;
}

export function matches(selector: Selector, value: unknown): boolean {
  if ("all" in selector) return selector.all.every((part) => matches(part, value));
  // CouchDB takes a choice of nothing for no condition at all.
  if ("any" in selector) {
    return selector.any.length === 0 || selector.any.some((part) => matches(part, value));
  }
  const { field, operator, test } = selector;
  const found = field === "" ? value : fieldOf(value, splitField(field));
  return found === undefined ? operator === "$exists" && test(undefined) : test(found);
}

/** The conditions that every document must meet which the selector selects. */
export function requirements(selector: Selector): Condition[] {
  if ("all" in selector) return selector.all.flatMap(requirements);
  return "any" in selector ? [] : [selector];
}
