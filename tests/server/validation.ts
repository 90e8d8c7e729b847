import type { Context } from "./context.js";
import { readAttachments } from "./edits.js";
import { badRequest, CouchError, forbidden, functionClause, unauthorized } from "./errors.js";
import { SPECIAL } from "./present.js";
import { formatRevision, parseRevision } from "./revisions.js";
import type { DesignFunction } from "./sandbox.js";
import { type Doc, isObject, isUtf8, type User } from "./types.js";

/** What CouchDB tells about a document and does not store in it. */
const TOLD = ["_revs_info", "_conflicts", "_deleted_conflicts", "_local_seq"];

/** What replications leave in documents, and other nodes' servers put there. */
const FOREIGN = [
  "_access",
  "_replication_id",
  "_replication_state",
  "_replication_state_time",
  "_replication_state_reason",
  "_replication_stats",
];

const MAX_DOCUMENT_SIZE = 8_000_000;

const invalidDocument = (reason: string) => new CouchError(400, "doc_validation", reason);
const illegalId = (reason: string) => new CouchError(400, "illegal_docid", reason);

export function checkId(id: unknown): string {
  if (typeof id !== "string") throw illegalId("Document id must be a string");
  if (id === "") throw illegalId("Document id must not be empty");
  if (!isUtf8(id)) throw illegalId("Document id must be valid UTF-8");
  if (id === "_design/" || id === "_local/") throw illegalId(`Illegal document id \`${id}\``);
  if (id.startsWith("_") && !/^_(design|local)\//.test(id)) {
    throw illegalId("Only reserved document ids may start with underscore.");
  }
  return id;
}

/** In a partitioned database an id begins with its partition. */
export function checkPartition(id: string): void {
  if (!/^[^_:][^:]*:./s.test(id)) throw illegalId("Doc id must be of form partition:id");
}

export function checkRevision(rev: unknown): string {
  return formatRevision(parseRevision(rev));
}

/** The document's id: design documents have a route, and so an id, of two segments. */
export function idOf(params: Record<string, string>): string {
  return params.ddoc === undefined ? (params.id ?? "") : `_design/${params.ddoc}`;
}

/** The revision that the query or If-Match names. */
export function revisionOf({ query, request }: Context): string | undefined {
  const [named, matched] = [query.get("rev"), request.headers["if-match"]?.replaceAll('"', "")];
  const rev = named ?? matched;
  if (rev === undefined) return undefined;
  const checked = checkRevision(rev);
  if (matched === undefined || checkRevision(matched) === checked) return checked;
  throw badRequest("Document rev and etag have different values");
}

function checkRevisions(revisions: unknown): void {
  if (revisions === undefined) return;
  if (!isObject(revisions)) throw invalidDocument("Bad special document member: _revisions");
  const { start, ids } = revisions;
  if (!Number.isInteger(start)) throw invalidDocument("_revisions.start isn't an integer.");
  if (!Array.isArray(ids)) throw invalidDocument("_revisions.ids isn't a array.");
  if (ids.length === 0 && start !== 0) throw functionClause();
  if (ids.some((id) => typeof id !== "string")) throw invalidDocument("RevId isn't a string");
}

/** A document as a client sent it, made ready to be stored, or refused. */
export function checkDocument(value: unknown): Doc {
  if (!isObject(value)) throw badRequest("Document must be a JSON object");
  for (const member of Object.keys(value)) {
    if (member.startsWith("_") && !SPECIAL.has(member) && !FOREIGN.includes(member)) {
      throw invalidDocument(`Bad special document member: ${member}`);
    }
  }
  if (value._rev !== undefined) checkRevision(value._rev);
  if (value._deleted !== undefined && typeof value._deleted !== "boolean") {
    throw invalidDocument("Bad special document member: _deleted");
  }
  checkRevisions(value._revisions);
  const { _attachments, ...doc } = value;
  for (const member of TOLD) delete doc[member];
  if (Buffer.byteLength(JSON.stringify(doc)) > MAX_DOCUMENT_SIZE) {
    throw new CouchError(413, "document_too_large", typeof doc._id === "string" ? doc._id : "");
  }
  if (_attachments === undefined) return doc;
  if (!isObject(_attachments)) throw invalidDocument("Bad special document member: _attachments");
  return { ...doc, _attachments: readAttachments(_attachments) };
}

/** The answer to what a validate_doc_update function threw. */
function refusal(thrown: unknown): CouchError {
  if (!isObject(thrown)) return new CouchError(500, "unknown_error", String(thrown));
  if ("forbidden" in thrown) return forbidden(thrown.forbidden);
  if ("unauthorized" in thrown) return unauthorized(thrown.unauthorized);
  // CouchDB has nothing to say about what a failing function threw but its name.
  if ("stack" in thrown) return new CouchError(500, String(thrown.name), "{[]}");
  return new CouchError(500, "unknown_error", Object.values(thrown)[0]);
}

/** Asks the validate_doc_update functions, and throws what they have against a document. */
export function validate(
  functions: DesignFunction[],
  doc: Doc,
  old: Doc | null,
  user: User,
  security: Doc,
): void {
  for (const check of functions) {
    try {
      check(doc, old, user, security);
    } catch (error) {
      throw refusal(error);
    }
  }
}
