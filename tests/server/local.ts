import type { DatabaseContext } from "./context.js";
import type { Database } from "./database.js";
import { badRequest, CouchError, notFound } from "./errors.js";
import { encodeSegment, location, notModified, parseJson, readText, sendJson } from "./http.js";
import { etagOf } from "./instance.js";
import { present } from "./present.js";
import type { Doc } from "./types.js";
import { checkDocument, revisionOf } from "./validation.js";

function idOf(context: DatabaseContext): string {
  return `_local/${context.params.name}`;
}

export function isLocal({ _id }: Doc): boolean {
  return String(_id).startsWith("_local/");
}

/** Local documents have no conflicts: what is written last holds. */
export function storeLocal(db: Database, doc: Doc): string {
  const id = String(doc._id);
  if (doc._deleted === true) {
    db.locals.delete(id);
    return "0-0";
  }
  const [, count] = /^0-(\d+)$/.exec(String(doc._rev ?? "0-0")) ?? [];
  if (count === undefined) throw new CouchError(500, "error", "Invalid rev format");
  const rev = `0-${Number(count) + 1}`;
  const { _attachments, ...content } = doc; // They are let go.
  db.locals.set(id, present({ ...content, _rev: rev }));
  return rev;
}

/** GET /db/_local/name */
export function getLocal(context: DatabaseContext): void {
  const doc = context.db.locals.get(idOf(context));
  // There are no revisions to ask for, not even the one there is.
  if (doc === undefined || context.query.has("rev")) throw notFound();
  const etag = etagOf(doc);
  if (notModified(context, etag)) return;
  sendJson(context, 200, doc, { ETag: etag });
}

/** Any request to what is below a local document, or to none. */
export function noLocal(context: DatabaseContext): void {
  const { rest } = context.params;
  if (rest !== undefined) throw badRequest("_local documents do not accept attachments.");
  throw badRequest("Invalid _local document id.");
}

/** PUT /db/_local/name */
export async function putLocal(context: DatabaseContext): Promise<void> {
  const { db, request, query } = context;
  const text = await readText(request);
  if (text === "") throw badRequest("Missing request body");
  const id = idOf(context);
  const doc = checkDocument(parseJson(text));
  const rev = storeLocal(db, { ...doc, _rev: doc._rev ?? query.get("rev") ?? "0-0", _id: id });
  const path = `/${encodeSegment(db.name)}/${encodeSegment(id)}`;
  const headers = { ETag: etagOf(db.locals.get(id)), Location: location(context, path) };
  sendJson(context, 201, { ok: true, id, rev }, headers);
}

/** DELETE /db/_local/name */
export function deleteLocal(context: DatabaseContext): void {
  const id = idOf(context);
  revisionOf(context);
  if (!context.db.locals.delete(id)) throw notFound();
  sendJson(context, 200, { ok: true, id, rev: "0-0" }, { ETag: etagOf(null) });
}
