import type { Query } from "../http/query.js";
import type { Call } from "../http/request.js";
import {
  CouchDBError,
  InvalidResponseError,
  NetworkError,
  ServerError,
  TimeoutError,
} from "../shared/errors.js";
import { comparable, equalJson, ownMembers } from "../shared/json-equal.js";
import type { BulkGetRow, DocumentData, WriteResult } from "../shared/types.js";
import type { Operation } from "../streams/operation.js";
import { stubOf } from "./attachment-stubs.js";
import type { DatabaseContext } from "./database-context.js";

/** Reads a revision; undefined if it is no longer there. */
type Read = (rev: string) => Promise<DocumentData | undefined>;

/** A write of which it is asked what became of it. */
export interface PendingWrite {
  id: string;
  /** The revision that it was to follow, if any. */
  parent: string | undefined;
  /** Whether it can be told only with the bytes of attachments at hand. */
  wantsBytes?: boolean;
  /** Whether a revision is what was written; undefined if that cannot be told. */
  isOurs(found: DocumentData, read: Read): Promise<boolean | undefined>;
}

/** It is done, as this revision; it is not, and cannot be any more; or nobody knows. */
export type WriteOutcome = { rev: string } | "conflict" | "unknown";

/**
 * Whether an error leaves open what became of a write. A server that is silent stays so.
 *
 * @param url - of the write: a login before it fails by itself
 */
export function isUncertain(error: unknown, url: string): error is CouchDBError {
  if (Object(error).url !== url) return false;
  if (error instanceof NetworkError)
    return error.mayHaveHappened && !(error instanceof TimeoutError);
  // Whose nodes were there for a part of it, perhaps.
  if (error instanceof ServerError || Object(error).error === "nodedown") return true;
  // Not a redirect, which nobody followed, and of which a browser tells no status.
  if (!(error instanceof InvalidResponseError)) return false;
  return error.status !== undefined && !(error.status >= 300 && error.status < 400);
}

/** What a write whose fate stays open is thrown as: an answer that is not CouchDB's is as good as none. */
export function toUncertainError(error: CouchDBError): CouchDBError {
  if (error instanceof NetworkError || error.error !== undefined) return error;
  const { method, url, status, reason, retryAfter } = error;
  const details = { method, url, status, reason, retryAfter, cause: error };
  return new NetworkError({ ...details, mayHaveHappened: true });
}

/** What is thrown of what fails when something has been written already. */
export function afterWriting(error: unknown): unknown {
  if (!(error instanceof NetworkError) || error.mayHaveHappened) return error;
  const { method, url } = error;
  const reason = "the connection was lost, when something had been written already";
  return new NetworkError({ method, url, reason, cause: error, mayHaveHappened: true });
}

/**
 * Sends the write of a document. If its answer is lost, it is told by what the server has.
 *
 * @param operation - the operation that it is part of
 */
export async function sendWrite(
  context: DatabaseContext,
  call: Call,
  asked: PendingWrite,
  operation: Operation,
): Promise<WriteResult> {
  try {
    const result = (await context.client.request(call, operation)).value as WriteResult;
    if (typeof result.rev === "string") return result;
    throw context.client.error(InvalidResponseError, call, {
      status: 200,
      reason: "answered without a revision",
    });
  } catch (error) {
    if (!isUncertain(error, context.client.url(call))) throw error;
    const [fate = "unknown"] = await findOutcomes(context, [asked], operation);
    if (fate === "unknown") throw toUncertainError(error);
    if (fate !== "conflict") return { ok: true, id: asked.id, rev: fate.rev };
    throw context.client.conflict(call.method, call.path, "somebody else was faster");
  }
}

/** What became of writes, each for itself. Nothing is known of what cannot be asked. */
export async function findOutcomes(
  context: DatabaseContext,
  writes: PendingWrite[],
  operation: Operation,
): Promise<WriteOutcome[]> {
  try {
    return await requestOutcomes(context, writes, operation);
  } catch {
    operation.throwIfEnded();
    return writes.map(() => "unknown");
  }
}

/** The same, but throws what the question ends in. */
export async function requestOutcomes(
  context: DatabaseContext,
  writes: PendingWrite[],
  operation: Operation,
): Promise<WriteOutcome[]> {
  const query = { revs: true, attachments: writes.some(({ wantsBytes }) => wantsBytes) };
  const read = (docs: { id: string; rev?: string }[]) => revisions(context, docs, query, operation);
  // Of those, `_bulk_get` knows nothing.
  const isLocal = ({ id }: PendingWrite) => id.startsWith("_local/");
  const asked = writes.filter((each) => !isLocal(each)).map(({ id }) => ({ id }));
  const all = asked.length === 0 ? [] : await read(asked);
  return Promise.all(
    writes.map((each) => {
      if (isLocal(each)) return "unknown";
      const leaves = all.filter(({ _id }) => _id === each.id);
      const one: Read = async (rev) => (await read([{ id: each.id, rev }]))[0];
      return outcomeOf(each, leaves, one);
    }),
  );
}

