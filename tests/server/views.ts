import { compareIds, compareKeys } from "./collate.js";
import type { DatabaseContext } from "./context.js";
import type { Database, DocumentOptions } from "./database.js";
import { badRequest, notFound, queryError } from "./errors.js";
import { BodyStream, readObject } from "./http.js";
import { compileReduce, type Reduce, reduceRows } from "./reduce.js";
import { writeRows } from "./row-stream.js";
import { compileMap } from "./sandbox.js";
import { select } from "./select.js";
import { type Doc, isObject } from "./types.js";
import type { CompareKeys, IndexRow, ViewIndex } from "./view-index.js";
import { checkReduce, queryParams, type ViewParams } from "./view-params.js";

/** Something with rows: a view, or a part of `_all_docs`. */
interface Source {
  db: Database;
  compareKeys: CompareKeys;
  rows(): Promise<readonly IndexRow[]>;
  reduce?: Reduce;
  /** `_all_docs` has answers for keys that are not in it. */
  lookup?(key: unknown): Promise<unknown>;
}

type Body = (stream: BodyStream) => Promise<void>;

async function openView(context: DatabaseContext): Promise<Source> {
  const { db, params } = context;
  const { ddoc = "", view: name = "" } = params;
  const design = await db.get(`_design/${ddoc}`);
  const view = isObject(design.views) ? design.views[name] : undefined;
  if (!isObject(view) || typeof view.map !== "string") throw notFound("missing_named_view");
  const { map: source, reduce } = view;
  const index: ViewIndex = db.index(`${ddoc}/${name}/${source}`, compareKeys, () => {
    const map = compileMap(source, name);
    return ({ id, doc }) => (id.startsWith("_design/") ? [] : map(doc));
  });
  return {
    db,
    compareKeys,
    rows: () => index.rows(),
    ...(typeof reduce === "string" && { reduce: compileReduce(reduce, name) }),
  };
}

/** `_all_docs`, or the part of it in which ids begin with `prefix`. */
function openDocs(db: Database, prefix: string): Source {
  return {
    db,
    compareKeys: db.allDocs.compareKeys,
    rows: async () => {
      const rows = await db.allDocs.rows();
      return prefix === "" ? rows : rows.filter((row) => row.id.startsWith(prefix));
    },
    lookup: async (key) => {
      const missing = { key, error: "not_found" };
      if (typeof key !== "string" || !key.startsWith(prefix)) return missing;
      const local = db.locals.get(key);
      if (local !== undefined) return { id: key, key, value: { rev: local._rev } };
      const winner = await db.winner(key);
      if (winner === undefined) return missing;
      const { rev, deleted } = winner;
      return { id: key, key, value: { rev, ...(deleted && { deleted }) } };
    },
  };
}

/** The row with what was asked for beside its key and value. */
async function completeRow(db: Database, row: IndexRow, params: ViewParams): Promise<unknown> {
  const { id, key, value } = row;
  if (!params.include_docs) return { id, key, value };
  // A view may emit `{_id}` to have another document stand in the row, or `{_rev}` for an old one.
  const link = isObject(value) ? value : {};
  const docId = typeof link._id === "string" ? link._id : id;
  const { conflicts, attachments, att_encoding_info } = params;
  const options: DocumentOptions = { conflicts, attachments, att_encoding_info };
  if (typeof link._rev === "string") options.rev = link._rev;
  return { id, key, value, doc: (await db.find(docId, options)) ?? null };
}

function page<T>(rows: readonly T[], { skip, limit }: ViewParams): readonly T[] {
  return rows.slice(skip, limit === undefined ? undefined : skip + limit);
}

async function updateSeq(db: Database, params: ViewParams): Promise<string> {
  if (!params.update_seq) return "";
  return `"update_seq":${JSON.stringify(db.formatSequence(await db.sequence()))},`;
}

async function writeBody(
  stream: BodyStream,
  head: string,
  rows: readonly unknown[],
  complete: (row: never) => unknown = (row) => row,
): Promise<void> {
  await stream.write(`{${head}"rows":[\r\n`);
  await writeRows(stream, rows, complete as (row: unknown) => unknown);
  await stream.write("\r\n]}");
}

async function prepareLookup(source: Source, params: ViewParams, keys: unknown[]): Promise<Body> {
  const { db, lookup } = source;
  const total = (await source.rows()).length;
  const head = `"total_rows":${total},"offset":null,${await updateSeq(db, params)}`;
  const complete = async (key: unknown) => {
    const row = await lookup?.(key);
    if (!params.include_docs || !isObject(row) || !isObject(row.value)) return row;
    if (row.value.deleted === true) return { ...row, doc: null };
    const local = db.locals.get(String(key));
    if (local !== undefined) return { ...row, doc: local };
    return completeRow(db, row as unknown as IndexRow, params);
  };
  const ordered = params.descending ? keys.toReversed() : keys;
  return (stream) => writeBody(stream, head, page(ordered, params), complete);
}

