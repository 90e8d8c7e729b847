import type { IncomingMessage } from "node:http";
import type { DatabaseContext } from "./context.js";
import type { DocumentOptions } from "./database.js";
import { badRequest, CouchError, conflict, notFound } from "./errors.js";
import {
  BodyStream,
  encodeSegment,
  type Headers,
  location,
  notModified,
  parseJson,
  readJson,
  readText,
  sendJson,
} from "./http.js";
import { OPEN_REVS, sendMixed, sendRelated } from "./multipart.js";
import { readOptions, readRevisionOptions } from "./read-options.js";
import { readRelated } from "./related-body.js";
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

/** GET /db/id */
export async function getDocument(context: DatabaseContext): Promise<void> {
  const { db, query, request } = context;
  const id = idOf(context.params);
  const openRevs = query.get("open_revs");
  if (openRevs !== null) return sendOpenRevs(context, id, openRevs);
  const rev = query.get("rev");
  // CouchDB takes the latest revision to be the winner, wherever the named one led.
  const known =
    rev === null || query.get("latest") === "true"
      ? readOptions(query)
      : { ...readRevisionOptions(query), rev: checkRevision(rev) };
  const since = await generationOf(context, id, known);
  const options = { ...known, since, attachments: known.attachments || since !== undefined };
  const asParts = options.attachments === true && acceptsRelated(request.headers.accept);
  const doc = await db.get(id, { ...options, follows: asParts });
  // What is told of other revisions changes without this one: then that is no ETag.
  const isAlone = !["_revs_info", "_conflicts", "_deleted_conflicts"].some((name) => name in doc);
  const etag = `"${doc._rev}"`;
  if (isAlone && notModified(context, etag)) return;
  const headers: Headers = isAlone ? { ETag: etag } : {};
  const files = asParts
    ? (await db.files(doc)).filter(({ attachment }) => attachment.revpos > (since ?? 0))
    : [];
  if (files.length === 0) return sendJson(context, 200, doc, headers);
  sendRelated(context, { json: doc, files, isError: false }, headers);
}

/** The last generation that a client has of those it names by `atts_since`; undefined if it names none. */
async function generationOf(
  { db, query }: DatabaseContext,
  id: string,
  options: DocumentOptions,
): Promise<number | undefined> {
  const named = query.get("atts_since");
  if (named === null) return undefined;
  const known = parseJson(named);
  if (!Array.isArray(known)) throw badRequest("Invalid `atts_since` parameter");
  const { _revisions } = await db.get(id, { ...options, revs: true });
  const { start, ids } = _revisions as { start: number; ids: string[] };
  const at = ids.findIndex((hash, back) => known.includes(`${start - back}-${hash}`));
  return at === -1 ? 0 : start - at;
}

/** Who does not say that JSON is all it wants gets attachments in their own form. */
function acceptsRelated(accept = "*/*"): boolean {
  return /\*\/\*|multipart\/(\*|related)/.test(accept);
}

async function sendOpenRevs(context: DatabaseContext, id: string, which: string): Promise<void> {
  const { db, request, query } = context;
  const revs = which === "all" ? which : parseJson(which);
  if (revs !== "all" && !Array.isArray(revs)) throw badRequest("Invalid `open_revs` parameter");
  const wanted = revs === "all" ? revs : revs.map(checkRevision);
  const asParts = request.headers.accept?.includes("application/json") !== true;
  const latest = query.get("latest") === "true";
  const options = { ...readRevisionOptions(query), latest, follows: asParts };
  const rows = await db.openRevs(id, wanted, options);
  if (revs === "all" && rows.length === 0) throw notFound();
  if (asParts) {
    const parts = rows.map(async (row) =>
      "ok" in row
        ? { json: row.ok, files: await db.files(row.ok), isError: false }
        : { json: row, files: [], isError: true },
    );
    return sendMixed(context, await Promise.all(parts), OPEN_REVS);
  }
  new BodyStream(context).end(`${JSON.stringify(rows)}\n`);
}

/** PUT /db/id */
export async function putDocument(context: DatabaseContext): Promise<void> {
  const { request, query } = context;
  const id = checkId(idOf(context.params));
  const doc = checkDocument((await readRelated(request)) ?? parseJson(await readBody(request)));
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

async function readBody(request: IncomingMessage): Promise<string> {
  const text = await readText(request);
  if (text === "") throw badRequest("Missing request body");
  return text;
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

/** POST /db/id: for forms, which tell by their Referer that they are from this server. */
export function postForm(): void {
  throw badRequest("Referer header required.");
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
  const [path = "", query, ...rest] = destination.split("?");
  if (rest.length > 0) throw badMatch(destination.replaceAll("?", ""));
  const id = checkId(decodeSegment(utf8(path)));
  if (query === undefined) return { id };
  // Whatever it is called: one parameter is the revision, and CouchDB is not ready for more.
  const [, rev, ...more] = query.split("=");
  if (rev === undefined || more.length > 0) throw badMatch(query.replaceAll("=", ""));
  return { id, rev: checkRevision(rev) };
}

const badMatch = (reason: string) => new CouchError(500, "badmatch", reason);

/** Node reads headers as Latin-1. */
function utf8(header: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(header, "latin1"));
  } catch {
    throw new CouchError(400, "illegal_docid", "Document id must be valid UTF-8");
  }
}

async function copy(context: DatabaseContext, source: Doc): Promise<void> {
  const { id, rev } = destinationOf(context);
  const { _rev, ...content } = source;
  const doc = { ...content, _id: id, ...(rev !== undefined && { _rev: rev }) };
  sendStored(context, id, await store(context, doc), false);
}

/** COPY /db/id */
export async function copyDocument(context: DatabaseContext): Promise<void> {
  await copy(context, await context.db.source(idOf(context.params), revisionOf(context)));
}

/** COPY /db/_local/name */
export async function copyLocal(context: DatabaseContext): Promise<void> {
  const source = context.db.locals.get(`_local/${context.params.name}`);
  if (source === undefined) throw notFound();
  await copy(context, source);
}
