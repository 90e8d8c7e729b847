import type { DatabaseContext } from "./context.js";
import { badRequest, conflict, notFound } from "./errors.js";
import {
  BodyStream,
  encodeSegment,
  location,
  notModified,
  parseJson,
  readJson,
  readText,
  sendJson,
} from "./http.js";
import { OPEN_REVS, sendMixed } from "./multipart.js";
import { present } from "./present.js";
import { decodeSegment } from "./routing.js";
import type { Doc } from "./types.js";
import { checkDocument, checkId, checkRevision, idOf, revisionOf } from "./validation.js";
import { prepareWrite, store } from "./writing.js";

function documentLocation(context: DatabaseContext, id: string) {
  const path = `/${encodeSegment(context.db.name)}/${encodeSegment(id)}`;
  return { Location: location(context, path) };
}

function sendStored(context: DatabaseContext, id: string, rev: string, deleted: boolean): void {
  const headers = { ETag: `"${rev}"`, ...documentLocation(context, id) };
  sendJson(context, deleted ? 200 : 201, { ok: true, id, rev }, headers);
}

const flag = (context: DatabaseContext, name: string) => context.query.get(name) === "true";

/** GET /db/id */
export async function getDocument(context: DatabaseContext): Promise<void> {
  const { db, query } = context;
  const id = idOf(context.params);
  const openRevs = query.get("open_revs");
  if (openRevs !== null) return sendOpenRevs(context, id, openRevs);
  const meta = flag(context, "meta");
  const told: Doc = {
    revs: flag(context, "revs"),
    revs_info: meta || flag(context, "revs_info"),
    conflicts: meta || flag(context, "conflicts"),
    deleted_conflicts: meta || flag(context, "deleted_conflicts"),
  };
  const rev = query.get("rev");
  const options: Doc = { ...told };
  if (flag(context, "attachments")) options.attachments = true;
  if (rev !== null) options.rev = checkRevision(rev);
  if (rev !== null && flag(context, "latest")) {
    // PouchDB takes the whole process down over an unknown revision; CouchDB gives the winner.
    const isKnown = (await db.find(id, { rev })) !== undefined;
    if (isKnown) options.latest = true;
    else delete options.rev;
  }
  const doc = await db.get(id, options);
  // What is told about a document changes without its revision: then that is no ETag.
  const isPlain = !Object.values(told).includes(true);
  const etag = `"${doc._rev}"`;
  if (isPlain && notModified(context, etag)) return;
  sendJson(context, 200, doc, isPlain ? { ETag: etag } : {});
}

async function sendOpenRevs(context: DatabaseContext, id: string, which: string): Promise<void> {
  const { db, request } = context;
  const revs = which === "all" ? which : parseJson(which);
  if (revs !== "all" && !Array.isArray(revs)) throw badRequest("Invalid `open_revs` parameter");
  const found = await db
    .openRevs(id, revs === "all" ? revs : revs.map(checkRevision), flag(context, "revs"))
    .catch(() => {
      throw notFound();
    });
  const rows = found.map((row) => ("ok" in row ? { ok: present(row.ok) } : row));
  if (request.headers.accept?.includes("application/json") !== true) {
    const parts = rows.map((row) =>
      "ok" in row ? { json: row.ok, isError: false } : { json: row, isError: true },
    );
    return sendMixed(context, parts, OPEN_REVS);
  }
  new BodyStream(context).end(`${JSON.stringify(rows)}\n`);
}

/** PUT /db/id */
export async function putDocument(context: DatabaseContext): Promise<void> {
  const { request, query } = context;
  const id = checkId(idOf(context.params));
  const text = await readText(request);
  if (text === "") throw badRequest("Missing request body");
  const doc = checkDocument(parseJson(text));
  if (doc._id !== undefined) checkId(doc._id);
  const rev = revisionOf(context);
  if (rev !== undefined && doc._rev !== undefined && rev !== doc._rev) {
    const reason = "Document rev from request body and query string have different values";
    throw badRequest(reason);
  }
  if (rev !== undefined) doc._rev = rev;
  doc._id = id;
  if (query.get("batch") === "ok") return batch(context, doc);
  const stored = await store(context, doc, query.get("new_edits") !== "false");
  sendStored(context, id, stored, doc._deleted === true);
}

/** A batched write is acknowledged first; a conflict then shows nowhere. */
async function batch(context: DatabaseContext, doc: Doc): Promise<void> {
  const prepared = prepareWrite(context, doc, true);
  sendJson(context, 202, { ok: true, id: doc._id });
  await context.db.write([prepared], context.user);
}

/** POST /db */
export async function postDocument(context: DatabaseContext): Promise<void> {
  const { instance, query } = context;
  const doc = checkDocument(await readJson(context));
  const id = doc._id === undefined ? instance.newUuid() : checkId(doc._id);
  doc._id = id;
  if (query.get("batch") === "ok") return batch(context, doc);
  const rev = await store(context, doc);
  sendJson(context, 201, { ok: true, id, rev }, documentLocation(context, id));
}

/** DELETE /db/id */
export async function deleteDocument(context: DatabaseContext): Promise<void> {
  const { db } = context;
  const id = idOf(context.params);
  await db.get(id); // 404 unless there is something to delete
  const rev = revisionOf(context);
  if (rev === undefined) throw conflict();
  const deleted = await store(context, { _id: id, _rev: rev, _deleted: true });
  sendJson(context, 200, { ok: true, id, rev: deleted }, { ETag: `"${deleted}"` });
}

/** Where COPY shall go: a document of the same database, and its revision if it exists. */
function destinationOf(context: DatabaseContext): { id: string; rev?: string } {
  const { destination } = context.request.headers;
  if (typeof destination !== "string") {
    throw badRequest("Destination header is mandatory for COPY.");
  }
  if (/^https?:\/\//.test(destination)) throw badRequest("Destination URL must be relative.");
  const [path = "", query = ""] = destination.split("?");
  const id = checkId(decodeSegment(path));
  const rev = new URLSearchParams(query).get("rev");
  return rev === null ? { id } : { id, rev: checkRevision(rev) };
}

/** COPY /db/id */
export async function copyDocument(context: DatabaseContext): Promise<void> {
  const target = destinationOf(context);
  const rev = revisionOf(context);
  const { _id, _rev, ...content } = await context.db.get(
    idOf(context.params),
    rev === undefined ? {} : { rev },
  );
  const doc = { ...content, _id: target.id, ...(target.rev !== undefined && { _rev: target.rev }) };
  sendStored(context, target.id, await store(context, doc), false);
}