/** Does all that may fail, and returns what then sends the answer. */
async function prepareRows(source: Source, params: ViewParams): Promise<Body> {
  const { db, compareKeys: order, reduce, lookup } = source;
  if (lookup !== undefined) {
    // The keys of _all_docs are the ids: CouchDB takes no second ones.
    delete params.startkey_docid;
    delete params.endkey_docid;
  }
  const isReduce = reduce !== undefined && params.reduce !== false;
  checkReduce(params, isReduce);
  checkRange(source, params);
  const rows = await source.rows();
  const { offset, selected } = selectKeys(rows, order, params);
  const seq = await updateSeq(db, params);
  if (isReduce) {
    const reduced = reduceRows(selected, order, reduce, params.group_level);
    return (stream) => writeBody(stream, seq, page(reduced, params));
  }
  const start = Math.min(rows.length, offset + params.skip);
  const head = `"total_rows":${rows.length},"offset":${start},${seq}`;
  const complete = (row: IndexRow) => completeRow(db, row, params);
  if (lookup === undefined && !params.sorted) {
    // Rows go out as the shards send them: none is skipped, and the first does not wait for what
    // all shards together would tell of the view.
    const unsorted = page(selected, { ...params, skip: 0 });
    const isEarly = db.options.q > 1 && unsorted.length > 0;
    return (stream) => writeBody(stream, isEarly ? "" : head, unsorted, complete);
  }
  return (stream) => writeBody(stream, head, page(selected, params), complete);
}

/** A view refuses a range that is the wrong way round; `_all_docs` has no rows for it. */
function checkRange(source: Source, params: ViewParams): void {
  const { startkey, endkey, descending } = params;
  if (source.lookup !== undefined || startkey === undefined || endkey === undefined) return;
  const order = source.compareKeys(startkey, endkey);
  if (descending ? order >= 0 : order <= 0) return;
  const reason =
    "No rows can match your key range, reverse your start_key and end_key or set descending=true";
  throw queryError(reason);
}

function selectKeys(rows: readonly IndexRow[], order: CompareKeys, params: ViewParams) {
  if (params.keys === undefined || params.startkey !== undefined)
    return select(rows, order, params);
  const keys = params.descending ? params.keys.toReversed() : params.keys;
  const parts = keys.map((key) => select(rows, order, { ...params, startkey: key, endkey: key }));
  // Counted from the first row there is, and where there is none, from where the last would be.
  const counted = parts.find((part) => part.selected.length > 0) ?? parts.at(-1);
  return {
    offset: counted?.offset ?? 0,
    selected: parts.flatMap((part) => part.selected),
  };
}

async function sendRows(context: DatabaseContext, source: Source, body: Doc): Promise<void> {
  const params = queryParams(context.query, body);
  const send =
    source.lookup !== undefined && params.keys !== undefined
      ? await prepareLookup(source, params, params.keys)
      : await prepareRows(source, params);
  const stream = new BodyStream(context);
  await send(stream);
  stream.end("\n");
}

async function sendQueries(context: DatabaseContext, source: Source): Promise<void> {
  const { queries } = await readObject(context);
  if (queries === undefined) throw badRequest("POST body must include `queries` parameter.");
  if (!Array.isArray(queries)) throw badRequest("`queries` member must be an array.");
  const bodies: Body[] = [];
  for (const query of queries) {
    if (!isObject(query)) throw badRequest("`queries` member must be an array of objects.");
    const params = queryParams(context.query, query);
    const { keys } = params;
    // A single one of `keys` is a `key` here.
    const isLookup = source.lookup !== undefined && keys !== undefined && keys.length !== 1;
    bodies.push(
      await (isLookup ? prepareLookup(source, params, keys) : prepareRows(source, params)),
    );
  }
  const stream = new BodyStream(context);
  await stream.write('{"results":[');
  for (const [i, send] of bodies.entries()) {
    await stream.write(i === 0 ? "\r\n" : ",\r\n");
    await send(stream);
  }
  stream.end("\r\n]}\n");
}

async function bodyOf(context: DatabaseContext): Promise<Doc> {
  return context.request.method === "POST" ? readObject(context) : {};
}

/** GET and POST /db/_all_docs */
export async function allDocs(context: DatabaseContext): Promise<void> {
  await sendRows(context, openDocs(context.db, ""), await bodyOf(context));
}

/** POST /db/_all_docs/queries */
export async function allDocsQueries(context: DatabaseContext): Promise<void> {
  await sendQueries(context, openDocs(context.db, ""));
}

/** GET and POST /db/_design_docs */
export async function designDocs(context: DatabaseContext): Promise<void> {
  await sendRows(context, openDocs(context.db, "_design/"), await bodyOf(context));
}

/** GET and POST /db/_design/ddoc/_view/name */
export async function view(context: DatabaseContext): Promise<void> {
  const source = await openView(context);
  await sendRows(context, source, await bodyOf(context));
}

/** POST /db/_design/ddoc/_view/name/queries */
export async function viewQueries(context: DatabaseContext): Promise<void> {
  await sendQueries(context, await openView(context));
}

/** GET /db/_local_docs: local documents are not counted. */
export async function localDocs(context: DatabaseContext): Promise<void> {
  const { db } = context;
  const params = queryParams(context.query);
  const rows = [...db.locals]
    .map(([id, doc]) => ({ id, key: id, value: { rev: doc._rev } }))
    .sort((a, b) => compareIds(a.id, b.id));
  const { selected } = select(rows, db.allDocs.compareKeys, params);
  const stream = new BodyStream(context);
  const complete = (row: IndexRow) => {
    const { id, key, value } = row;
    return params.include_docs ? { id, key, value, doc: db.locals.get(id) } : { id, key, value };
  };
  const head = '"total_rows":null,"offset":null,';
  await writeBody(stream, head, page(selected, params), complete);
  stream.end("\n");
}
