import { checkSelector } from "../../queries/find.js";
import { argumentError, checkArray, checkObject, checkType } from "../../shared/arguments.js";
import { isPlain } from "../../shared/json-equal.js";
import { type Compare, compareIds, compareJson, typeOf } from "./collate.js";
import { missing, pathOf, readField } from "./fields.js";
import { regexTest } from "./regex.js";

/** Tests a value, or a member of it. */
export type Test = (value: unknown) => boolean;

/**
 * Convert a selector to a test of documents that agrees with CouchDB's.
 *
 * CouchDB moves negations inward to the fields, so `{ $not: { legs: 4 } }` means `{ legs: { $ne: 4 } }`, which
 * a document without `legs` does not match. Within `$elemMatch` and its like it does not: there, `$not` turns
 * the result around.
 *
 * @throws TypeError for a selector that CouchDB refuses, or that only the server can match
 */
export function matcherOf(selector: object): Test {
  checkSelector(selector);
  if (Object.keys(selector).length === 0) return () => true;
  const test = compile(selector, "", 1);
  // CouchDB finds nothing by an empty combination, unless it is a part of another.
  return isEmpty(selector) ? () => false : test;
}

const isCombination = (name: string) => /^\$(and|n?or)$/.test(name);

const membersOf = (selector: unknown) => (isPlain(selector) ? Object.entries(selector) : []);

/** Whether the outermost combination is empty. */
function isEmpty(selector: unknown): boolean {
  const [[name, argument] = [""], ...others] = membersOf(selector);
  if (name === "" || others[0]) return false;
  return isCombination(name) ? (argument as unknown[]).length === 0 : isEmpty(argument);
}

/** @param sign - -1 if the selector is negated, or else 1; 0 within an element, where CouchDB moves no negations */
function compile(selector: unknown, path: string, sign: number): Test {
  const tests = membersOf(selector).map(([name, argument]) => {
    if (isCombination(name)) return combination(name, argument, path, sign);
    if (name === "$not") {
      checkObject(name, argument);
      const test = compile(argument, path, -sign);
      return sign ? test : not(test);
    }
    if (name[0] === "$") return condition(path, name, argument, sign);
    return compile(argument, path ? `${path}.${name}` : name, sign);
  });
  if (tests.length === 0) return condition(path, "$eq", selector, sign);
  return combine(tests, sign < 0);
}

const not =
  (test: Test): Test =>
  (value) =>
    !test(value);

/** @param isAny - whether one test is enough, if there is one */
const combine = (tests: Test[], isAny: boolean): Test => {
  const how = isAny && tests.length > 0 ? "some" : "every";
  return (value) => tests[how]((test) => test(value));
};

function combination(operator: string, parts: unknown, path: string, sign: number): Test {
  checkArray(operator, parts);
  const isNor = operator === "$nor";
  // CouchDB cannot evaluate it within an element, which then does not match.
  if (isNor && !sign)
    return () => {
      throw undefined;
    };
  const inner = isNor ? -sign : sign;
  const tests = (parts as unknown[]).map((part) => compile(part, path, inner));
  // "Not both" is "not the one or not the other".
  return combine(tests, (operator === "$and") === inner < 0);
}

/** A condition of one operator for one field. Without the field, only `$exists: false` is met. */
function condition(field: string, name: string, argument: unknown, sign: number): Test {
  const operator = operators[name];
  if (!operator) throw new TypeError(`\`${name}\` is not supported`);
  const test = operator(name, argument as never, field === "_id" ? compareIds : compareJson);
  const turns = sign < 0;
  const path = field ? pathOf(field) : [];
  const mayBeMissing = name === "$exists" && argument === turns;
  return (value) => {
    const found = readField(value, path);
    if (found === missing) return mayBeMissing;
    return found !== undefined && test(found) !== turns;
  };
}

