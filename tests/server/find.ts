import type { DatabaseContext } from "./context.js";
import type { Database } from "./database.js";
import { erlang } from "./erlang.js";
import { CouchError } from "./errors.js";
import { BodyStream, readObject } from "./http.js";
import { fieldOf, matches, parseSelector, type Selector, splitField } from "./mango.js";
import {
  chooseIndex,
  type IndexDefinition,
  listIndexes,
  openPlan,
  type Plan,
  type SortField,
} from "./mango-indexes.js";
import { BATCH } from "./row-stream.js";
import { select } from "./select.js";
import { type Doc, isObject } from "./types.js";
import type { IndexRow } from "./view-index.js";

const invalid = (error: string, reason: string) => new CouchError(400, error, reason);

const NO_INDEX = "No matching index found, create an index to optimize query time.";
const EXPENSIVE =
  "The number of documents examined is high in proportion to the number of results returned. Consider adding a more specific index to improve this.";

interface FindRequest {
  selector: Selector;
  limit: number;
  skip: number;
  sort: SortField[];
  fields: string[];
  bookmark: string;
  useIndex: string[];
  conflicts: boolean;
  stats: boolean;
}

const KNOWN = [
  "selector",
  "limit",
  "skip",
  "sort",
  "fields",
  "bookmark",
  "use_index",
  "conflicts",
  "execution_stats",
  "r",
  "update",
  "stable",
  "stale",
  "allow_fallback",
  "partition",
];

export function parseSort(value: unknown): SortField[] {
  if (!Array.isArray(value)) {
    const reason = `Sort must be an array of sort specs, not: ${erlang(value)}`;
    throw invalid("invalid_sort_json", reason);
  }
  const fields = value.map((item) => {
    if (typeof item === "string" && item !== "") return { field: item, direction: "asc" };
    const [[field, direction] = [], ...more] = isObject(item) ? Object.entries(item) : [];
    if (field === undefined || more.length > 0 || (direction !== "asc" && direction !== "desc")) {
      throw invalid("invalid_sort_field", `Invalid sort field: ${erlang(item)}`);
    }
    return { field, direction };
  });
  if (new Set(fields.map((f) => f.direction)).size > 1) {
    const reason = "Sorts currently only support a single direction for all fields.";
    throw invalid("unsupported_mixed_sort", reason);
  }
  return fields;
}

function count(body: Doc, name: string, normal: number): number {
  const value = body[name] ?? normal;
  if (Number.isInteger(value) && Number(value) >= 0) return Number(value);
  const reason = `${JSON.stringify(value)} is not an integer greater than or equal to zero`;
  throw invalid("invalid_non_neg_integer", reason);
}

function parseRequest(body: Doc): FindRequest {
  if (body.selector === undefined) {
    throw invalid("missing_required_key", "Missing required key: selector");
  }
  for (const name of Object.keys(body)) {
    if (!KNOWN.includes(name))
      throw invalid("invalid_key", `Invalid key ${name} for this request.`);
  }
  const { fields = [], use_index: index = [], bookmark = "" } = body;
  if (!Array.isArray(fields)) {
    const reason = `Fields must be an array of strings, not: ${JSON.stringify(fields)}`;
    throw invalid("invalid_fields", reason);
  }
  if (typeof index !== "string" && !Array.isArray(index)) {
    throw invalid("invalid_index_name", `Invalid index name: ${JSON.stringify(index)}`);
  }
  return {
    selector: parseSelector(body.selector),
    limit: count(body, "limit", 25),
    skip: count(body, "skip", 0),
    sort: parseSort(body.sort ?? []),
    fields: fields.map(String),
    bookmark: String(bookmark),
    useIndex: [index].flat().map(String),
    conflicts: body.conflicts === true,
    stats: body.execution_stats === true,
  };
}

/**
 * A bookmark is the last row of a page: the next one begins behind it. CouchDB writes the Erlang term
 * `[{startkey_docid, Id}, {startkey, Key}]`; here the key is JSON.
 */
function formatBookmark({ key, id }: IndexRow): string {
  const pair = (name: string, value: string) => [
    ...[104, 2, 100, 0, name.length, ...Buffer.from(name)],
    ...[109, ...length(Buffer.byteLength(value)), ...Buffer.from(value)],
  ];
  const term = [131, 108, ...length(2), ...pair(ID, id), ...pair(KEY, JSON.stringify(key)), 106];
  return Buffer.from(term).toString("base64url");
}

const ID = "startkey_docid";
const KEY = "startkey";

const length = (count: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(count);
  return bytes;
};

function parseBookmark(text: string): { key: unknown; id: string } {
  try {
    const term = Buffer.from(text, "base64url");
    const binary = (name: string) => {
      const at = term.indexOf(name) + name.length + 1;
      return term.subarray(at + 4, at + 4 + term.readUInt32BE(at)).toString();
    };
    const id = binary(ID);
    return { id, key: JSON.parse(binary(`d\0\b${KEY}`)) };
  } catch {
    throw invalid("invalid_bookmark", `Invalid bookmark value: "${text}"`);
  }
}

