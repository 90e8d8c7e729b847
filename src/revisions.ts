import {
  CouchDBError,
  ForbiddenError,
  InvalidResponseError,
  NotFoundError,
  UnauthorizedError,
} from "./errors.js";
import { isOpen, write, document as writing } from "./fate.js";
import { isPlain, ownMembers } from "./json-values.js";
import type { Flight } from "./streams/flight.js";
import { pathIn } from "./transport/paths.js";
import type { Scope } from "./transport/transport.js";
import type { BulkRow, DocumentData, OpenRevision, OpenRevsOptions } from "./types.js";

/** Makes one of the leaves of a document in conflict: new content, or the first, if it changes that. */
export type Merge<T extends object> = (
  leaves: DocumentData<T>[],
  // biome-ignore lint/suspicious/noConfusingVoidType: a callback that returns nothing is a usual one
) => T | void | Promise<T | void>;

/** Revisions of a document, or all its leaves. */
export async function openRevs<T extends object>(
  scope: Scope,
  id: string,
  revs: readonly string[] | "all",
  { signal, ...rest }: OpenRevsOptions,
  within?: Flight,
): Promise<OpenRevision<T>[]> {
  const query = { open_revs: revs, ...rest };
  const call = {
    method: "GET",
    path: pathIn(scope, id),
    query,
    expects: "length",
    signal,
  } as const;
  const { value } = await scope.transport.request(call, within);
  if (Array.isArray(value) && value.every((each) => isPlain(each))) {
    return value as OpenRevision<T>[];
  }
  const reason = "answered with what is no list of revisions";
  throw scope.transport.error(InvalidResponseError, call, { reason });
}

/**
 * Ends the conflicts of a document. What was merged is written first, and only then are the others deleted:
 * were both one request, and somebody else's save came between, what they held would be gone.
 */
export async function resolve<T extends object>(
  scope: Scope,
  id: string,
  merge: Merge<T>,
  attempts: number,
  flight: Flight,
): Promise<void> {
  // Leaves whose content is in the winner by now.
  const merged = new Set<string>();
  for (let attempt = 1; ; attempt += 1) {
    const leaves = await leavesOf<T>(scope, id, flight);
    const [winner, ...losers] = leaves.filter(({ _rev = "" }) => !merged.has(_rev));
    let isRaced = false;
    if (winner && losers.length > 0) {
      const body = bodyOf(
        scope,
        winner,
        await flight.race(Promise.resolve(merge([winner, ...losers]))),
      );
      isRaced = !(await isWritten(scope, id, body, flight));
      if (!isRaced) for (const { _rev = "" } of losers) merged.add(_rev);
    }
    const left = leaves.filter(({ _rev = "" }) => merged.has(_rev));
    if (left.length > 0) isRaced = !(await areDeleted(scope, left, flight)) || isRaced;
    if (!isRaced) return;
    if (attempt >= attempts) {
      const reason = `somebody else was faster, ${attempts} times`;
      throw scope.transport.conflict("PUT", pathIn(scope, id), reason);
    }
    await flight.sleep(Math.random() * 20 * attempt);
  }
}

/** The leaves that are no deletions, the winner first, as CouchDB has it. */
async function leavesOf<T extends object>(
  scope: Scope,
  id: string,
  flight: Flight,
): Promise<DocumentData<T>[]> {
  const found = await openRevs<T>(scope, id, "all", {}, flight);
  const leaves = found.flatMap(({ ok }) => (ok && !ok._deleted ? [ok] : []));
  if (leaves.length === 0) {
    const details = { status: 404, error: "not_found", reason: "deleted" };
    const call = { method: "GET", path: pathIn(scope, id) } as const;
    throw scope.transport.error(NotFoundError, call, details);
  }
  return leaves.sort(({ _rev: one = "" }, { _rev: other = "" }) => {
    const generations = Number.parseInt(other, 10) - Number.parseInt(one, 10);
    return generations || (one < other ? 1 : -1);
  });
}

function bodyOf<T extends object>(scope: Scope, winner: DocumentData<T>, made: unknown): string {
  if (made !== undefined && !isPlain(made)) {
    throw new TypeError(
      "What leaves are merged to is a document, or nothing, if the first was changed",
    );
  }
  const { _id, _rev, _attachments } = winner;
  const own = ownMembers((made ?? winner) as object);
  return scope.transport.json.stringify({ ...own, _id, _rev, _attachments });
}

/** Writes what was merged; false if somebody else was faster. */
async function isWritten(scope: Scope, id: string, body: string, flight: Flight): Promise<boolean> {
  const call = { method: "PUT", path: pathIn(scope, id), body, expects: "rev" } as const;
  try {
    await write(scope, call, writing(scope, id, body), flight);
    return true;
  } catch (error) {
    if (error instanceof CouchDBError && error.status === 409) return false;
    throw error;
  }
}

/** Deletes leaves in one request; false if that may not have been done for all. */
async function areDeleted(
  scope: Scope,
  leaves: { _id: string; _rev?: string }[],
  flight: Flight,
): Promise<boolean> {
  const { transport, path } = scope;
  const docs = leaves.map(({ _id, _rev }) => ({ _id, _rev, _deleted: true }));
  const body = transport.json.stringify({ docs });
  const call = { method: "POST", path: `${path}/_bulk_docs`, body, expects: "length" } as const;
  let rows: BulkRow[];
  try {
    rows = (await transport.request(call, flight)).value as BulkRow[];
  } catch (error) {
    // The next look tells.
    if (isOpen(error, transport.url(call))) return false;
    throw error;
  }
  const refused = rows.find(({ error }) => error !== undefined && error !== "conflict");
  if (!refused) return rows.every(({ error }) => error === undefined);
  const { error, reason } = refused;
  const Class = error === "forbidden" ? ForbiddenError : UnauthorizedError;
  throw transport.error(Class, call, { error, reason });
}
