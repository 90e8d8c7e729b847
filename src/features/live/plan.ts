import type { DocumentQueries } from "../../queries/document-queries.js";
import type { SortField } from "../../queries/find.js";
import { checkArray, checkLeast, checkNames, checkType } from "../../shared/arguments.js";
import type { DocRow } from "../../shared/row-types.js";
import type { DocumentData, JsonObject } from "../../shared/types.js";
import type { Rows } from "../../streams/rows.js";
import { type Change, changeOf, type Scope } from "./change.js";
import { type Compare, compareIds, compareJson } from "./collate.js";
import { pathOf, pickFields, readField } from "./fields.js";
import { matcherOf } from "./matcher.js";
import type { LiveDocument, LiveOptions } from "./types.js";

/** A document in the result, with the values that it is sorted by. */
export interface Entry {
  doc: LiveDocument;
  sortKeys: readonly unknown[];
}

/** How a live query reads, selects, sorts and shows documents. */
export interface Plan
  extends Pick<LiveOptions, "prefix" | "ids" | "selector" | "tabs" | "partial"> {
  limit: number;
  /** The changes that it needs. */
  scope: Scope;
  /** Whether a document is in the result. */
  selects(change: Change): boolean;
  keysOf(doc: DocumentData): unknown[];
  compareEntries(one: Entry, other: Entry): number;
  /** Reduces a document to the `fields`; undefined if a document is shown whole. */
  pick: ((doc: DocumentData) => object) | undefined;
}

/** A value that documents are sorted by: its field, how to read and compare it, and -1 if the highest comes first. */
type Order = [name: string, keyOf: (doc: DocumentData) => unknown, compare: Compare, sign: number];

const known = "prefix ids selector sort limit fields partial tabs" as const;

/** @throws TypeError if an option is invalid */
export function planOf(options: LiveOptions): Plan {
  const query = checked(options);
  const { prefix, ids, selector, sort, fields } = query;
  const matches = "selector" in options ? matcherOf(selector as JsonObject) : () => true;
  const paths = fields?.map(pathOf);
  const positions = new Map(ids?.map((id, at) => [id, at]));
  const orders = sort.map(orderOf);
  if (!orders[0] && ids) orders.push(["_id", ({ _id }) => positions.get(_id), compareJson, 1]);
  // Documents that are equal otherwise are sorted by id.
  orders.push(["_id", ({ _id }) => _id, compareIds, orders.at(-1)?.[3] ?? 1]);
  const names: string[] = [...(fields ?? [""]), ...orders.map(([name]) => name)];
  const include_docs = selector !== undefined || !names.every((name) => /^_(id|rev)$/.test(name));
  return {
    ...query,
    scope: { include_docs, ...(ids && { doc_ids: [...ids] }) },
    selects: ({ id, doc }) =>
      doc != null &&
      (ids ? positions.has(id) : prefix ? id.startsWith(prefix) : !id.startsWith("_design/")) &&
      matches(doc),
    keysOf: (doc) => orders.map(([, keyOf]) => keyOf(doc)),
    compareEntries(one, other) {
      for (const [at, [, , compare, sign]] of orders.entries()) {
        const order = compare(one.sortKeys[at], other.sortKeys[at]) * sign;
        if (order !== 0) return order;
      }
      return 0;
    },
    pick: paths && ((doc) => pickFields(doc, paths)),
  };
}

function checked(options: LiveOptions) {
  const { prefix, ids, limit = Infinity, sort = [] } = checkNames("query", options, known);
  const [first, second] = ["prefix", "ids", "selector"].filter((name) => name in options);
  if (second) throw new TypeError(`\`${first}\` excludes \`${second}\``);
  if ("prefix" in options) checkType("prefix", "string", prefix);
  if ("ids" in options) checkArray("ids", ids);
  for (const id of ids ?? []) checkType("ids", "string", id);
  checkLeast("limit", limit, 0);
  checkArray("sort", sort);
  return { ...options, limit, sort };
}

function orderOf(field: SortField): Order {
  const [[name, direction] = [""], ...others] = Object.entries(
    typeof field === "string" ? { [field]: "asc" } : field,
  );
  if (others[0] || !/^(a|de)sc$/.test(`${direction}`))
    throw new TypeError('`sort` must be fields, "asc" or "desc"');
  const path = pathOf(name);
  const compare = name === "_id" ? compareIds : compareJson;
  return [name, (doc) => readField(doc, path), compare, direction === "desc" ? -1 : 1];
}

/** Read the documents, in parts. */
export async function* readDocuments(
  queries: DocumentQueries,
  signal: AbortSignal,
  { prefix, ids, selector, scope }: Plan,
): AsyncGenerator<Change[], void, void> {
  const rows: Rows<object> = selector
    ? queries.query(selector as JsonObject, { signal })
    : queries.allDocs.rows({
        signal,
        include_docs: scope.include_docs,
        ...(ids && { keys: ids }),
        ...(prefix && { startkey: prefix, endkey: `${prefix}\u{10ffff}` }),
      });
  for await (const batch of rows.batches()) yield batch.flatMap(selector ? ofDocument : ofRow);
}

function ofDocument(row: object): Change {
  const doc = row as DocumentData;
  return changeOf(doc._id, doc._rev as string, doc);
}

function ofRow(row: object): Change | [] {
  const { id, value, doc } = row as DocRow;
  const { rev, deleted } = Object(value);
  return rev && !deleted ? changeOf(id, rev, doc) : [];
}
