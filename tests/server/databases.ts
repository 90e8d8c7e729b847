import { requireAdmin } from "./auth.js";
import { compareIds } from "./collate.js";
import type { Context, DatabaseContext } from "./context.js";
import type { Database } from "./database.js";
import { badRequest, notFound } from "./errors.js";
import {
  BodyStream,
  encodeSegment,
  location,
  notModified,
  parseJson,
  readObject,
  readText,
  readUnused,
  sendJson,
} from "./http.js";
import { etagOf } from "./instance.js";
import { isDatabaseAdmin, isSecurity, noMajority, requireMaintainer } from "./privileges.js";
import { select } from "./select.js";
import { queryParams } from "./view-params.js";

/** The names of the databases that the query's range asks for. */
function selectNames(context: Context): string[] {
  const params = queryParams(context.query);
  const rows = context.instance.names().map((name) => ({ id: name, key: name, value: null }));
  const order = (a: unknown, b: unknown) => compareIds(String(a), String(b));
  const { selected } = select(rows, order, params);
  const end = params.limit === undefined ? undefined : params.skip + params.limit;
  return selected.slice(params.skip, end).map((row) => row.id);
}

/** GET /_all_dbs */
export async function allDatabases(context: Context): Promise<void> {
  const names = selectNames(context);
  const etag = etagOf(names);
  if (notModified(context, etag)) return;
  const stream = new BodyStream(context, { ETag: etag });
  stream.end(`${JSON.stringify(names)}\n`);
}

async function info(db: Database) {
  const { living, deleted } = await db.count();
  const bytes = Math.max(1, living + deleted) * 1000;
  return {
    instance_start_time: db.created,
    db_name: db.name,
    purge_seq: db.formatSequence(db.purgeSequence),
    update_seq: db.formatSequence(await db.sequence()),
    sizes: { file: bytes, external: bytes, active: bytes },
    props: db.options.partitioned ? { partitioned: true } : {},
    doc_del_count: deleted,
    doc_count: living,
    disk_format_version: 8,
    compact_running: false,
    cluster: { q: db.options.q, n: db.options.n, w: 1, r: 1 },
  };
}

async function sendInfos(context: Context, names: unknown[]): Promise<void> {
  const stream = new BodyStream(context);
  await stream.write("[");
  for (const [i, key] of names.entries()) {
    const db = context.instance.find(String(key));
    const row = db === undefined ? { key, error: "not_found" } : { key, info: await info(db) };
    await stream.write(`${i === 0 ? "" : ","}${JSON.stringify(row)}`);
  }
  stream.end("]\n");
}

/** GET /_dbs_info */
export async function allInfos(context: Context): Promise<void> {
  await sendInfos(context, selectNames(context));
}

/** POST /_dbs_info */
export async function someInfos(context: Context): Promise<void> {
  const { keys } = await readObject(context);
  if (!Array.isArray(keys)) throw badRequest("`keys` member must be an array.");
  await sendInfos(context, keys);
}

/** PUT /db */
export function createDatabase(context: Context): void {
  requireAdmin(context);
  const { instance, params, query } = context;
  const name = params.db ?? "";
  const shards = (which: string, normal: string) => {
    const text = query.get(which) ?? normal;
    if (/^[1-9]\d*$/.test(text)) return Number(text);
    throw badRequest(`The \`${which}\` value should be a positive integer.`);
  };
  const partitioned = query.get("partitioned") ?? "false";
  if (!["true", "false"].includes(partitioned)) {
    throw badRequest("Invalid `partitioned` parameter");
  }
  instance.create(name, {
    q: shards("q", "2"),
    n: shards("n", "1"),
    partitioned: partitioned === "true",
  });
  sendJson(context, 201, { ok: true }, { Location: location(context, `/${encodeSegment(name)}`) });
}

/** GET /db */
export async function databaseInfo(context: DatabaseContext): Promise<void> {
  sendJson(context, 200, await info(context.db));
}

/** DELETE /db */
export async function deleteDatabase(context: Context): Promise<void> {
  requireAdmin(context);
  if (context.query.has("rev")) {
    const reason =
      "You tried to DELETE a database with a ?=rev parameter. Did you mean to DELETE a document instead?";
    throw badRequest(reason);
  }
  await context.instance.delete(context.params.db ?? "");
  sendJson(context, 200, { ok: true });
}

/** GET /db/_security */
export function getSecurity(context: DatabaseContext): void {
  sendJson(context, 200, context.db.security);
}

/** PUT /db/_security */
export async function putSecurity(context: DatabaseContext): Promise<void> {
  const { db, user } = context;
  const security = parseJson(await readText(context.request));
  // Whatever is wrong, CouchDB says no more than that its nodes did not do it.
  if (!isDatabaseAdmin(db.security, user) || !isSecurity(security)) throw noMajority();
  db.security = security;
  sendJson(context, 200, { ok: true });
}

/** GET /db/_revs_limit */
export function getRevsLimit(context: DatabaseContext): void {
  sendJson(context, 200, context.db.revsLimit);
}

/** POST /db/_compact, /db/_view_cleanup: what is in memory has nothing to gain, so it is done at once. */
export async function compact(context: DatabaseContext): Promise<void> {
  requireMaintainer(context.db.security, context.user);
  await readUnused(context);
  sendJson(context, 202, { ok: true });
}

/** POST /db/_compact/ddoc: the same, but there must be such a design document. */
export async function compactView(context: DatabaseContext): Promise<void> {
  requireMaintainer(context.db.security, context.user);
  if (!(await context.db.find(`_design/${context.params.ddoc}`))) throw notFound();
  await compact(context);
}

/** POST /db/_ensure_full_commit: what is in memory is as committed as it will ever be. */
export async function ensureFullCommit(context: DatabaseContext): Promise<void> {
  await readUnused(context);
  sendJson(context, 201, { ok: true, instance_start_time: context.db.created });
}