/** The revisions that can be read; of those without a `rev`, all leaves. */
async function revisions(
  context: DatabaseContext,
  docs: { id: string }[],
  query: Query,
  operation: Operation,
): Promise<DocumentData[]> {
  const { client, path } = context;
  const body = JSON.stringify({ docs });
  const call = { method: "POST", path: `${path}/_bulk_get`, query, body, reads: true } as const;
  const { text } = await client.request({ ...call, expects: "results" }, operation);
  try {
    const { results } = comparable(text) as { results: BulkGetRow[] };
    const told = new Set(results.map(({ id }) => id));
    // Of what nothing is told, nobody knows that it is not there.
    if (!docs.every(({ id }) => told.has(id))) throw new RangeError("not all are there");
    return results.flatMap(({ docs: found }) =>
      found.flatMap(({ ok, error }) => {
        if (error && error.error !== "not_found") throw client.error(ServerError, call, error);
        return ok ?? [];
      }),
    );
  } catch (cause) {
    if (cause instanceof CouchDBError) throw cause;
    const reason = "answered with what is no list of revisions";
    throw client.error(InvalidResponseError, call, { reason, cause });
  }
}

async function outcomeOf(
  { parent, isOurs }: PendingWrite,
  leaves: DocumentData[],
  read: Read,
): Promise<WriteOutcome> {
  // Where there is no document, a new one may yet come, and none that follows another.
  let isDecided = leaves.length === 0;
  let isUnknown = isDecided && parent === undefined;
  for (const leaf of leaves) {
    const history = historyOf(leaf);
    // Another branch.
    if (parent !== undefined && !history.includes(parent)) continue;
    const rev = parent === undefined ? await firstOf(leaf, history, read) : after(history, parent);
    const found = rev && (rev === leaf._rev ? leaf : await read(rev));
    const answer = found ? await isOurs(found, read) : undefined;
    if (rev && answer) return { rev };
    // On a tombstone, a new one may yet come.
    if (answer === undefined || (parent === undefined && leaf._deleted)) isUnknown = true;
    else isDecided = true;
  }
  return isDecided && !isUnknown ? "conflict" : "unknown";
}

/** The revision after another; undefined while that is the last, so that a write may yet come. */
function after(history: string[], parent: string): string | undefined {
  return history[history.indexOf(parent) - 1];
}

/**
 * The revision that a new document was created as: the only one there is, which may be a deletion, or the one
 * after a tombstone. What is older may be anybody's, as it was before.
 */
async function firstOf(
  { _rev, _deleted }: DocumentData,
  [, before]: string[],
  read: Read,
): Promise<string | undefined> {
  if (before === undefined) return _rev;
  return !_deleted && (await read(before))?._deleted ? _rev : undefined;
}

/** A revision and those before it, as far as the server knows them. */
function historyOf({ _revisions: { start, ids } = { start: 0, ids: [] } }: DocumentData): string[] {
  return ids.map((hash, index) => `${start - index}-${hash}`);
}

/**
 * What a document that was sent has to be found as. CouchDB itself changes those of its own databases.
 *
 * @param holds - whether an attachment is what was sent with it
 */
export function documentWrite(
  context: DatabaseContext,
  id: string,
  body: string,
  holds: (rev: string, name: string) => Promise<boolean | undefined> = async () => true,
): PendingWrite {
  const sent = comparable(body) as DocumentData;
  const isChanged = /(^|\/)_/.test(context.name);
  return {
    id,
    parent: sent._rev,
    wantsBytes: Object.values(sent._attachments ?? {}).some(({ data }) => data !== undefined),
    async isOurs(found) {
      if (!hasContent(found, sent)) return isChanged ? undefined : false;
      const names = Object.keys(sent._attachments ?? {});
      const same = await Promise.all(names.map((name) => holds(found._rev as string, name)));
      return same.every(Boolean) || (same.includes(false) ? false : undefined);
    },
  };
}

/** Whether a revision has this content: members, attachments, and whether it is a deletion. */
export function hasContent(found: DocumentData, sent: DocumentData): boolean {
  if ((found._deleted === true) !== (sent._deleted === true)) return false;
  if (!equalJson(ownMembers(found), ownMembers(sent), JSON.stringify)) return false;
  const here = Object.entries(sent._attachments ?? {});
  return (
    Object.keys(found._attachments ?? {}).length === here.length &&
    here.every(([name, { data, digest }]) => {
      const stored = stubOf(found._attachments, name);
      if (data === undefined) return stored && (!digest || digest === stored.digest);
      return stored?.data?.replace(/\s/g, "") === data.replace(/\s/g, "");
    })
  );
}
