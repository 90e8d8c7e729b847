import { createHash } from "node:crypto";
import type { DatabaseContext } from "./context.js";
import { CouchError, notFound } from "./errors.js";
import { parseSort } from "./find.js";
import { readObject, sendJson } from "./http.js";
import { parseSelector } from "./mango.js";
import { type IndexDefinition, listIndexes } from "./mango-indexes.js";
import { requireDatabaseAdmin } from "./privileges.js";
import { isObject } from "./types.js";

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
  const indexes = await listIndexes(context.db);
  const primary = {
    ddoc: null,
    name: "_all_docs",
    type: "special",
    def: { fields: [{ _id: "asc" }] },
  };
  const list = [primary, ...indexes.map(shown)];
  sendJson(context, 200, { total_rows: list.length, indexes: list });
}

/** POST /db/_index */
export async function createIndex(context: DatabaseContext): Promise<void> {
  const { db, user } = context;
  requireDatabaseAdmin(db.security, user);
  const body = await readObject(context);
  const { index, type = "json" } = body;
  if (!isObject(index)) throw invalid("missing_required_key", "Missing required key: index");
  if (index.fields === undefined) {
    throw invalid("missing_required_key", "Missing required key: fields");
  }
  if (type === "text") {
    throw new CouchError(503, "required index service unavailable", "text");
  }
  if (type !== "json") throw invalid("invalid_index", `Invalid type for index: ${type}`);
  const fields = parseSort(index.fields);
  const partial = index.partial_filter_selector ?? {};
  parseSelector(partial);
  const signature = createHash("sha1")
    .update(JSON.stringify([index, body.name]))
    .digest("hex");
  const name = typeof body.name === "string" ? body.name : signature;
  const given = typeof body.ddoc === "string" ? body.ddoc : signature;
  const id = `_design/${given.replace(/^_design\//, "")}`;
  const view = {
    map: {
      fields: Object.fromEntries(fields.map(({ field, direction }) => [field, direction])),
      partial_filter_selector: partial,
    },
    reduce: "_count",
    options: { def: index },
  };
  const design = (await db.find(id)) ?? { _id: id, language: "query", views: {} };
  const views = isObject(design.views) ? design.views : {};
  if (JSON.stringify(views[name]) === JSON.stringify(view)) {
    return sendJson(context, 200, { result: "exists", id, name });
  }
  await db.write([{ ...design, views: { ...views, [name]: view } }], user);
  sendJson(context, 200, { result: "created", id, name });
}

/** DELETE /db/_index/ddoc/json/name */
export async function deleteIndex(context: DatabaseContext): Promise<void> {
  const { db, user, params } = context;
  requireDatabaseAdmin(db.security, user);
  const name = params.name ?? "";
  const design = await db.get(`_design/${params.ddoc}`);
  if (!isObject(design.views) || !isObject(design.views[name])) throw notFound();
  const { [name]: _, ...views } = design.views;
  const isEmpty = Object.keys(views).length === 0;
  await db.write([{ ...design, views, ...(isEmpty && { _deleted: true }) }], user);
  sendJson(context, 200, { ok: true });
}