/** A test by the order of two values: -1, 0 and 1 are the signs that meet it. */
const ordered =
  (...signs: number[]) =>
  (_: string, argument: unknown, compare: Compare): Test =>
  (value) =>
    signs.includes(Math.sign(compare(value, argument)));

/** A test of the parts of a value. An error is no match. */
const partly =
  (how: "some" | "every", partsOf = (value: unknown) => value) =>
  (name: string, argument: unknown): Test => {
    checkObject(name, argument);
    const test = compile(argument, "", 0);
    return (value) => {
      const parts = partsOf(value);
      try {
        return Array.isArray(parts) && parts.length > 0 && parts[how](test);
      } catch {
        return false;
      }
    };
  };

function isIn(name: string, argument: unknown[], compare: Compare): Test {
  checkArray(name, argument);
  const isEqual: Test = (value) => argument.some((item) => compare(value, item) === 0);
  return (value) => (Array.isArray(value) ? value.some(isEqual) : isEqual(value));
}

function demand(isValid: boolean, name: string, expected: string, argument: unknown): void {
  if (!isValid) throw argumentError(name, expected, argument);
}

/** Whether a value is an integer for CouchDB: numbers with an exponent are not. */
const isInteger: Test = (value) => typeOf(value) === "number" && /^-?\d+$/.test(`${value}`);

const ofText =
  (testOf: (argument: string) => (text: string) => boolean) =>
  (name: string, argument: string): Test => {
    checkType(name, "string", argument);
    const test = testOf(argument);
    return (value) => typeof value === "string" && test(value);
  };

const operators: Record<string, (name: string, argument: never, compare: Compare) => Test> = {
  $eq: ordered(0),
  $ne: ordered(-1, 1),
  $lt: ordered(-1),
  $lte: ordered(-1, 0),
  $gt: ordered(1),
  $gte: ordered(0, 1),
  $in: isIn,
  $nin: (...given) => not(isIn(...given)),
  $elemMatch: partly("some"),
  $allMatch: partly("every"),
  $keyMapMatch: partly("some", (value) => isPlain(value) && Object.keys(value)),
  $regex: ofText(regexTest),
  $beginsWith: ofText(prefixTest),
  $type(name, argument) {
    checkType(name, "string", argument);
    return (value) => typeOf(value) === argument;
  },
  $exists(name, argument: unknown) {
    demand(typeof argument === "boolean", name, "a boolean", argument);
    return () => argument as boolean;
  },
  $size(name, argument: number) {
    demand(isInteger(argument) && argument >= 0, name, "a size", argument);
    return (value) => Array.isArray(value) && value.length === Number(argument);
  },
  $mod(name, argument: unknown[]) {
    const [divisor, rest] = [argument].flat() as [number, number];
    const isValid = Number.isInteger(divisor) && Number.isInteger(rest) && divisor !== 0;
    demand(isValid, name, "[divisor, remainder]", argument);
    return (value) => isInteger(value) && Number(value) % divisor === rest;
  },
  $all(name, argument: unknown[]) {
    checkArray(name, argument);
    const texts = argument.map((item) => JSON.stringify(item));
    return (value) => {
      const own = Array.isArray(value) ? value.map((item) => JSON.stringify(item)) : [];
      // CouchDB also takes the list itself, if it is the only item.
      if (Array.isArray(argument[0]) && texts.length === 1) own.push(JSON.stringify(value));
      return texts.length > 0 && Array.isArray(value) && texts.every((text) => own.includes(text));
    };
  },
};

/** Whether a text begins with a prefix that does not end within a character of the reader, such as "e" in "é". */
function prefixTest(prefix: string): (text: string) => boolean {
  const last = [...prefix].at(-1) ?? "";
  return (text) => {
    const rest = text.slice(prefix.length - last.length);
    const [character] = new Intl.Segmenter().segment(rest);
    return text.startsWith(prefix) && (last === "" || character?.segment === last);
  };
}
