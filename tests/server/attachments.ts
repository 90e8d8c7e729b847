import type { DatabaseContext } from "./context.js";
import type { OpenAttachment } from "./database.js";
import { type AttachmentEdit, checkAttachmentName } from "./edits.js";
import { CouchError, conflict, notFound } from "./errors.js";
import {
  encodeSegment,
  type Headers,
  location,
  notModified,
  readBytes,
  sendBytes,
  sendJson,
} from "./http.js";
import { sendRanges } from "./multipart.js";
import { parseRanges } from "./ranges.js";
import { type Doc, isObject } from "./types.js";
import { checkId, checkRevision, idOf, revisionOf } from "./validation.js";
import { store } from "./writing.js";

/** GET /db/id/name */
export async function getAttachment(context: DatabaseContext): Promise<void> {
  const { db, params, query, request } = context;
  const rev = query.get("rev");
  const opened = await db.attachment(
    idOf(params),
    params.name ?? "",
    rev === null ? undefined : checkRevision(rev),
  );
  const { content_type, digest, length, encoding } = opened.attachment;
  const etag = `"${digest.replace(/^md5-/, "")}"`;
  if (notModified(context, etag)) return;
  const headers = {
    "Content-Type": content_type,
    "Content-Security-Policy": "sandbox",
    "Accept-Ranges": encoding === undefined ? "bytes" : "none",
    ETag: etag,
  };
  // What is kept compressed has no ranges to give, but CouchDB looks whether it had them.
  const ranges = parseRanges(request.headers.range, length);
  if (encoding !== undefined) return sendCompressed(context, opened, headers);
  const bytes = opened.decoded();
  if (ranges === undefined) return sendBytes(context, 200, bytes, headers);
  const [range, ...more] = ranges;
  if (range === undefined || more.length > 0) {
    return sendRanges(context, bytes, ranges, content_type);
  }
  const [first, last] = range;
  const told = { "Content-Range": `bytes ${first}-${last}/${length}` };
  sendBytes(context, 206, bytes.subarray(first, last + 1), { ...headers, ...told });
}

/** As it is kept, for those who can read that. */
function sendCompressed(context: DatabaseContext, opened: OpenAttachment, headers: Headers): void {
  const { attachment, encoded, decoded } = opened;
  const bytes = decoded();
  if (acceptsGzip(context.request.headers["accept-encoding"])) {
    sendBytes(context, 200, encoded(), { ...headers, "Content-Encoding": "gzip" });
  } else if (bytes.length === attachment.length) {
    sendBytes(context, 200, bytes, headers);
  } else {
    // Of what came compressed CouchDB does not know how long it is.
    context.response.writeHead(200, { "Cache-Control": "must-revalidate", ...headers }).end(bytes);
  }
}

function acceptsGzip(header = ""): boolean {
  return header
    .split(",")
    .map((item) => item.split(";").map((part) => part.trim()))
    .some(([name = "", q]) => ["gzip", "*"].includes(name) && !/^q=0(\.0*)?$/.test(q ?? ""));
}

/** The document that an attachment is put into or taken from, if there is to be one. */
async function openDocument(context: DatabaseContext, rev: string | undefined): Promise<Doc> {
  const { db, params } = context;
  const doc = await db.source(idOf(params), rev).catch((error: unknown) => {
    const isMissing = error instanceof CouchError && error.status === 404;
    if (rev === undefined || !isMissing) throw error;
    throw new CouchError(409, "not_found", "missing_rev");
  });
  if (rev === undefined) throw conflict();
  return doc;
}

/** The other attachments stay as they are. */
function stubsOf(doc: Doc, name: string): [string, AttachmentEdit][] {
  const names = isObject(doc._attachments) ? Object.keys(doc._attachments) : [];
  return names.filter((other) => other !== name).map((other) => [other, { stub: true }]);
}

/** PUT /db/id/name */
export async function putAttachment(context: DatabaseContext): Promise<void> {
  const { db, params, request } = context;
  const id = idOf(params);
  const name = checkAttachmentName(params.name ?? "");
  const isCompressed = readEncoding(request.headers["content-encoding"]);
  const rev = revisionOf(context);
  if (rev === undefined) checkId(id);
  // CouchDB does not wait for bytes that it has no use for.
  const doc = await openDocument(context, rev).catch((error: unknown) => {
    if (error instanceof CouchError && error.status === 404) return { _id: id };
    throw error;
  });
  if (rev !== undefined && !(await db.isCurrent(id, rev))) throw conflict();
  const content_type = request.headers["content-type"] ?? "application/octet-stream";
  const attachment = { content_type, bytes: await readBytes(request), isCompressed };
  const _attachments = Object.fromEntries([[name, attachment], ...stubsOf(doc, name)]);
  const stored = await store(context, { ...doc, _attachments });
  const path = [db.name, id, name].map(encodeSegment).join("/");
  const headers = { Location: location(context, `/${path}`) };
  sendJson(context, 201, { ok: true, id, rev: stored }, headers);
}

function readEncoding(encoding = "identity"): boolean {
  if (encoding === "gzip" || encoding === "identity") return encoding === "gzip";
  const reason = "Only gzip and identity content-encodings are supported";
  throw new CouchError(415, "bad_content_type", reason);
}

/** DELETE /db/id/name */
export async function deleteAttachment(context: DatabaseContext): Promise<void> {
  const { params } = context;
  const id = idOf(params);
  const name = checkAttachmentName(params.name ?? "");
  const doc = await openDocument(context, revisionOf(context));
  if (!isObject(doc._attachments) || !Object.hasOwn(doc._attachments, name)) {
    throw notFound("Document is missing attachment");
  }
  const rev = await store(context, {
    ...doc,
    _attachments: Object.fromEntries(stubsOf(doc, name)),
  });
  sendJson(context, 200, { ok: true, id, rev });
}
