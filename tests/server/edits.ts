import { type Blobs, type StoredAttachment, type StoredAttachments, stubOf } from "./blobs.js";
import { badRequest, CouchError, conflict, functionClause } from "./errors.js";
import { formatRevision, type History, parseRevision } from "./revisions.js";
import type { Leaf } from "./store.js";
import { type Doc, isObject, isUtf8 } from "./types.js";

/** An attachment as an edit has it: one that stays, one that is new, or a copy of another's. */
export type AttachmentEdit =
  | { stub: true; revpos?: unknown }
  | { content_type: string; bytes: Buffer; isCompressed?: boolean; revpos?: unknown }
  | StoredAttachment;

/** What a document to be stored says of its own past. */
export function historyOf({ _rev, _revisions }: Doc): History | undefined {
  if (isObject(_revisions) && Array.isArray(_revisions.ids) && _revisions.start !== 0) {
    return { start: Number(_revisions.start), ids: _revisions.ids.map(String) };
  }
  return _rev === undefined ? undefined : parseRevision(_rev);
}

/** The history of a revision that comes from elsewhere, and keeps its name. */
export function replicatedHistory(doc: Doc): History {
  const history = historyOf(doc);
  if (history !== undefined) return history;
  throw badRequest("When `new_edits: false`, the document needs `_rev` or `_revisions` specified");
}

/** What an edit builds on: nothing for a new document. */
export interface Base {
  leaf?: Leaf;
  history?: History;
}

/**
 * Finds what an edit replaces, or throws a conflict. CouchDB takes any revision for a document that
 * it never had, unless something else has it look closer: that is `isStrict`.
 */
export function baseOf(doc: Doc, leaves: readonly Leaf[], isStrict: boolean): Base {
  const [winner] = leaves;
  const history = historyOf(doc);
  if (history === undefined) {
    if (winner === undefined) return {};
    if (winner.deleted && doc._deleted !== true) return { leaf: winner, history: winner.history };
    throw conflict();
  }
  if (winner === undefined && !isStrict) return { history };
  const leaf = leaves.find(({ rev }) => rev === formatRevision(history));
  if (leaf === undefined || leaf.deleted) throw conflict();
  return { leaf, history: leaf.history };
}

export function checkAttachmentName(name: string): string {
  if (!isUtf8(name)) throw badRequest("Attachment name is not UTF-8 encoded");
  if (!name.startsWith("_")) return name;
  throw badRequest(`Attachment name '${name}' starts with prohibited character '_'`);
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** `_attachments` as a client wrote it. */
export function readAttachments(attachments: Doc): Record<string, AttachmentEdit> {
  const edits = Object.entries(attachments).flatMap(([name, value]) => {
    checkAttachmentName(name);
    return isObject(value) ? [[name, readAttachment(name, value)]] : []; // CouchDB passes over it.
  });
  return Object.fromEntries(edits);
}

function readAttachment(name: string, value: Doc): AttachmentEdit {
  const { stub, follows, revpos, content_type = "application/octet-stream" } = value;
  if (stub === true) return { stub, revpos };
  if (follows === true || typeof content_type !== "string") throw functionClause();
  const data = typeof value.data === "string" ? value.data.replace(/\s/g, "") : undefined;
  if (data === undefined || !BASE64.test(data)) {
    throw badRequest(`Invalid attachment data for ${name}`);
  }
  return { content_type, bytes: Buffer.from(data, "base64"), revpos };
}

export function editsOf(doc: Doc): [string, AttachmentEdit][] {
  const edits = isObject(doc._attachments) ? doc._attachments : {};
  return Object.entries(edits) as [string, AttachmentEdit][];
}

function storedIn(body: Doc | undefined): StoredAttachments {
  return isObject(body?._attachments) ? (body._attachments as unknown as StoredAttachments) : {};
}

/** The attachments that an edit leaves a document with; `old` is what it replaces. */
export function resolveAttachments(
  doc: Doc,
  old: Doc | undefined,
  blobs: Blobs,
  revpos: (edit: { revpos?: unknown }) => number,
): StoredAttachments {
  const stored = storedIn(old);
  const resolved = editsOf(doc).map(([name, edit]): [string, StoredAttachment] => {
    if ("bytes" in edit) return [name, blobs.keep({ ...edit, revpos: revpos(edit) })];
    if (!("stub" in edit)) return [name, edit];
    const known = Object.hasOwn(stored, name) ? stored[name] : undefined;
    if (known !== undefined && (edit.revpos ?? known.revpos) === known.revpos) return [name, known];
    const reason = `Invalid attachment stub in ${doc._id} for ${name}`;
    throw new CouchError(412, "missing_stub", reason);
  });
  return Object.fromEntries(resolved);
}

/** The attachments of a document that is not stored yet: nobody has counted or named the new. */
export function previewAttachments(doc: Doc, old: Doc | undefined): Doc | undefined {
  const stored = storedIn(old);
  const edits = editsOf(doc).map(([name, edit]): [string, unknown] => {
    const known = Object.hasOwn(stored, name) ? stored[name] : undefined;
    if ("stub" in edit) return [name, known === undefined ? edit : stubOf(known)];
    if (!("bytes" in edit)) return [name, stubOf(edit)];
    const { content_type, bytes } = edit;
    return [name, { content_type, revpos: 0, length: bytes.length, stub: true }];
  });
  return edits.length === 0 ? undefined : Object.fromEntries(edits);
}
