import type { Query } from "../http/query.js";
import type { JsonRequest } from "../http/request.js";
import {
  type CouchDBError,
  InvalidResponseError,
  NetworkError,
  NotFoundError,
  ServerError,
  TimeoutError,
} from "../shared/errors.js";
import { comparable, equalJson, ownMembers } from "../shared/json-equal.js";
import type { BulkGetRow, DocumentData, WriteResult } from "../shared/types.js";
import type { Operation } from "../streams/operation.js";
import { stubOf } from "./attachment-stubs.js";
import { type DatabaseContext, isSystem } from "./database-context.js";
import { checkRow } from "./missing.js";

/** Reads a revision; undefined if the server no longer has it. */
type Read = (rev: string) => Promise<DocumentData | undefined>;

/** Whether a revision is the one that was written; undefined if that is undecidable. */
type Confirmation = boolean | undefined;

/** A write whose outcome can be looked up. */
export interface PendingWrite {
  id: string;
  /** The revision before the write, if any. */
  parent: string | undefined;
  /** Whether the content of attachments is needed to decide. */
  wantsBytes?: boolean;
  isOurs(found: DocumentData, read: Read): Promise<Confirmation>;
}

/** Written as this revision, definitely not written, or unknown. */
export type WriteOutcome = { rev: string } | "conflict" | "unknown";

/**
 * Whether a write failed with an unknown outcome that can be looked up. A silent server would not respond to
 * that, either.
 *
 * @param url - the URL of the write: a failed login has another one
 */
export function isUncertain(error: unknown, url: string): error is CouchDBError {
  if (Object(error).url !== url) return false;
  if (error instanceof NetworkError)
    return error.mayHaveHappened && !(error instanceof TimeoutError);
  // Some nodes may have written it.
  if (error instanceof ServerError || Object(error).error === "nodedown") return true;
  // A redirect is not followed, and browsers hide its status.
  if (!(error instanceof InvalidResponseError)) return false;
  const status = Number(error.status);
  return status < 300 || status >= 400;
}

/** The error for a write whose outcome remains unknown. A response that is not CouchDB's proves nothing. */
export function toUncertainError(error: CouchDBError): CouchDBError {
  if (error instanceof NetworkError || error.error !== undefined) return error;
  return new NetworkError({ ...error, cause: error, mayHaveHappened: true });
}

/** The error for a failure after a part was written: also if a node of a cluster does not have it yet. */
export function afterWriting(error: unknown): unknown {
  const isLost = error instanceof NetworkError && !error.mayHaveHappened;
  if (!isLost && !(error instanceof NotFoundError)) return error;
  const { method, url } = error;
  const reason = "a part was written, and then the connection or the document was lost";
  return new NetworkError({ method, url, reason, cause: error, mayHaveHappened: true });
}

/**
 * Write a document. If the response is lost, look up the outcome on the server.
 *
 * @param within - the operation that the write belongs to; default: a new one
 */
export async function sendWrite(
  context: DatabaseContext,
  request: JsonRequest,
  asked: PendingWrite,
  within?: Operation,
): Promise<WriteResult> {
  const { client } = context;
  if (!within)
    return client.during(request.limits, (operation) =>
      sendWrite(context, request, asked, operation),
    );
  try {
    const result = await client.value<WriteResult>(request, within);
    if (typeof result.rev === "string") return result;
    throw client.invalid(request, "expected a revision", 200);
  } catch (error) {
    if (!isUncertain(error, client.url(request))) throw error;
    const [outcome = "unknown"] = await findOutcomes(context, [asked], within);
    if (outcome === "unknown") throw toUncertainError(error);
    if (outcome !== "conflict") return { ok: true, id: asked.id, rev: outcome.rev };
    throw client.conflict(
      request.method,
      request.path,
      asked.id,
      "was saved by another client first",
    );
  }
}

/** Look up the outcome of writes. Returns an empty array if the server cannot be reached. */
export async function findOutcomes(
  context: DatabaseContext,
  writes: PendingWrite[],
  operation: Operation,
): Promise<WriteOutcome[]> {
  return requestOutcomes(context, writes, operation).catch(() => {
    operation.throwReason();
    return [];
  });
}

