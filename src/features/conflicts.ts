import { enqueueReplacing } from "../documents/call-queue.js";
import { Document } from "../documents/document.js";
import type { DocumentState } from "../documents/document-state.js";
import { fetchDocument } from "../documents/read-document.js";
import { afterWriting, documentWrite, isUncertain, sendWrite } from "../documents/write-outcome.js";
import type { JsonRequest } from "../http/request.js";
import { checkOptions, limitsOf } from "../shared/arguments.js";
import { CouchDBError, ForbiddenError, ServerError, UnauthorizedError } from "../shared/errors.js";
import type { Fixed } from "../shared/fixed.js";
import { documentText, holds, isPlain, ownMembers } from "../shared/json-equal.js";
import type { BulkRow, DocumentData, DocumentMembers, OperationOptions } from "../shared/types.js";
import type { Operation } from "../streams/operation.js";
import { readRevs } from "./open-revs.js";
import { isUncertainRow } from "./uncertain-row.js";

/** A function that merges the leaves of a document: it returns the new content, or changes the first leaf. */
export type Merge<T extends object> = (
  leaves: DocumentData<T>[],
  // biome-ignore lint/suspicious/noConfusingVoidType: a callback that returns nothing is a usual one
) => T | void | Promise<T | void>;

/** A leaf, as it was before `merge` got its document. */
interface Leaf<T extends object> {
  rev: string;
  attachments: DocumentMembers["_attachments"];
  doc: DocumentData<T>;
  /** The JSON in the database, before a schema transformed it. */
  text: string;
}

/**
 * Resolve the conflicts of a document. `merge` gets all leaves, the current one first. Its result is saved,
 * and then the other leaves are deleted in one request. If another save comes first, its leaf is merged, too.
 * Without conflicts, `merge` is not called. Afterwards, the Document has the server's data.
 *
 * ```ts
 * await resolveConflicts(cart, (leaves) => ({ items: leaves.flatMap(({ items }) => items) }));
 * ```
 *
 * @param merge - returns the new content, or changes the first leaf. The result keeps the first leaf's
 * attachments and, unless it is another leaf, the fields that a schema strips. While it runs, the Document
 * cannot be used
 * @param options - `attempts`: the limit, default 10
 * @throws ConflictError if there are unsaved changes, or after the last attempt
 * @throws NotFoundError if the document does not exist
 * @throws NetworkError with `mayHaveHappened` if the merged document may have been saved
 * @see https://docs.couchdb.org/en/stable/replication/conflicts.html
 */
export async function resolveConflicts<T extends object>(
  doc: Document<T>,
  merge: Merge<Fixed<T>>,
  options: OperationOptions & { attempts?: number | undefined } = {},
): Promise<void> {
  const { attempts = 10 } = checkOptions(options, "attempts");
  if (!(attempts >= 1)) throw new RangeError("`attempts` must be at least 1");
  const state = Document.stateOf(doc);
  await enqueueReplacing(state, "PUT", limitsOf(options), async () => {
    const operation = state.context.client.begin(options);
    try {
      await resolve(state, merge, attempts, operation);
    } finally {
      operation.end();
    }
    if (!state.isLike()) return;
    // Changes that are made meanwhile are kept.
    await fetchDocument(state, options, {}, () => state.isLike()).catch((error) => {
      throw afterWriting(error);
    });
  });
}

/**
 * The other leaves are deleted only after the merged document is saved: if both were one request, the
 * deletion could succeed although the save conflicted.
 */
async function resolve<T extends object>(
  state: DocumentState<T>,
  merge: Merge<T>,
  attempts: number,
  operation: Operation,
): Promise<void> {
  // Leaves whose content the current one already includes.
  const merged = new Set<string>();
  try {
    for (let attempt = 1; ; attempt += 1) {
      if (await tryToResolve(state, merge, merged, operation)) return;
      if (attempt >= attempts) {
        const found = `was saved by other clients first, ${attempts} times`;
        throw state.context.client.conflict("PUT", state.path, state.id, found);
      }
      await operation.sleep(Math.random() * 20 * attempt);
    }
  } catch (error) {
    throw merged.size > 0 ? afterWriting(error) : error;
  }
}

/** Merge and delete the leaves. Returns false if another save came first. */
async function tryToResolve<T extends object>(
  state: DocumentState<T>,
  merge: Merge<T>,
  merged: Set<string>,
  operation: Operation,
): Promise<boolean> {
  const leaves = await readLeaves(state, operation);
  const open = leaves.filter(({ rev }) => !merged.has(rev));
  let isDone = true;
  if (open.length > 1) {
    const body = await mergeLeaves(state, open, merge, operation);
    await state.context.codec?.validateWrite([body], operation);
    isDone = await isWritten(state, body, operation);
    if (isDone) for (const { rev } of open.slice(1)) merged.add(rev);
  }
  const left = leaves.map(({ rev }) => rev).filter((rev) => merged.has(rev));
  if (left.length > 0) isDone = (await areDeleted(state, left, operation)) && isDone;
  return isDone;
}

