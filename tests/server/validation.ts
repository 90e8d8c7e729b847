import type { Context } from "./context.js";
import { badRequest, CouchError, forbidden, unauthorized } from "./errors.js";
import { SPECIAL } from "./present.js";
import { compile, compileMap, type DesignFunction } from "./sandbox.js";
import { type Doc, isObject, type User } from "./types.js";

/** What CouchDB tells about a document and does not store in it. */
const TOLD = ["_revs_info", "_conflicts", "_deleted_conflicts", "_local_seq"];

// PouchDB takes no second hyphen.
export const REVISION = /^\d+-[^-\s]+$/;
const MAX_DOCUMENT_SIZE = 8_000_000;
const BUILTIN_REDUCES = ["_sum", "_count", "_stats", "_approx_count_distinct"];

const invalidDocument = (reason: string) => new CouchError(400, "doc_validation", reason);
const illegalId = (reason: string) => new CouchError(400, "illegal_docid", reason);

export function checkId(id: unknown): string {
  if (typeof id !== "string") throw illegalId("Document id must be a string");
  if (id === "") throw illegalId("Document id must not be empty");
  const reserved = /^_(design|local)\/./s.test(id);
  if (id.startsWith("_") && !reserved) {
    throw illegalId("Only reserved document ids may start with underscore.");
  }
  return id;
}

/** In a partitioned database an id begins with its partition. */
export function checkPartition(id: string): void {
  if (!/^[^_:][^:]*:./s.test(id)) throw illegalId("Doc id must be of form partition:id");
}

export function checkRevision(rev: unknown): string {
  if (typeof rev !== "string" || !REVISION.test(rev)) throw badRequest("Invalid rev format");
  return rev;
}

/** The document's id: design documents have a route, and so an id, of two segments. */
export function idOf(params: Record<string, string>): string {
  return params.ddoc === undefined ? (params.id ?? "") : `_design/${params.ddoc}`;
}

/** The revision that the query or If-Match names. */
export function revisionOf({ query, request }: Context): string | undefined {
  const rev = query.get("rev") ?? request.headers["if-match"]?.replaceAll('"', "");
  return rev === undefined ? undefined : checkRevision(rev);
}

export function checkAttachmentName(name: string): string {
  if (!name.startsWith("_")) return name;
  throw badRequest(`Attachment name '${name}' starts with prohibited character '_'`);
}

function checkAttachments(attachments: unknown): void {
  if (attachments === undefined) return;
  if (!isObject(attachments)) throw invalidDocument("Bad special document member: _attachments");
  for (const [name, attachment] of Object.entries(attachments)) {
    checkAttachmentName(name);
    // PouchDB would go down over some of these, and store something else of others.
    const { stub, data } = isObject(attachment) ? attachment : {};
    const isBase64 = typeof data === "string" && /^[A-Za-z0-9+/]*={0,2}$/.test(data);
    if (!isObject(attachment) || (stub !== true && !isBase64)) {
      throw badRequest(`Invalid attachment data for ${name}`);
    }
    attachment.content_type ??= "application/octet-stream";
  }
}

function checkRevisions(revisions: unknown): void {
  if (revisions === undefined) return;
  if (!isObject(revisions)) throw invalidDocument("Bad special document member: _revisions");
  const { start, ids } = revisions;
  if (!Number.isInteger(start)) throw invalidDocument("_revisions.start isn't an integer.");
  if (!Array.isArray(ids)) throw invalidDocument("_revisions.ids isn't a array.");
}

/** A document as a client sent it, made ready to be stored, or refused. */
export function checkDocument(value: unknown): Doc {
  if (!isObject(value)) throw badRequest("Document must be a JSON object");
  for (const member of Object.keys(value)) {
    if (member.startsWith("_") && !SPECIAL.has(member)) {
      throw invalidDocument(`Bad special document member: ${member}`);
    }
  }
  if (value._rev !== undefined) checkRevision(value._rev);
  if (value._deleted !== undefined && typeof value._deleted !== "boolean") {
    throw invalidDocument("Bad special document member: _deleted");
  }
  checkRevisions(value._revisions);
  checkAttachments(value._attachments);
  const doc = { ...value };
  for (const member of TOLD) delete doc[member];
  if (Buffer.byteLength(JSON.stringify(doc)) > MAX_DOCUMENT_SIZE) {
    throw new CouchError(413, "document_too_large", typeof doc._id === "string" ? doc._id : "");
  }
  return doc;
}

const invalidDesign = (reason: string) => new CouchError(400, "invalid_design_doc", reason);

/** A design document must hold functions that compile. */
export function checkDesign(doc: Doc): void {
  if (doc._deleted === true || doc.language === "query") return;
  if (doc.views === undefined) return;
  if (!isObject(doc.views)) throw invalidDesign("`views` field must have object type");
  for (const [name, view] of Object.entries(doc.views)) {
    if (!isObject(view)) throw invalidDesign(`\`views.${name}\` field must have object type`);
    if (typeof view.map !== "string") {
      throw invalidDesign(`\`views.${name}.map\` field must have string type`);
    }
    compileMap(view.map, name);
    if (typeof view.reduce !== "string") continue;
    if (!view.reduce.startsWith("_")) {
      compile(view.reduce, `the reduce function in the '${name}' view`);
    } else if (!BUILTIN_REDUCES.includes(view.reduce)) {
      throw invalidDesign(`\`${view.reduce}\` is not a supported reduce function.`);
    }
  }
}

/** The answer to what a validate_doc_update function threw. */
function refusal(thrown: unknown): CouchError {
  if (isObject(thrown) && "forbidden" in thrown) return forbidden(thrown.forbidden);
  if (isObject(thrown) && "unauthorized" in thrown) return unauthorized(thrown.unauthorized);
  return new CouchError(500, "unknown_error", String(thrown));
}

export function validate(
  functions: DesignFunction[],
  doc: Doc,
  old: Doc | null,
  user: User,
  security: Doc,
): CouchError | undefined {
  for (const check of functions) {
    try {
      check(doc, old, user, security);
    } catch (error) {
      return refusal(error);
    }
  }
  return undefined;
}