/** Look up the outcome of writes. Rejects if the server cannot be reached. */
export async function requestOutcomes(
  context: DatabaseContext,
  writes: PendingWrite[],
  operation: Operation,
): Promise<WriteOutcome[]> {
  const query = { revs: true, attachments: writes.some(({ wantsBytes }) => wantsBytes) };
  const read = (docs: { id: string; rev?: string }[]) =>
    readRevisions(context, docs, query, operation);
  // `_bulk_get` does not support them.
  const asked = writes.flatMap(({ id }) => (id.startsWith("_local/") ? [] : { id }));
  const all = asked.length === 0 ? [] : await read(asked);
  const outcomes = await Promise.all(
    writes.map((each) => {
      const leaves = all.filter(({ _id }) => _id === each.id);
      const one: Read = async (rev) => (await read([{ id: each.id, rev }]))[0];
      return outcomeOf(each, leaves, one);
    }),
  );
  if (!outcomes.includes("conflict") || (await copiesOf(context, operation)) === 1) return outcomes;
  // A copy that was not heard may hold the write beside the other one.
  return outcomes.map((outcome) => (outcome === "conflict" ? "unknown" : outcome));
}

/** How many nodes hold a document. */
async function copiesOf({ client, path }: DatabaseContext, operation: Operation): Promise<number> {
  const request = { method: "GET", path, expects: "db_name" } as const;
  return Object(await client.value<object>(request, operation)).cluster?.n ?? 1;
}

/** Read revisions, or all leaves of an id without `rev`. Those that the server no longer has are left out. */
async function readRevisions(
  { client, path }: DatabaseContext,
  docs: { id: string }[],
  query: Query,
  operation: Operation,
): Promise<DocumentData[]> {
  const body = JSON.stringify({ docs });
  const request = { method: "POST", path: `${path}/_bulk_get`, query, body } as const;
  const whole: JsonRequest = { ...request, effect: "read", expects: "results" };
  const { text } = await client.request(whole, operation);
  let found: BulkGetRow["docs"];
  try {
    const { results } = comparable(text) as { results: BulkGetRow[] };
    const ids = new Set(results.map(({ id }) => id));
    // A document without a result may exist.
    if (!docs.every(({ id }) => ids.has(id))) throw undefined;
    found = results.flatMap((result) => [...result.docs]);
  } catch {
    throw client.invalid(request, "expected a list of revisions");
  }
  return found.flatMap(({ ok, error }) => {
    if (error && error.error !== "not_found") checkRow(client, request, error);
    return ok ?? [];
  });
}

async function outcomeOf(
  { parent, isOurs }: PendingWrite,
  leaves: DocumentData[],
  read: Read,
): Promise<WriteOutcome> {
  // Absence proves nothing: the node of a cluster that performed the write may be away.
  let isDecided = false;
  let isUnknown = false;
  for (const leaf of leaves) {
    const history = historyOf(leaf);
    // Another branch.
    if (parent !== undefined && !history.includes(parent)) continue;
    // The revision after the parent. Without one, a write may still arrive.
    const rev =
      parent === undefined
        ? await firstOf(leaf, history, read)
        : history[history.indexOf(parent) - 1];
    const found = rev && (rev === leaf._rev ? leaf : await read(rev));
    const answer = found ? await isOurs(found, read) : undefined;
    if (rev && answer) return { rev };
    // After a tombstone, a write of a new document may still arrive.
    if (answer === undefined || (parent === undefined && leaf._deleted)) isUnknown = true;
    else isDecided = true;
  }
  return isDecided && !isUnknown ? "conflict" : "unknown";
}

/**
 * The revision that created a document: the first one, which may be a deletion, or the one after a tombstone.
 * With a low `_revs_limit`, CouchDB forgets the revisions before, so that the only one it knows may be later.
 */
async function firstOf(
  { _rev, _deleted }: DocumentData,
  [, before]: string[],
  read: Read,
): Promise<string | undefined> {
  if (before === undefined) return _rev?.startsWith("1-") ? _rev : undefined;
  return !_deleted && (await read(before))?._deleted ? _rev : undefined;
}

/** A revision and its ancestors, as far as the server knows them. */
function historyOf({ _revisions: { start, ids } = { start: 0, ids: [] } }: DocumentData): string[] {
  return ids.map((hash, index) => `${start - index}-${hash}`);
}

/**
 * The write of a document's JSON. In system databases, CouchDB itself changes documents.
 *
 * @param confirm - whether a revision with the same content is the one that was written; undefined if that is
 * undecidable
 */
export function documentWrite(
  context: DatabaseContext,
  id: string,
  body: string,
  confirm: (found: DocumentData) => Confirmation | Promise<Confirmation> = () => true,
): PendingWrite {
  const sent = comparable(body) as DocumentData;
  return {
    id,
    parent: sent._rev,
    wantsBytes: Object.values(sent._attachments ?? {}).some(({ data }) => data !== undefined),
    async isOurs(found) {
      if (hasContent(found, sent)) return confirm(found);
      return isSystem(context) ? undefined : false;
    },
  };
}

/** Whether a revision has this content: the same members and attachments, and deleted or not. */
export function hasContent(found: DocumentData, sent: DocumentData): boolean {
  if (!found._deleted !== !sent._deleted) return false;
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
