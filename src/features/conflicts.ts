import type { Scope } from "../documents/database-context.js";
import { afterWriting, isOpen, write, document as writing } from "../documents/write-outcome.js";
import { pathIn } from "../http/paths.js";
import {
  CouchDBError,
  ForbiddenError,
  InvalidResponseError,
  NotFoundError,
  ServerError,
  UnauthorizedError,
} from "../shared/errors.js";
import { holds, isPlain, ownMembers } from "../shared/json-equal.js";
import type {
  BulkRow,
  DocumentData,
  DocumentMembers,
  OpenRevision,
  OpenRevsOptions,
} from "../shared/types.js";
import type { Flight } from "../streams/operation.js";
import { outgoing } from "./schema/merge-back.js";
import { admitted, asRead, checkOut } from "./schema/validation.js";

/** Makes one of the leaves of a document in conflict: new content, or the first, if it changes that. */
export type Merge<T extends object> = (
  leaves: DocumentData<T>[],
  // biome-ignore lint/suspicious/noConfusingVoidType: a callback that returns nothing is a usual one
) => T | void | Promise<T | void>;

const mostRevs = 40;

/** Revisions of a document, or all its leaves, as they came. */
export async function openRevs<T extends object>(
  scope: Scope,
  id: string,
  revs: readonly string[] | "all",
  options: Omit<OpenRevsOptions, "signal">,
  flight: Flight,
): Promise<OpenRevision<T>[]> {
  if (id.startsWith("_local/")) throw new TypeError("A _local document has no revisions but one");
  // A URL takes so many.
  if (revs !== "all" && revs.length > mostRevs) {
    const first = await openRevs<T>(scope, id, revs.slice(0, mostRevs), options, flight);
    const others = await openRevs<T>(scope, id, revs.slice(mostRevs), options, flight);
    return [...first, ...others];
  }
  const query = { open_revs: revs, ...options };
  const call = { method: "GET", path: pathIn(scope, id), query, expects: "length" } as const;
  const { value } = await scope.transport.request(call, flight);
  if (!Array.isArray(value) || !value.every((each) => isPlain(each))) {
    const reason = "answered with what is no list of revisions";
    throw scope.transport.error(InvalidResponseError, call, { reason });
  }
  const found = value as OpenRevision<T>[];
  return found;
}

/** A leaf, and what it was before anybody was given its document. */
interface Leaf<T extends object> {
  rev: string;
  attachments: DocumentMembers["_attachments"];
  doc: DocumentData<T>;
  /** As it came, whatever a schema made of it. */
  text: string;
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
  try {
    for (let attempt = 1; ; attempt += 1) {
      const leaves = await leavesOf<T>(scope, id, flight);
      const open = leaves.filter(({ rev }) => !merged.has(rev));
      let isRaced = false;
      if (open.length > 1) {
        const body = await mergerOf(scope, id, open, merge, flight);
        await checkOut(scope, [body], flight);
        isRaced = !(await isWritten(scope, id, body, flight));
        if (!isRaced) for (const { rev } of open.slice(1)) merged.add(rev);
      }
      const left = leaves.map(({ rev }) => rev).filter((rev) => merged.has(rev));
      if (left.length > 0) isRaced = !(await areDeleted(scope, id, left, flight)) || isRaced;
      if (!isRaced) return;
      if (attempt >= attempts) {
        const reason = `somebody else was faster, ${attempts} times`;
        throw scope.transport.conflict("PUT", pathIn(scope, id), reason);
      }
      await flight.sleep(Math.random() * 20 * attempt);
    }
  } catch (error) {
    throw merged.size > 0 ? afterWriting(error) : error;
  }
}

/** The leaves that are no deletions, the winner first, as CouchDB has it. */
async function leavesOf<T extends object>(
  scope: Scope,
  id: string,
  flight: Flight,
): Promise<Leaf<T>[]> {
  const found = await openRevs<T>(scope, id, "all", {}, flight);
  const leaves: Leaf<T>[] = [];
  for (const { ok } of found) {
    if (!ok || ok._deleted) continue;
    const text = scope.transport.json.stringify(ok);
    const doc = await admitted(scope, ok, flight);
    leaves.push({ rev: doc._rev ?? "", attachments: doc._attachments, doc, text });
  }
  if (leaves.length === 0) {
    const details = { status: 404, error: "not_found", reason: "deleted" };
    const call = { method: "GET", path: pathIn(scope, id) } as const;
    throw scope.transport.error(NotFoundError, call, details);
  }
  return leaves.sort(({ rev: one }, { rev: other }) => {
    const generations = Number.parseInt(other, 10) - Number.parseInt(one, 10);
    return generations || (one < other ? 1 : -1);
  });
}

/** What `merge` makes of leaves, as it follows the first. */
async function mergerOf<T extends object>(
  scope: Scope,
  _id: string,
  leaves: Leaf<T>[],
  merge: Merge<T>,
  flight: Flight,
): Promise<string> {
  const docs = leaves.map(({ doc }) => doc);
  const [first] = leaves as [Leaf<T>];
  const returned = await flight.race(Promise.resolve(merge([...docs])));
  const made = returned === undefined ? first.doc : returned;
  const isOneOfThem = docs.some((doc) => doc === made);
  if (!isPlain(made) || (!isOneOfThem && holds(docs, made))) {
    throw new TypeError(
      "What leaves are merged to is a document, or nothing if the first was changed: put braces around an expression",
    );
  }
  if ("_deleted" in made)
    throw new TypeError("Leaves are merged to a document: delete it afterwards");
  const _attachments = first.attachments;
  const { json } = scope.transport;
  const text = json.stringify({ ...ownMembers(made), _id, _rev: first.rev, _attachments });
  const asItCame = () => json.parse(first.text);
  const was = asRead(scope, first.doc, asItCame);
  return was === asItCame ? text : outgoing(json, asItCame(), was(), json.parse(text));
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
  _id: string,
  revs: string[],
  flight: Flight,
): Promise<boolean> {
  const { transport, path } = scope;
  const docs = revs.map((_rev) => ({ _id, _rev, _deleted: true }));
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
  if (!Array.isArray(rows) || rows.length !== revs.length) {
    throw transport.error(InvalidResponseError, call, { reason: "answered without rows" });
  }
  const refused = rows.find(({ error }) => error !== undefined && error !== "conflict");
  if (!refused) return rows.every(({ error }) => error === undefined);
  const { error, reason } = refused;
  const classes = { forbidden: ForbiddenError, unauthorized: UnauthorizedError };
  const Class = Object(classes)[error as string] ?? ServerError;
  throw transport.error(Class, call, { error, reason });
}
