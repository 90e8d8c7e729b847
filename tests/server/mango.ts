import { compareIds, compareKeys } from "./collate.js";
import { CouchError } from "./errors.js";
import { isObject } from "./types.js";

/** One field's condition. A condition on a field that a document lacks is not met. */
export interface Condition {
  field: string;
  operator: string;
  argument: unknown;
  test(value: unknown): boolean;
}

export type Selector = { all: Selector[] } | { any: Selector[] } | { not: Selector } | Condition;

type Test = (value: unknown) => boolean;

/** Whether a part is negated; undefined within an element, where CouchDB moves no negations inward. */
type Negated = boolean | undefined;

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

/** PCRE compares bytes; its dollar also stands before a last line break. */
function regexTest(argument: unknown): Test {
  const bytes = (text: string) => Buffer.from(text).toString("latin1");
  try {
    const source = bytes(String(argument)).replace(/\\.|\[(?:\\.|[^\]])*\]|[.$]/gs, (part) =>
      part === "." ? "[^\\n]" : part === "$" ? "(?=\\n?(?![\\s\\S]))" : part,
    );
    const expression = new RegExp(source);
    return (value) => typeof value === "string" && expression.test(bytes(value));
  } catch {
    throw badArgument("$regex", argument);
  }
}

/** For Erlang, a number with an exponent is not an integer. */
const isInteger = (value: unknown) => Number.isInteger(value) && /^-?\d+$/.test(String(value));

/** Erlang compares graphemes: "e" is not a prefix of an "e" with an accent. */
function beginsWith(value: string, prefix: string): boolean {
  const last = Array.from(prefix).at(-1) ?? "";
  const [grapheme] = new Intl.Segmenter().segment(value.slice(prefix.length - last.length));
  return value.startsWith(prefix) && (last === "" || grapheme?.segment === last);
}

function modTest(argument: unknown): Test {
  const [divisor, remainder] = Array.isArray(argument) ? argument : [];
  if (!Number.isInteger(divisor) || divisor === 0 || !Number.isInteger(remainder)) {
    throw badArgument("$mod", argument);
  }
  return (value) => isInteger(value) && Number(value) % divisor === remainder;
}

/** A test of the elements (or keys) of a value by a selector of their own. */
function elementTest(argument: unknown, quantify: (list: unknown[], test: Test) => boolean): Test {
  const selector = parse(argument, [], undefined);
  return (value) => {
    try {
      return Array.isArray(value) && quantify(value, (item) => matches(selector, item));
    } catch {
      return false;
    }
  };
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
      const values = Array.isArray(value) ? value : [value];
      return values.some((candidate) => list.some((item) => isEqual(candidate, item)));
    }),
  $nin: (argument) =>
    listTest("$nin", argument, (list) => (value) => {
      const values = Array.isArray(value) ? value : [value];
      return !values.some((candidate) => list.some((item) => isEqual(candidate, item)));
    }),
  // Erlang compares these exactly.
  $all: (argument) =>
    listTest("$all", argument, (list) => (value) => {
      if (!Array.isArray(value) || list.length === 0) return false;
      const has = (item: unknown) =>
        value.some((own) => JSON.stringify(own) === JSON.stringify(item));
      const isOnly = list.length === 1 && Array.isArray(list[0]);
      return list.every(has) || (isOnly && JSON.stringify(list[0]) === JSON.stringify(value));
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
    return (value) => typeof value === "string" && beginsWith(value, argument);
  },
  $elemMatch: (argument) => elementTest(argument, (list, test) => list.some(test)),
  $allMatch: (argument) =>
    elementTest(argument, (list, test) => list.length > 0 && list.every(test)),
  $keyMapMatch: (argument) => {
    const selector = parse(argument, [], undefined);
    return (value) => isObject(value) && Object.keys(value).some((key) => matches(selector, key));
  },
};

