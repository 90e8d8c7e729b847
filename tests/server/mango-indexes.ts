import { compareIdKeys, compareKeys } from "./collate.js";
import type { Database } from "./database.js";
import {
  type Condition,
  fieldOf,
  matches,
  parseSelector,
  requirements,
  type Selector,
  splitField,
} from "./mango.js";
import { select } from "./select.js";
import { isObject } from "./types.js";
import type { CompareKeys, IndexRow } from "./view-index.js";

export interface SortField {
  field: string;
  direction: string;
}

/** A JSON index, as its design document defines it. */
export interface IndexDefinition {
  ddoc: string;
  name: string;
  fields: SortField[];
  partial?: unknown;
}

/** Rows to look at, in the order in which they are to be returned. */
export interface Plan {
  rows: readonly IndexRow[];
  compare: CompareKeys;
}

export async function listIndexes(db: Database): Promise<IndexDefinition[]> {
  const found: IndexDefinition[] = [];
  for (const { id } of await db.allDocs.rows()) {
    if (!id.startsWith("_design/")) continue;
    const design = (await db.find(id)) ?? {};
    if (design.language !== "query" || !isObject(design.views)) continue;
    for (const [name, view] of Object.entries(design.views)) {
      const map = isObject(view) ? view.map : undefined;
      if (!isObject(map) || !isObject(map.fields)) continue;
      const fields = Object.entries(map.fields).map(([field, direction]) => ({
        field,
        direction: String(direction),
      }));
      const partial = map.partial_filter_selector;
      const isPartial = isObject(partial) && Object.keys(partial).length > 0;
      found.push({ ddoc: id, name, fields, ...(isPartial && { partial }) });
    }
  }
  return found;
}

function openIndex(db: Database, definition: IndexDefinition): Promise<readonly IndexRow[]> {
  const { fields, partial } = definition;
  const paths = fields.map(({ field }) => splitField(field));
  const filter = partial === undefined ? undefined : parseSelector(partial);
  const signature = `mango/${JSON.stringify([paths, partial])}`;
  const index = db.index(signature, compareKeys, () => ({ id, doc }) => {
    if (id.startsWith("_design/")) return [];
    if (filter !== undefined && !matches(filter, doc)) return [];
    const key = paths.map((path) => fieldOf(doc, path));
    return key.includes(undefined) ? [] : [{ key, value: null }];
  });
  return index.rows();
}

const RANGES = ["$eq", "$lt", "$lte", "$gt", "$gte"];

function bounds(conditions: Condition[], field: string) {
  const of = (...operators: string[]) =>
    conditions.find((c) => c.field === field && operators.includes(c.operator))?.argument;
  const equal = of("$eq");
  return { equal, low: equal ?? of("$gt", "$gte"), high: equal ?? of("$lt", "$lte") };
}

/** How many fields of an index the selector narrows down: equalities, and the range after them. */
function prefixLength({ fields }: IndexDefinition, conditions: Condition[]): number {
  let length = 0;
  for (const { field } of fields) {
    const own = conditions.filter((c) => c.field === field && RANGES.includes(c.operator));
    if (own.length === 0) break;
    length++;
    if (!own.some((c) => c.operator === "$eq")) break;
  }
  return length;
}

function isUsable(index: IndexDefinition, conditions: Condition[], sort: SortField[]): boolean {
  const isRequired = (field: string) =>
    sort.some((s) => s.field === field) ||
    conditions.some((c) => c.field === field && !(c.operator === "$exists" && !c.argument));
  if (!index.fields.every(({ field }) => isRequired(field))) return false;
  if (sort.length === 0) return true;
  // Fields that are equal in all results do not count for the order.
  const constant = (field: string) =>
    conditions.some((c) => c.field === field && c.operator === "$eq");
  const names = (fields: SortField[]) => fields.map((f) => f.field);
  const startsWith = (columns: string[], wanted: string[]) =>
    wanted.every((field, i) => columns[i] === field);
  const columns = names(index.fields);
  const varying = (list: string[]) => list.filter((field) => !constant(field));
  return startsWith(columns, names(sort)) || startsWith(varying(columns), varying(names(sort)));
}

/** As CouchDB chooses: the index that the selector uses most of, the shortest, the first by name. */
export function chooseIndex(
  indexes: IndexDefinition[],
  selector: Selector,
  sort: SortField[],
): IndexDefinition | undefined {
  const conditions = requirements(selector);
  const unused = (index: IndexDefinition) => index.fields.length - prefixLength(index, conditions);
  const usable = indexes.filter((index) => isUsable(index, conditions, sort));
  usable.sort(
    (a, b) =>
      unused(a) - unused(b) || a.fields.length - b.fields.length || (a.ddoc < b.ddoc ? -1 : 1),
  );
  return usable[0];
}

/** Arrays are compared as far as the bound goes, so that a prefix bounds all its continuations. */
function comparePrefix(key: unknown, bound: unknown): number {
  if (!Array.isArray(key) || !Array.isArray(bound)) return compareKeys(key, bound);
  return compareKeys(key.slice(0, bound.length), bound);
}

export async function openPlan(
  db: Database,
  definition: IndexDefinition | undefined,
  selector: Selector,
  descending: boolean,
): Promise<Plan> {
  const range = { descending, inclusive_end: true };
  const conditions = requirements(selector);
  if (definition === undefined) {
    const { low, high } = bounds(conditions, "_id");
    const all = (await db.allDocs.rows()).filter((row) => !row.id.startsWith("_design/"));
    const ends = descending ? { startkey: high, endkey: low } : { startkey: low, endkey: high };
    const { selected } = select(all, compareIdKeys, { ...range, ...ends });
    return { rows: selected, compare: compareIdKeys };
  }
  const low: unknown[] = [];
  const high: unknown[] = [];
  for (const { field } of definition.fields) {
    const bound = bounds(conditions, field);
    if (bound.low !== undefined && low.length === high.length) low.push(bound.low);
    if (bound.high !== undefined && high.length <= low.length) high.push(bound.high);
    if (bound.equal === undefined) break;
  }
  const ends = descending ? { startkey: high, endkey: low } : { startkey: low, endkey: high };
  const rows = await openIndex(db, definition);
  const { selected } = select(rows, comparePrefix, { ...range, ...ends });
  return { rows: selected, compare: compareKeys };
}