/** Read the leaves that are not deletions. The first is the current one, by CouchDB's rule. */
async function readLeaves<T extends object>(
  { context, id, path }: DocumentState<T>,
  operation: Operation,
): Promise<Leaf<T>[]> {
  const { client, codec } = context;
  const found = await readRevs<T>(context, id, "all", {}, operation);
  const leaves: Leaf<T>[] = [];
  for (const { ok } of found) {
    if (!ok || ok._deleted) continue;
    if (typeof ok._rev !== "string")
      throw client.invalid({ method: "GET", path }, "expected revisions");
    const text = client.json.stringify(ok);
    const doc = codec ? await codec.validateRead(ok, operation) : ok;
    leaves.push({ rev: ok._rev, attachments: doc._attachments, doc, text });
  }
  if (leaves.length === 0) throw client.notFound(path, id, "deleted");
  return leaves.sort(({ rev: one }, { rev: other }) => {
    const generations = Number.parseInt(other, 10) - Number.parseInt(one, 10);
    return generations || (one < other ? 1 : -1);
  });
}

async function callMerge<T extends object>(
  state: DocumentState<T>,
  merge: Merge<T>,
  docs: DocumentData<T>[],
  operation: Operation,
): Promise<unknown> {
  state.isInCallback = true;
  try {
    return await operation.race(Promise.resolve(merge([...docs])));
  } finally {
    state.isInCallback = false;
  }
}

/** Call `merge`. Returns the JSON of the next revision of the first leaf. */
async function mergeLeaves<T extends object>(
  state: DocumentState<T>,
  leaves: Leaf<T>[],
  merge: Merge<T>,
  operation: Operation,
): Promise<string> {
  const { context, id: _id } = state;
  const docs = leaves.map(({ doc }) => doc);
  const [first] = leaves as [Leaf<T>];
  const returned = await callMerge(state, merge, docs, operation);
  const made = returned === undefined ? first.doc : returned;
  const leaf = leaves.find(({ doc }) => doc === made);
  if (!isPlain(made) || (!leaf && holds(docs, made)))
    throw new TypeError("`merge` must return a document, or nothing after changing the first leaf");
  if ("_deleted" in made) throw new TypeError("`merge` must not delete: delete the result instead");
  const _attachments = first.attachments;
  const { client, codec } = context;
  const { json } = client;
  const text = documentText(json, { ...ownMembers(made), _id, _rev: first.rev, _attachments });
  // Fields that a schema stripped belong to the leaf that `merge` returned.
  const original = leaf ?? first;
  return codec ? codec.mergeInto(original.doc, original.text, json.parse(text)) : text;
}

/** Write the merged document. Returns false if another save came first. */
async function isWritten(
  { context, id, path }: DocumentState<object>,
  body: string,
  operation: Operation,
): Promise<boolean> {
  const request: JsonRequest = { method: "PUT", path, body, expects: "rev" };
  try {
    await sendWrite(context, request, documentWrite(context, id, body), operation);
    return true;
  } catch (error) {
    if (error instanceof CouchDBError && error.status === 409) return false;
    throw error;
  }
}

/** Delete leaves in one request. Returns false if some may not have been deleted. */
async function areDeleted(
  { context, id: _id }: DocumentState<object>,
  revs: string[],
  operation: Operation,
): Promise<boolean> {
  const { client, path } = context;
  const docs = revs.map((_rev) => ({ _id, _rev, _deleted: true }));
  const body = client.json.stringify({ docs });
  const request = { method: "POST", path: `${path}/_bulk_docs`, body, expects: "length" } as const;
  let rows: BulkRow[];
  try {
    rows = await client.value<BulkRow[]>(request, operation);
  } catch (error) {
    // The next attempt shows which leaves were deleted.
    if (isUncertain(error, client.url(request))) return false;
    throw error;
  }
  if (!Array.isArray(rows) || rows.length !== revs.length) {
    throw client.invalid(request, "expected rows");
  }
  // The next attempt shows which of the others were deleted.
  const isOpen = (row: BulkRow) => Object(row).error === "conflict" || isUncertainRow(row);
  const refused = rows.find((row) => Object(row).error !== undefined && !isOpen(row));
  if (!refused) return !rows.some(isOpen);
  const { error, reason } = refused;
  const isForbidden = error === "forbidden" && ForbiddenError;
  const Class = isForbidden || (error === "unauthorized" ? UnauthorizedError : ServerError);
  throw client.error(Class, request, { error, reason });
}
