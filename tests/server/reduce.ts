import { compile } from "./sandbox.js";
import { isObject } from "./types.js";
import type { CompareKeys, IndexRow } from "./view-index.js";

export interface ReducedRow {
  key: unknown;
  value: unknown;
}

/** A reduce function: all rows of a group become one value. */
export type Reduce = (rows: readonly IndexRow[]) => unknown;

const SUM_REASON =
  "The _sum function requires that map values be numbers, arrays of numbers, or objects. Objects cannot be mixed with other data structures. Objects can be arbitrarily nested, provided that the values for all fields are themselves numbers, arrays of numbers, or objects.";

class BuiltinError extends Error {}

function add(a: unknown, b: unknown): unknown {
  if (typeof a === "number" && typeof b === "number") return a + b;
  if (isObject(a) && isObject(b)) {
    const sum = { ...a };
    for (const [name, value] of Object.entries(b)) {
      sum[name] = name in sum ? add(sum[name], value) : value;
    }
    return sum;
  }
  if (isObject(a) || isObject(b)) throw new BuiltinError();
  const [left, right] = [[a].flat(), [b].flat()];
  const length = Math.max(left.length, right.length);
  return Array.from({ length }, (_, i) => add(left[i] ?? 0, right[i] ?? 0));
}

function isSummable(value: unknown): boolean {
  if (typeof value === "number") return true;
  if (Array.isArray(value)) return value.every((item) => typeof item === "number");
  return isObject(value) && Object.values(value).every(isSummable);
}

function sum(rows: readonly IndexRow[]): unknown {
  let total: unknown = 0;
  for (const [i, { id, value }] of rows.entries()) {
    try {
      if (!isSummable(value)) throw new BuiltinError();
      total = i === 0 ? value : add(total, value);
    } catch (error) {
      if (!(error instanceof BuiltinError)) throw error;
      return { error: "builtin_reduce_error", reason: SUM_REASON, caused_by: id };
    }
  }
  return total;
}

function statsOf(values: unknown[]) {
  const numbers = values.map(Number);
  return {
    sum: numbers.reduce((a, b) => a + b, 0),
    count: numbers.length,
    min: numbers.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
    max: numbers.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
    sumsqr: numbers.reduce((a, b) => a + b * b, 0),
  };
}

function stats(rows: readonly IndexRow[]): unknown {
  const values = rows.map((row) => row.value);
  const [first] = values;
  if (!Array.isArray(first)) return statsOf(values);
  return first.map((_, i) => statsOf(values.map((value) => (Array.isArray(value) ? value[i] : 0))));
}

function distinct(rows: readonly IndexRow[]): number {
  return new Set(rows.map((row) => JSON.stringify(row.key))).size;
}

const BUILTINS: Record<string, Reduce> = {
  _sum: sum,
  _count: (rows) => rows.length,
  _stats: stats,
  _approx_count_distinct: distinct,
};

export function compileReduce(source: string, view: string): Reduce {
  const builtin = Object.hasOwn(BUILTINS, source) ? BUILTINS[source] : undefined;
  if (builtin !== undefined) return builtin;
  const reduce = compile(source, `the reduce function in the '${view}' view`);
  return (rows) => {
    const keys = rows.map((row) => [row.key, row.id]);
    const values = rows.map((row) => row.value);
    try {
      return reduce(keys, values, false) ?? null;
    } catch {
      return null; // So does CouchDB show a function that fails.
    }
  };
}

function groupKey(key: unknown, level: number | "exact"): unknown {
  if (level === 0) return null;
  return level !== "exact" && Array.isArray(key) ? key.slice(0, level) : key;
}

/** Rows in key order, reduced group by group. */
export function reduceRows(
  rows: readonly IndexRow[],
  compareKeys: CompareKeys,
  reduce: Reduce,
  level: number | "exact",
): ReducedRow[] {
  const reduced: ReducedRow[] = [];
  let from = 0;
  while (from < rows.length) {
    const key = groupKey(rows[from]?.key, level);
    let to = from + 1;
    while (to < rows.length && compareKeys(groupKey(rows[to]?.key, level), key) === 0) to++;
    reduced.push({ key, value: reduce(rows.slice(from, to)) });
    from = to;
  }
  return reduced;
}