function condition(path: string[], operator: string, argument: unknown, negated: Negated) {
  const opposite = Object.hasOwn(NEGATIONS, operator) ? NEGATIONS[operator] : undefined;
  const effective = negated && opposite !== undefined ? opposite : operator;
  const make = Object.hasOwn(OPERATORS, effective) ? OPERATORS[effective] : undefined;
  if (make === undefined) {
    throw new CouchError(400, "invalid_operator", `Invalid operator: ${operator}`);
  }
  const test = path.join() === "_id" ? idTest(effective, argument) : make(argument);
  const turned: Test = negated && opposite === undefined ? (value) => !test(value) : test;
  return { field: joinField(path), operator: effective, argument, test: turned };
}

/** Ids are compared by their bytes. All other values come before them. */
function idTest(operator: string, argument: unknown): Test {
  const test = OPERATORS[operator]?.(argument) ?? (() => false);
  if (!/^\$([gl]te?|eq|ne)$/.test(operator)) return test;
  return (value) => {
    if (typeof value !== "string") return test(value);
    const order = typeof argument === "string" ? compareIds(value, argument) : 1;
    if (operator === "$eq") return order === 0;
    if (operator === "$ne") return order !== 0;
    return operator.startsWith("$g")
      ? order > 0 || (order === 0 && operator === "$gte")
      : order < 0 || (order === 0 && operator === "$lte");
  };
}

function combination(
  operator: string,
  argument: unknown,
  path: string[],
  negated: Negated,
): Selector {
  if (operator === "$not") {
    if (negated === undefined) return { not: parse(argument, path, negated) };
    return parse(argument, path, !negated);
  }
  if (!Array.isArray(argument)) throw badArgument(operator, argument);
  if (negated === undefined && operator === "$nor") {
    const test = () => {
      throw new Error("CouchDB cannot evaluate it here");
    };
    return { field: "", operator, argument, test };
  }
  const inner = operator === "$nor" ? !negated : negated;
  const parts = argument.map((part) => parse(part, path, inner));
  // De Morgan: what is negated is so in each of its parts, and "and" becomes "or".
  const isAny = (operator === "$and") === (inner === true);
  return isAny ? { any: parts } : { all: parts };
}

const COMBINATIONS = ["$and", "$or", "$nor", "$not"];

function parse(value: unknown, path: string[], negated: Negated): Selector {
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

function isEmpty(value: unknown): boolean {
  const [[name, argument] = [""], ...others] = isObject(value) ? Object.entries(value) : [];
  if (name === "" || others.length > 0) return false;
  if (Array.isArray(argument)) return COMBINATIONS.includes(name) && argument.length === 0;
  return isEmpty(argument);
}

export function parseSelector(value: unknown): Selector {
  if (isObject(value)) {
    const selector = parse(value, [], false);
    if ("field" in selector && selector.field === "") {
      const reason = "One or more conditions is missing a field name.";
      throw new CouchError(400, "invalid_selector", reason);
    }
    // CouchDB finds nothing by an empty combination, unless it is a part of another.
    return isEmpty(value) ? { not: { all: [] } } : selector;
  }
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
  if ("not" in selector) return !matches(selector.not, value);
  // CouchDB takes a choice of nothing for no condition at all.
  if ("any" in selector) {
    return selector.any.length === 0 || selector.any.some((part) => matches(part, value));
  }
  const { field, operator, test } = selector;
  const path = field === "" ? [] : splitField(field);
  const found = fieldOf(value, path);
  if (found !== undefined) return test(found);
  return operator === "$exists" && isMissing(value, path) && test(undefined);
}

/** Whether an object on the path lacks a member. In other values there is none to lack. */
function isMissing(value: unknown, path: string[]): boolean {
  const [name = "", ...rest] = path;
  if (isObject(value)) return !Object.hasOwn(value, name) || isMissing(value[name], rest);
  return Array.isArray(value) && isMissing(value[Number(name)], rest);
}

/** The conditions that every document must meet which the selector selects. */
export function requirements(selector: Selector): Condition[] {
  if ("all" in selector) return selector.all.flatMap(requirements);
  return "any" in selector || "not" in selector ? [] : [selector];
}
