import type { DatabaseContext } from "../documents/database-context.js";
import { Document } from "../documents/document.js";
import { pathIn } from "../http/paths.js";
import type { Query } from "../http/query.js";
import { paramsOf } from "../shared/arguments.js";
import { isPlain } from "../shared/json-equal.js";
import type { DocumentData, JsonObject, ParamsOptions, Tombstone } from "../shared/types.js";
import type { Operation } from "../streams/operation.js";

/**
 * Options for reading revisions of a document. All but `signal` are passed to CouchDB unchanged.
 *
 * @see https://docs.couchdb.org/en/stable/api/document/common.html#obtaining-multiple-revisions-of-a-document
 */
export interface OpenRevsOptions extends ParamsOptions {
  /** Instead of each revision, read the leaf that descends from it. Default false. */
  latest?: boolean | undefined;
  /** Include the history of each revision as `_revisions`. Default false. */
  revs?: boolean | undefined;
  /** Include the content of attachments, in base64. Default false. */
  attachments?: boolean | undefined;
}

/** A revision, or the name of one that the server does not have. */
export type OpenRevision<T extends object = JsonObject> =
  | { ok: DocumentData<T> | Tombstone; missing?: undefined }
  | { ok?: undefined; missing: string };

// The number of revisions that fit into a URL.
const mostRevs = 40;

/**
 * Read revisions of a document, or all its leaves: the current one, conflicting ones and deletions.
 *
 * ```ts
 * for (const { ok } of await openRevs(cat)) if (ok) console.log(ok._rev, ok._deleted);
 * ```
 *
 * @param revs - default `"all"`: the leaves
 * @returns each revision, or the revision as `missing`
 * @throws NotFoundError if the leaves of a document are requested that never existed
 * @throws TypeError for a `_local` document, which has no other revisions
 * @see https://docs.couchdb.org/en/stable/api/document/common.html#obtaining-multiple-revisions-of-a-document
 */
export async function openRevs<T extends object>(
  doc: Document<T>,
  revs: readonly string[] | "all" = "all",
  options: OpenRevsOptions = {},
): Promise<OpenRevision<T>[]> {
  const query = paramsOf(options, "latest revs attachments");
  const { context, id } = Document.stateOf(doc);
  const { client, codec } = context;
  return client.during(options, async (operation) => {
    const found = await readRevs<T>(context, id, revs, query, operation);
    for (const each of found) {
      if (each.ok && codec) each.ok = await codec.validateRead(each.ok, operation);
    }
    return found;
  });
}

/** Read revisions of a document, or all leaves, without validation. */
export async function readRevs<T extends object>(
  context: DatabaseContext,
  id: string,
  revs: readonly string[] | "all",
  params: Query,
  operation: Operation,
): Promise<OpenRevision<T>[]> {
  if (id.startsWith("_local/")) throw new TypeError("a _local document has only one revision");
  if (revs !== "all" && revs.length > mostRevs) {
    const first = await readRevs<T>(context, id, revs.slice(0, mostRevs), params, operation);
    const rest = await readRevs<T>(context, id, revs.slice(mostRevs), params, operation);
    return [...first, ...rest];
  }
  const query = { open_revs: revs, ...params };
  const request = { method: "GET", path: pathIn(context, id), query, expects: "length" } as const;
  const { value } = await context.client.request(request, operation);
  if (Array.isArray(value) && value.every(isPlain)) return value as OpenRevision<T>[];
  throw context.client.invalid(request, "expected a list of revisions");
}