function rowsBehind(bookmark: string, plan: Plan, descending: boolean): readonly IndexRow[] {
  if (bookmark === "") return plan.rows;
  const { key, id } = parseBookmark(bookmark);
  const range = { startkey: key, startkey_docid: id, descending, inclusive_end: true };
  const rows = descending ? plan.rows.toReversed() : plan.rows;
  const { selected } = select(rows, plan.compare, range);
  // CouchDB steps over one row, even if the one it means has been deleted meanwhile.
  return selected.slice(1);
}

function pick(doc: Doc, fields: string[]): Doc {
  if (fields.length === 0) return doc;
  const picked: Doc = {};
  for (const field of fields) {
    const path = splitField(field);
    const value = fieldOf(doc, path);
    if (value === undefined) continue;
    let target = picked;
    for (const name of path.slice(0, -1)) {
      const inner = isObject(target[name]) ? target[name] : {};
      target[name] = inner;
      target = inner;
    }
    target[path.at(-1) ?? field] = value;
  }
  return picked;
}

/** The index that was asked for if it can be used, else the best; and what there is to say to it. */
function choose(request: FindRequest, indexes: IndexDefinition[]) {
  const { selector, sort, useIndex } = request;
  const warnings: string[] = [];
  const [ddoc, name] = useIndex;
  if (ddoc !== undefined) {
    const wanted = indexes.filter(
      (index) =>
        index.ddoc.replace(/^_design\//, "") === ddoc.replace(/^_design\//, "") &&
        (name === undefined || index.name === name),
    );
    const chosen = chooseIndex(wanted, selector, sort);
    if (chosen !== undefined) return { chosen, warnings };
    const shown = `_design/${ddoc.replace(/^_design\//, "")}${name === undefined ? "" : `, ${name}`}`;
    warnings.push(
      `${shown} was not used because it does not contain a valid index for this query.`,
    );
  }
  // A partial index lacks documents: only who names it knows that this does no harm.
  const complete = indexes.filter((index) => index.partial === undefined);
  const chosen = chooseIndex(complete, selector, sort);
  const isSorted = sort.every(({ field }) => field === "_id");
  if (chosen === undefined && !isSorted) {
    const reason = "No index exists for this sort, try indexing by the sort fields.";
    throw invalid("no_usable_index", reason);
  }
  if (chosen === undefined) warnings.push(NO_INDEX);
  return { chosen, warnings };
}

interface Page {
  rows: { row: IndexRow; doc: Doc }[];
  examined: number;
}

async function collect(
  db: Database,
  rows: readonly IndexRow[],
  request: FindRequest,
): Promise<Page> {
  const { selector, skip, limit, conflicts } = request;
  const page: Page = { rows: [], examined: 0 };
  let skipped = 0;
  for (let from = 0; from < rows.length; from += BATCH) {
    const batch = rows.slice(from, from + BATCH);
    const docs = await Promise.all(batch.map((row) => db.find(row.id, { conflicts })));
    for (const [i, row] of batch.entries()) {
      const doc = docs[i];
      // CouchDB notices that a page is full when it has the next row in its hands.
      page.examined++;
      if (page.rows.length === limit) return page;
      if (doc === undefined || !matches(selector, doc)) continue;
      if (skipped < skip) skipped++;
      else page.rows.push({ row, doc });
    }
  }
  return page;
}

/** POST /db/_find */
export async function find(context: DatabaseContext): Promise<void> {
  const { db } = context;
  const started = performance.now();
  const request = parseRequest(await readObject(context));
  const { bookmark, sort, fields } = request;
  const { chosen, warnings } = choose(request, await listIndexes(db));
  const descending = sort[0]?.direction === "desc";
  const plan = await openPlan(db, chosen, request.selector, descending);
  const { rows, examined } = await collect(db, rowsBehind(bookmark, plan, descending), request);
  const last = rows.at(-1);
  const next = last === undefined ? bookmark || "nil" : formatBookmark(last.row);
  if (warnings.length === 0 && examined > 10 * Math.max(1, rows.length)) warnings.push(EXPENSIVE);

  const stream = new BodyStream(context);
  await stream.write('{"docs":[');
  for (const [i, { doc }] of rows.entries()) {
    await stream.write(`${i === 0 ? "" : ","}\r\n${JSON.stringify(pick(doc, fields))}`);
  }
  const told: [string, unknown][] = [["bookmark", next]];
  if (request.stats) {
    const stats = {
      total_keys_examined: examined,
      total_docs_examined: examined,
      total_quorum_docs_examined: 0,
      results_returned: rows.length,
      execution_time_ms: Number((performance.now() - started).toFixed(3)),
    };
    told.push(["execution_stats", stats]);
  }
  if (warnings.length > 0) told.push(["warning", warnings.join("\n")]);
  const lines = told.map(([name, value]) => `,\r\n"${name}": ${JSON.stringify(value)}`);
  stream.end(`\r\n]${lines.join("")}}\r\n\n`);
}
