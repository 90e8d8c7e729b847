import type { DatabaseContext } from "./context.js";
import type { Database } from "./database.js";
import { badRequest } from "./errors.js";
import { readObject, sendJson } from "./http.js";
import { isLocal, storeLocal } from "./local.js";
import { BULK_GET, sendMixed } from "./multipart.js";
import { present } from "./present.js";
import { type Doc, isObject } from "./types.js";
import { checkDocument, checkId, REVISION } from "./validation.js";
import { prepareWrite } from "./writing.js";

/** A document of a bulk request; one that is no document fails the whole request. */
function readDocument(context: DatabaseContext, value: unknown, newEdits: boolean): Doc {
  const doc = checkDocument(value);
  doc._id = doc._id === undefined ? context.instance.newUuid() : checkId(doc._id);
  return isLocal(doc) ? doc : prepareWrite(context, doc, newEdits);
}

/** POST /db/_bulk_docs */
export async function bulkDocs(context: DatabaseContext): Promise<void> {
  const { db, user } = context;
  const body = await readObject(context);
  if (body.docs === undefined) throw badRequest("POST body must include `docs` parameter.");
  if (!Array.isArray(body.docs)) throw badRequest("`docs` parameter must be an array.");
  const newEdits = body.new_edits !== false;
  const docs = body.docs.map((value) => readDocument(context, value, newEdits));
  const replicated = docs.filter((doc) => !isLocal(doc));
  const written = (await db.write(replicated, user, newEdits)).values();
  const rows = docs.map((doc) => {
    if (isLocal(doc)) return { ok: true, id: doc._id, rev: storeLocal(db, doc) };
    const row = written.next().value;
    if (row === undefined || "ok" in row) return row;
    return { id: row.id, error: row.error, reason: row.reason };
  });
  // Replicated revisions are stored whatever there is: only those that failed are reported.
  const reported = rows.filter((row) => row !== undefined);
  sendJson(context, 201, reported);
}

/** A document of `_bulk_get`: its leaves, or what is wrong. */
type Got = { ok: Doc } | { error: Doc };

async function getOne(db: Database, wanted: unknown, history: boolean) {
  const { id = null, rev } = isObject(wanted) ? wanted : {};
  const failed = (error: string, reason: string, shown: unknown): { id: unknown; docs: Got[] } => ({
    id,
    docs: [{ error: { rev: shown, reason, id, error } }],
  });
  if (typeof id !== "string") return failed("bad_request", "document must be a JSON object", null);
  if (rev !== undefined && !REVISION.test(String(rev))) {
    return failed("bad_request", "Invalid rev format", rev);
  }
  const revs = rev === undefined ? "all" : [String(rev)];
  const found = await db.openRevs(id, revs, history).catch(() => []);
  const docs: Got[] = found.flatMap((row) => ("ok" in row ? [{ ok: present(row.ok) }] : []));
  if (docs.length === 0) return failed("not_found", "missing", rev ?? "undefined");
  return { id, docs };
}

/** POST /db/_bulk_get */
export async function bulkGet(context: DatabaseContext): Promise<void> {
  const { db, query, request } = context;
  const { docs } = await readObject(context);
  if (!Array.isArray(docs)) throw badRequest("Missing JSON list of 'docs'.");
  const history = query.get("revs") === "true";
  const results = await Promise.all(docs.map((wanted) => getOne(db, wanted, history)));
  const { accept = "*/*" } = request.headers;
  if (accept.includes("json") || accept.includes("*/*")) {
    return sendJson(context, 200, { results });
  }
  const parts = results.flatMap((result) =>
    result.docs.map((got) =>
      "ok" in got ? { json: got.ok, isError: false } : { json: got.error, isError: true },
    ),
  );
  sendMixed(context, parts, BULK_GET);
}

async function readRevisions(context: DatabaseContext): Promise<Record<string, string[]>> {
  const body = await readObject(context);
  return Object.fromEntries(
    Object.entries(body).map(([id, revs]) => {
      if (!Array.isArray(revs)) throw badRequest("Request body must map ids to arrays.");
      return [id, revs.map(String)];
    }),
  );
}

/** POST /db/_revs_diff */
export async function revsDiff(context: DatabaseContext): Promise<void> {
  sendJson(context, 200, await context.db.revsDiff(await readRevisions(context)));
}

/** POST /db/_missing_revs */
export async function missingRevs(context: DatabaseContext): Promise<void> {
  const diff = await context.db.revsDiff(await readRevisions(context));
  const missing = Object.entries(diff).map(([id, row]) => [id, row.missing]);
  sendJson(context, 200, { missing_revs: Object.fromEntries(missing) });
}
