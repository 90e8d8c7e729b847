import type { DatabaseContext } from "./context.js";
import type { Database, DocumentOptions } from "./database.js";
import { badRequest, CouchError, functionClause } from "./errors.js";
import { readObject, sendJson } from "./http.js";
import { isLocal, storeLocal } from "./local.js";
import { BULK_GET, sendMixed } from "./multipart.js";
import { readRevisionOptions } from "./read-options.js";
import { type Doc, isObject } from "./types.js";
import { checkDocument, checkId, checkRevision } from "./validation.js";
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
  const { new_edits: newEdits = true } = body;
  if (typeof newEdits !== "boolean") throw functionClause();
  const docs = body.docs.map((value) => readDocument(context, value, newEdits));
  const replicated = docs.filter((doc) => !isLocal(doc));
  const written = (await db.write(replicated, user, newEdits)).values();
  const rows = docs.map((doc) => {
    if (isLocal(doc)) return { ok: true, id: doc._id, rev: storeLocal(db, doc) };
    const row = written.next().value;
    if (row === undefined || "ok" in row) return row;
    const { status, ...shown } = row;
    return shown;
  });
  // Replicated revisions are stored whatever there is: only those that failed are reported.
  sendJson(context, 201, newEdits ? rows : rows.filter((row) => row && !("ok" in row)));
}

/** A document of `_bulk_get`: its leaves, or what is wrong. */
type Got = { ok: Doc } | { error: Doc };

interface Result {
  id: unknown;
  docs: Got[];
}

const failed = (error: string, reason: unknown, id: unknown, rev: unknown): Result => ({
  id,
  docs: [{ error: { rev, reason, id, error } }],
});

type GetOptions = DocumentOptions & { latest: boolean };

async function getOne(db: Database, wanted: unknown, options: GetOptions): Promise<Result> {
  if (!isObject(wanted) || Object.keys(wanted).length === 0) {
    return failed("bad_request", "document must be a JSON object", null, null);
  }
  const { id, rev } = wanted;
  if (!("id" in wanted)) return failed("bad_request", "document id missed", null, null);
  if (typeof id !== "string") throw functionClause();
  const refused = refusal(() => checkId(id));
  if (refused !== undefined) return failed(refused.error, refused.reason, id, null);
  if (rev === undefined) {
    const docs = await db.openRevs(id, "all", options);
    if (docs.length === 0) return failed("not_found", "missing", id, "undefined");
    return { id, docs: docs.flatMap((row) => ("ok" in row ? [row] : [])) };
  }
  const invalid = refusal(() => checkRevision(rev));
  if (invalid !== undefined) return failed(invalid.error, invalid.reason, id, rev);
  const rows = await db.openRevs(id, [checkRevision(rev)], options);
  const found = rows.flatMap((row) => ("ok" in row ? [row] : []));
  if (found.length > 0) return { id, docs: found };
  return failed("not_found", "missing", id, checkRevision(rev));
}

function refusal(check: () => unknown): CouchError | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof CouchError) return error;
    throw error;
  }
}

/** Parameters that speak of one document. */
const UNFIT = ["rev", "open_revs", "atts_since", "w", "new_edits"];

/** POST /db/_bulk_get */
export async function bulkGet(context: DatabaseContext): Promise<void> {
  const { db, query, request } = context;
  const { docs } = await readObject(context);
  const unfit = UNFIT.find((name) => query.has(name));
  if (unfit !== undefined) throw badRequest(`"${unfit}" query parameter is not acceptable`);
  if (docs === undefined) throw badRequest("Missing JSON list of 'docs'.");
  if (!Array.isArray(docs)) throw functionClause();
  const [, type] =
    /^(?!.*(?:json|\*\/\*)).*(multipart\/(?:mixed|related))/.exec(request.headers.accept ?? "") ??
    [];
  const latest = query.get("latest") === "true";
  const options = { ...readRevisionOptions(query), latest, follows: type !== undefined };
  const results = await Promise.all(docs.map((wanted) => getOne(db, wanted, options)));
  if (type === undefined) return sendJson(context, 200, { results });
  const parts = results.flatMap((result) =>
    result.docs.map(async (got) =>
      "ok" in got
        ? { json: got.ok, files: await db.files(got.ok), isError: false }
        : { json: got.error, files: [], isError: true },
    ),
  );
  sendMixed(context, await Promise.all(parts), { ...BULK_GET, type });
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
