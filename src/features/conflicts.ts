import type { DatabaseContext } from "../documents/database-context.js";
import {
  afterWriting,
  isUncertain,
  sendWrite,
  documentWrite as writing,
} from "../documents/write-outcome.js";
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
import type { Operation } from "../streams/operation.js";
import { mergeBack } from "./schema/merge-back.js";
import { admitted, asRead, checkOut } from "./schema/validation.js";

/** Makes one of the leaves of a document in conflict: new content, or the first, if it changes that. */
export type Merge<T extends object> = (
  leaves: DocumentData<T>[],
  // biome-ignore lint/suspicious/noConfusingVoidType: a callback that returns nothing is a usual one
) => T | void | Promise<T | void>;

const mostRevs = 40;

/** Revisions of a document, or all its leaves, as they came. */
export async function openRevs<T extends object>(
  context: DatabaseContext,
  id: string,
  revs: readonly string[] | "all",
  options: Omit<OpenRevsOptions, "signal">,
  operation: Operation,
): Promise<OpenRevision<T>[]> {
  if (id.startsWith("_local/")) throw new TypeError("A _local document has no revisions but one");
  // A URL takes so many.
  if (revs !== "all" && revs.length > mostRevs) {
    const first = await openRevs<T>(context, id, revs.slice(0, mostRevs), options, operation);
    const others = await openRevs<T>(context, id, revs.slice(mostRevs), options, operation);
    return [...first, ...others];
  }
  const query = { open_revs: revs, ...options };
  const call = { method: "GET", path: pathIn(context, id), query, expects: "length" } as const;
  const { value } = await context.client.request(call, operation);
  if (!Array.isArray(value) || !value.every((each) => isPlain(each))) {
    const reason = "answered with what is no list of revisions";
    throw context.client.error(InvalidResponseError, call, { reason });
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
  context: DatabaseContext,
  id: string,
  merge: Merge<T>,
  attempts: number,
  operation: Operation,
): Promise<void> {
  // Leaves whose content is in the winner by now.
  const merged = new Set<string>();
  try {
    for (let attempt = 1; ; attempt += 1) {
      const leaves = await leavesOf<T>(context, id, operation);
      const open = leaves.filter(({ rev }) => !merged.has(rev));
      let isRaced = false;
      if (open.length > 1) {
        const body = await mergerOf(context, id, open, merge, operation);
        await checkOut(context, [body], operation);
        isRaced = !(await isWritten(context, id, body, operation));
        if (!isRaced) for (const { rev } of open.slice(1)) merged.add(rev);
      }
      const left = leaves.map(({ rev }) => rev).filter((rev) => merged.has(rev));
      if (left.length > 0) isRaced = !(await areDeleted(context, id, left, operation)) || isRaced;
      if (!isRaced) return;
      if (attempt >= attempts) {
        const reason = `somebody else was faster, ${attempts} times`;
        throw context.client.conflict("PUT", pathIn(context, id), reason);
      }
      await operation.sleep(Math.random() * 20 * attempt);
    }
  } catch (error) {
    throw merged.size > 0 ? afterWriting(error) : error;
  }
}

/** The leaves that are no deletions, the winner first, as CouchDB has it. */
async function leavesOf<T extends object>(
  context: DatabaseContext,
  id: string,
  operation: Operation,
): Promise<Leaf<T>[]> {
  const found = await openRevs<T>(context, id, "all", {}, operation);
  const leaves: Leaf<T>[] = [];
  for (const { ok } of found) {
    if (!ok || ok._deleted) continue;
    const text = context.client.json.stringify(ok);
    const doc = await admitted(context, ok, operation);
    leaves.push({ rev: doc._rev ?? "", attachments: doc._attachments, doc, text });
  }
  if (leaves.length === 0) {
    const details = { status: 404, error: "not_found", reason: "deleted" };
    const call = { method: "GET", path: pathIn(context, id) } as const;
    throw context.client.error(NotFoundError, call, details);
  }
  return leaves.sort(({ rev: one }, { rev: other }) => {
    const generations = Number.parseInt(other, 10) - Number.parseInt(one, 10);
    return generations || (one < other ? 1 : -1);
  });
}

/** What `merge` makes of leaves, as it follows the first. */
async function mergerOf<T extends object>(
  context: DatabaseContext,
  _id: string,
  leaves: Leaf<T>[],
  merge: Merge<T>,
  operation: Operation,
): Promise<string> {
  const docs = leaves.map(({ doc }) => doc);
  const [first] = leaves as [Leaf<T>];
  const returned = await operation.race(Promise.resolve(merge([...docs])));
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
  const { json } = context.client;
  const text = json.stringify({ ...ownMembers(made), _id, _rev: first.rev, _attachments });
  const asItCame = () => json.parse(first.text);
  const was = asRead(context, first.doc, asItCame);
  return was === asItCame ? text : mergeBack(json, asItCame(), was(), json.parse(text));
}

/** Writes what was merged; false if somebody else was faster. */
async function isWritten(
  context: DatabaseContext,
  id: string,
  body: string,
  operation: Operation,
): Promise<boolean> {
  const call = { method: "PUT", path: pathIn(context, id), body, expects: "rev" } as const;
  try {
    await sendWrite(context, call, writing(context, id, body), operation);
    return true;
  } catch (error) {
    if (error instanceof CouchDBError && error.status === 409) return false;
    throw error;
  }
}

/** Deletes leaves in one request; false if that may not have been done for all. */
async function areDeleted(
  context: DatabaseContext,
  _id: string,
  revs: string[],
  operation: Operation,
): Promise<boolean> {
  const { client, path } = context;
  const docs = revs.map((_rev) => ({ _id, _rev, _deleted: true }));
  const body = client.json.stringify({ docs });
  const call = { method: "POST", path: `${path}/_bulk_docs`, body, expects: "length" } as const;
  let rows: BulkRow[];
  try {
    rows = (await client.request(call, operation)).value as BulkRow[];
  } catch (error) {
    // The next look tells.
    if (isUncertain(error, client.url(call))) return false;
    throw error;
  }
  if (!Array.isArray(rows) || rows.length !== revs.length) {
    throw client.error(InvalidResponseError, call, { reason: "answered without rows" });
  }
  const refused = rows.find(({ error }) => error !== undefined && error !== "conflict");
  if (!refused) return rows.every(({ error }) => error === undefined);
  const { error, reason } = refused;
  const classes = { forbidden: ForbiddenError, unauthorized: UnauthorizedError };
  const Class = Object(classes)[error as string] ?? ServerError;
  throw client.error(Class, call, { error, reason });
}
