import type { JsonRequest } from "../http/request.js";
import { ConflictError } from "../shared/errors.js";
import { resends } from "../shared/runtime.js";
import type { OperationOptions, WriteResult } from "../shared/types.js";
import { dropStubs } from "./attachment-stubs.js";
import type { SaveOptions } from "./document-options.js";
import type { DocumentState, Draft } from "./document-state.js";
import { readHead, validateWrite } from "./read-document.js";
import { documentWrite, isUncertain, sendWrite, toUncertainError } from "./write-outcome.js";

/**
 * Write a document's JSON.
 *
 * @param confirm - whether equal content means that it was written; see `documentWrite`
 */
export function putDocument(
  { context, id, path }: DocumentState<object>,
  body: string,
  limits: OperationOptions,
  confirm?: () => true | undefined,
): Promise<WriteResult> {
  const request: JsonRequest = { method: "PUT", path, body, expects: "rev", limits };
  return sendWrite(context, request, documentWrite(context, id, body, confirm));
}

/** Save a draft. Returns undefined if nothing has changed. */
export async function saveDraft(
  state: DocumentState<object>,
  draft: Draft | undefined,
  limits: SaveOptions,
): Promise<WriteResult | undefined> {
  if (!draft) return undefined;
  const { batch, new_edits = true } = limits;
  const { body, saved } = draft;
  const { context, path } = state;
  await validateWrite(context, body, limits);
  if (!new_edits) checkNewRevs([draft]);
  const query = { batch, new_edits: new_edits && undefined };
  const request = { method: "PUT", path, query, body, expects: "ok", limits } as const;
  // A given revision stays the same however often it is written.
  const effect = new_edits ? "write" : "idempotent";
  const result =
    new_edits && batch === undefined
      ? await putDocument(state, body, limits)
      : await context.client.value<WriteResult>({ ...request, effect });
  if (batch === undefined) saved(result.rev);
  return result;
}

/** @throws TypeError unless each document has a new revision, which `new_edits: false` needs */
export function checkNewRevs(drafts: readonly Draft[]): void {
  if (!drafts.every(({ isNewRev }) => isNewRev()))
    throw new TypeError("`new_edits: false` needs a new `rev`");
}

/**
 * Delete a document.
 *
 * @param isChanged - whether the data was changed since the call
 */
export async function deleteDocument(
  state: DocumentState<object>,
  limits: OperationOptions,
  isChanged: () => boolean,
): Promise<WriteResult> {
  const { context, id, path, data } = state;
  const { _rev: rev } = data;
  const { body, saved } = tombstoneOf(state);
  const request = { method: "DELETE", path, query: { rev }, expects: "rev", limits } as const;
  // Both write the same tombstone, but some runtimes may send a DELETE, which has no body, twice.
  const result = resends
    ? await putTombstone(state, body, limits)
    : await sendWrite(context, request, documentWrite(context, id, body));
  // Changes that were made meanwhile are kept, as an unsaved document.
  if (isChanged()) {
    state.replace(data, undefined);
    state.move(rev, undefined, dropStubs);
  } else saved();
  return result;
}

/** The deletion of a document. This copy is then empty. */
export function tombstoneOf(state: DocumentState<object>): Draft {
  const { id: _id, data } = state;
  const body = JSON.stringify({ _id, _rev: data._rev, _deleted: true });
  const saved = () => state.replace({ _id }, () => ({ _id }));
  return { id: _id, body, saved, isNewRev: () => false };
}

/** Delete a document by a PUT, which would create the tombstone of a document that never existed. */
async function putTombstone(
  state: DocumentState<object>,
  body: string,
  limits: OperationOptions,
): Promise<WriteResult> {
  const { _rev } = state.data;
  if (!_rev || _rev !== state.knownRev) await readHead(state, limits);
  return putDocument(state, body, limits).catch(async (error) => {
    // A document that was deleted meanwhile is a conflict for a PUT, and a 404 for a DELETE.
    if (error instanceof ConflictError) await readHead(state, limits);
    throw error;
  });
}

/**
 * Copy a document on the server.
 *
 * @param destination - the path of the copy within the database, with its revision if it exists
 */
export async function copyDocument(
  { context: { client }, path }: DocumentState<object>,
  destination: string,
  limits: OperationOptions,
): Promise<WriteResult> {
  const headers = { destination };
  const request = { method: "COPY", path, headers, expects: "rev", limits } as const;
  try {
    return await client.value<WriteResult>(request);
  } catch (error) {
    // The outcome cannot be looked up, as the content that the server copied is unknown.
    throw isUncertain(error, client.url(request)) ? toUncertainError(error) : error;
  }
}
