import type { DocumentQueries } from "../../queries/document-queries.js";
import type { SortField } from "../../queries/find.js";
import { checkArray, checkLeast, checkNames, checkType } from "../../shared/arguments.js";
import type { DocumentData, JsonObject } from "../../shared/types.js";
import type { Change, Scope } from "./change.js";
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
export interface Plan {
  /** The changes that it needs. */
  scope: Scope;
  /** Whether all tabs share one feed. */
  tabs: boolean | undefined;
  limit: number;
  isPartial: boolean | undefined;
  /** Whether a document is in the result. */
  selects(change: Change): boolean;
  keysOf(doc: DocumentData): unknown[];
  compareEntries(one: Entry, other: Entry): number;
  /** Reduces a document to the `fields`; undefined if a document is shown whole. */
  pick: ((doc: DocumentData) => object) | undefined;
  /** Read the documents, in parts. */
  readParts(queries: DocumentQueries, signal: AbortSignal): AsyncIterable<Change[]>;
}

/** A value that documents are sorted by: its field, how to read and compare it, and -1 if the highest comes first. */
type Order = [name: string, keyOf: (doc: DocumentData) => unknown, compare: Compare, sign: number];

const known = "prefix ids selector sort limit fields partial tabs" as const;

/** @throws TypeError if an option is invalid */
export function planOf(options: LiveOptions): Plan {
  const { prefix, ids, selector, sort, fields, tabs, partial, limit } = checked(options);
  const matches = "selector" in options ? matcherOf(selector as JsonObject) : () => true;
  const paths = fields?.map(pathOf);
  const positions = new Map(ids?.map((id, at) => [id, at]));
  const sorted = sort.map(orderOf);
  if (!sorted[0] && ids) sorted.push(["", ({ _id }) => positions.get(_id), compareJson, 1]);
  // Documents that are equal otherwise are sorted by id.
  const orders: Order[] = [
    ...sorted,
    ["_id", ({ _id }) => _id, compareIds, sorted.at(-1)?.[3] ?? 1],
  ];
  const names: string[] = [...(fields ?? [""]), ...sorted.map(([name]) => name)];
  const include_docs = selector !== undefined || !names.every((name) => /^_(id|rev)$/.test(name));
  return {
    scope: { include_docs, ...(ids && { doc_ids: [...ids] }) },
    tabs,
    limit,
    isPartial: partial,
    selects: ({ id, doc }) =>
      doc !== undefined &&
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
    readParts: (queries, signal) => readDocuments(queries, signal, include_docs, options),
  };
}

function checked(options: LiveOptions) {
  const { prefix, ids, limit = Infinity, sort = [] } = checkNames("query", options, known);
  const given = ["prefix", "ids", "selector"].filter((name) => name in options);
  if (given.length > 1) throw new TypeError(`\`${given[0]}\` excludes \`${given[1]}\``);
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
    throw new TypeError('`sort` must be fields, each "asc" or "desc"');
  const path = pathOf(name);
  const compare = name === "_id" ? compareIds : compareJson;
  return [name, (doc) => readField(doc, path), compare, direction === "desc" ? -1 : 1];
}

async function* readDocuments(
  queries: DocumentQueries,
  signal: AbortSignal,
  include_docs: boolean,
  { prefix, ids, selector }: LiveOptions,
): AsyncGenerator<Change[], void, void> {
  if (selector) {
    const rows = queries.query<DocumentData>(selector as JsonObject, { signal });
    for await (const docs of rows.batches()) yield docs.map(toChange);
    return;
  }
  const rows = queries.allDocs.rows({
    signal,
    include_docs,
    ...(ids && { keys: ids }),
    ...(prefix && { startkey: prefix, endkey: `${prefix}\u{10ffff}` }),
  });
  for await (const batch of rows.batches())
    yield batch.flatMap(({ id, value, doc }) => {
      const { rev, deleted } = Object(value);
      if (!rev || deleted) return [];
      return toChange(doc ?? ({ _id: id, _rev: rev } as DocumentData));
    });
}

function toChange(doc: DocumentData): Change {
  return { id: doc._id, rev: doc._rev as string, doc };
}
