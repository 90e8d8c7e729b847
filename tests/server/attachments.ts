import type { DatabaseContext } from "./context.js";
import { CouchError, conflict, notFound } from "./errors.js";
import { encodeSegment, location, notModified, readBytes, sendBytes, sendJson } from "./http.js";
import { type Doc, isObject } from "./types.js";
import { checkAttachmentName, checkId, idOf, revisionOf } from "./validation.js";
import { store } from "./writing.js";

// CouchDB keeps these compressed, and so has no ranges of them to give.
const COMPRESSED = /^(text\/|application\/(javascript|json|xml)\b)/;

function attachmentsOf(doc: Doc | undefined): Doc {
  return isObject(doc?._attachments) ? doc._attachments : {};
}

function stubOf(doc: Doc, name: string): Doc {
  const attachments = attachmentsOf(doc);
  const stub = Object.hasOwn(attachments, name) ? attachments[name] : undefined;
  if (isObject(stub)) return stub;
  throw notFound("Document is missing attachment");
}

/** The first and last byte that a Range header asks for. */
function rangeOf(header: string, length: number): [number, number] {
  const [, from = "", to = ""] = /^bytes=(\d*)-(\d*)$/.exec(header) ?? [];
  const first = from === "" ? length - Number(to) : Number(from);
  const last = from === "" || to === "" ? length - 1 : Math.min(Number(to), length - 1);
  if (first >= 0 && first <= last) return [first, last];
  const reason = "Requested range not satisfiable";
  throw new CouchError(416, "requested_range_not_satisfiable", reason);
}

/** GET /db/id/name */
export async function getAttachment(context: DatabaseContext): Promise<void> {
  const { db, params, request } = context;
  const id = idOf(params);
  const { name = "" } = params;
  const rev = revisionOf(context);
  const options = rev === undefined ? {} : { rev };
  const { content_type, digest } = stubOf(await db.get(id, options), name);
  const etag = `"${String(digest).replace(/^md5-/, "")}"`;
  if (notModified(context, etag)) return;
  const bytes = await db.attachment(id, name, options);
  const isRanged = !COMPRESSED.test(String(content_type));
  const headers = {
    "Content-Type": String(content_type),
    "Content-Security-Policy": "sandbox",
    "Accept-Ranges": isRanged ? "bytes" : "none",
    ETag: etag,
  };
  if (!isRanged || request.headers.range === undefined) {
    return sendBytes(context, 200, bytes, headers);
  }
  const [first, last] = rangeOf(request.headers.range, bytes.length);
  const range = { "Content-Range": `bytes ${first}-${last}/${bytes.length}` };
  sendBytes(context, 206, bytes.subarray(first, last + 1), { ...headers, ...range });
}

/** PUT /db/id/name */
export async function putAttachment(context: DatabaseContext): Promise<void> {
  const { db, params, request } = context;
  const id = checkId(idOf(params));
  const name = checkAttachmentName(params.name ?? "");
  const bytes = await readBytes(request);
  const rev = revisionOf(context);
  const doc = await db.find(id, rev === undefined ? {} : { rev });
  if (rev !== undefined && doc === undefined) throw new CouchError(409, "not_found", "missing_rev");
  if (rev === undefined && doc !== undefined) throw conflict();
  const content_type = request.headers["content-type"] ?? "application/octet-stream";
  const attachment = { content_type, data: bytes.toString("base64") };
  const _attachments = { ...attachmentsOf(doc), [name]: attachment };
  const stored = await store(context, { _id: id, ...doc, _attachments });
  const path = [db.name, id, name].map(encodeSegment).join("/");
  sendJson(
    context,
    201,
    { ok: true, id, rev: stored },
    { Location: location(context, `/${path}`) },
  );
}

/** DELETE /db/id/name */
export async function deleteAttachment(context: DatabaseContext): Promise<void> {
  const { db, params } = context;
  const id = idOf(params);
  const { name = "" } = params;
  const rev = revisionOf(context);
  if (rev === undefined) throw conflict();
  const doc = await db.get(id, { rev });
  stubOf(doc, name);
  const { [name]: _, ...others } = attachmentsOf(doc);
  const stored = await store(context, { ...doc, _attachments: others });
  sendJson(context, 200, { ok: true, id, rev: stored });
}
