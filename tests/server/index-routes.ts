import { createHash } from "node:crypto";
import type { DatabaseContext } from "./context.js";
import { erlang } from "./erlang.js";
import { CouchError, notFound } from "./errors.js";
import { parseSort } from "./find.js";
import { readObject, sendJson } from "./http.js";
import { parseSelector } from "./mango.js";
import { type IndexDefinition, listIndexes } from "./mango-indexes.js";
import { type Doc, isObject } from "./types.js";

const invalid = (error: string, reason: string) => new CouchError(400, error, reason);

function shown({ ddoc, name, fields, partial }: IndexDefinition) {
  const def = {
    fields: fields.map(({ field, direction }) => ({ [field]: direction })),
    ...(partial !== undefined && { partial_filter_selector: partial }),
  };
  return { ddoc, name, type: "json", partitioned: false, def };
}

/** GET /db/_index */
export async function getIndexes(context: DatabaseContext): Promise<void> {
  const { db, query } = context;
  const count = (name: string, least: number, normal: number) => {
    const text = query.get(name) ?? String(normal);
    if (/^\d+$/.test(text) && Number(text) >= least) return Number(text);
    const reason = "Index parameter ranges: limit > 1, skip > 0";
    throw new CouchError(500, "invalid_list_index_params", reason);
  };
  const skip = count("skip", 0, 0);
  const limit = count("limit", 1, Number.MAX_SAFE_INTEGER);
  const indexes = await listIndexes(db);
  const primary = {
    ddoc: null,
    name: "_all_docs",
    type: "special",
    def: { fields: [{ _id: "asc" }] },
  };
  const list = [primary, ...indexes.map(shown)];
  sendJson(context, 200, { total_rows: list.length, indexes: list.slice(skip, skip + limit) });
}

function checkKeys(body: Doc, known: string[]): void {
  const unknown = Object.keys(body).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw invalid("invalid_key", `Invalid key ${unknown} for this request.`);
  }
}

/** A name that the client may leave to CouchDB. */
function nameOf(body: Doc, member: string): string | undefined {
  const name = body[member];
  if (name === undefined) return undefined;
  if (typeof name !== "string") throw invalid("invalid_string", `Invalid string: ${erlang(name)}`);
  if (name !== "") return name;
  throw invalid("invalid_empty_string", "Index name or ddoc cannot be empty string");
}

function checkType({ type = "json" }: Doc): void {
  if (typeof type !== "string") throw invalid("invalid_string", `Invalid string: ${erlang(type)}`);
  if (type === "text" || type === "nouveau") {
    throw new CouchError(503, "required index service unavailable", type);
  }
  if (type !== "json") throw invalid("invalid_index", `Invalid type for index: ${type}`);
}

/** The view that stands for an index in its design document. */
function viewOf(index: unknown): Doc {
  if (!isObject(index)) {
    const reason = `JSON indexes must be an object, not: ${erlang(index)}`;
    throw invalid("invalid_index", reason);
  }
  if (index.fields === undefined) {
    throw invalid("missing_required_key", "Missing required key: fields");
  }
  checkKeys(index, ["fields", "partial_filter_selector"]);
  const fields = parseSort(index.fields);
  const partial = index.partial_filter_selector ?? {};
  parseSelector(partial);
  return {
    map: {
      fields: Object.fromEntries(fields.map(({ field, direction }) => [field, direction])),
      partial_filter_selector: partial,
    },
    reduce: "_count",
    options: { def: index },
  };
}

/** POST /db/_index */
export async function createIndex(context: DatabaseContext): Promise<void> {
  const { db, user } = context;
  const body = await readObject(context);
  if (!("index" in body)) throw invalid("missing_required_key", "Missing required key: index");
  checkKeys(body, ["index", "type", "name", "ddoc", "w", "partitioned"]);
  const { index, partitioned } = body;
  checkType(body);
  const signature = createHash("sha1")
    .update(JSON.stringify([index, body.name]))
    .digest("hex");
  const name = nameOf(body, "name") ?? signature;
  const id = `_design/${(nameOf(body, "ddoc") ?? signature).replace(/^_design\//, "")}`;
  const view = viewOf(index);
  const design = (await db.find(id)) ?? { _id: id, language: "query", views: {} };
  if (design.language !== "query") {
    const shown = erlang(design.language ?? false);
    const reason = `Existing design doc has an invalid language: ${shown}`;
    throw invalid("invalid_ddoc_lang", reason);
  }
  const views = isObject(design.views) ? design.views : {};
  if (JSON.stringify(views[name]) === JSON.stringify(view)) {
    return sendJson(context, 200, { result: "exists", id, name });
  }
  const options = typeof partitioned === "boolean" ? { options: { partitioned } } : {};
  const [row] = await db.write(
    [{ ...design, views: { ...views, [name]: view }, ...options }],
    user,
  );
  if (row !== undefined && "error" in row) {
    const reason = `Unknown error while saving the design document: ${row.error}`;
    throw new CouchError(500, "error_saving_ddoc", reason);
  }
  sendJson(context, 200, { result: "created", id, name });
}

/** DELETE /db/_index/ddoc/json/name: who may not do it is told that it was done, and it is not. */
export async function deleteIndex(context: DatabaseContext): Promise<void> {
  const { db, user, params } = context;
  const { name = "", ddoc = "" } = params;
  const design = await db.find(`_design/${ddoc.replace(/^_design\//, "")}`);
  if (design?.language !== "query") throw notFound();
  if (!isObject(design.views) || !isObject(design.views[name])) throw notFound();
  const { [name]: _, ...views } = design.views;
  const isEmpty = Object.keys(views).length === 0;
  await db.write([{ ...design, views, ...(isEmpty && { _deleted: true }) }], user);
  sendJson(context, 200, { ok: true });
}

/** POST /db/_index/_bulk_delete: design documents, with all their indexes. */
export async function deleteIndexes(context: DatabaseContext): Promise<void> {
  const { db, user } = context;
  const { docids } = await readObject(context);
  const success: object[] = [];
  const fail: object[] = [];
  for (const name of Array.isArray(docids) ? docids : []) {
    const id = `_design/${String(name).replace(/^_design\//, "")}`;
    const design = await db.find(id);
    if (design?.language === "query") {
      await db.write([{ ...design, _deleted: true }], user);
      success.push({ id, ok: true });
    } else fail.push({ id, error: "not_found" });
  }
  sendJson(context, 200, { success, fail });
}

/** Anything else below `_index`. */
export function noIndex(): void {
  throw notFound();
}
