import type { DatabaseContext } from "../documents/database-context.js";
import { Document } from "../documents/document.js";
import { pathIn } from "../http/paths.js";
import { isPlain } from "../shared/json-equal.js";
import type { DocumentData, JsonObject, OperationOptions } from "../shared/types.js";
import type { Operation } from "../streams/operation.js";

/**
 * How revisions of a document are read. All but `signal` go to CouchDB unchanged.
 *
 * @see https://docs.couchdb.org/en/stable/api/document/common.html#obtaining-multiple-revisions-of-a-document
 */
export interface OpenRevsOptions extends OperationOptions {
  /** For each revision, read the leaf that it led to. Default false. */
  latest?: boolean | undefined;
  /** Include the history of each revision, as `_revisions`. Default false. */
  revs?: boolean | undefined;
  /** Include the content of attachments, in base64. Default false. */
  attachments?: boolean | undefined;
}

/** A revision, or that the server does not have it. */
export type OpenRevision<T extends object = JsonObject> =
  | { ok: DocumentData<T>; missing?: undefined }
  | { ok?: undefined; missing: string };

// What fits into a URL.
const mostRevs = 40;

/**
 * Read revisions of a document, or all leaves: the current one, those in conflict with it, and deletions.
 *
 * ```ts
 * const leaves = await openRevs(cat);
 * ```
 *
 * @param revs - default `"all"`: the leaves
 * @returns each revision, or that it is `missing`
 * @throws NotFoundError for the leaves of a document that never existed
 * @see https://docs.couchdb.org/en/stable/api/document/common.html#obtaining-multiple-revisions-of-a-document
 */
export async function openRevs<T extends object>(
  doc: Document<T>,
  revs: readonly string[] | "all" = "all",
  { signal, ...options }: OpenRevsOptions = {},
): Promise<OpenRevision<T>[]> {
  const { context, id } = Document.stateOf(doc);
  const { client, codec } = context;
  return client.during(signal, async (operation) => {
    const found = await readRevs<T>(context, id, revs, options, operation);
    for (const each of found) {
      if (each.ok && codec) each.ok = await codec.validateRead(each.ok, operation);
    }
    return found;
  });
}

/** Revisions of a document, or all leaves, without validation. */
export async function readRevs<T extends object>(
  context: DatabaseContext,
  id: string,
  revs: readonly string[] | "all",
  options: Omit<OpenRevsOptions, "signal">,
  operation: Operation,
): Promise<OpenRevision<T>[]> {
  if (id.startsWith("_local/")) throw new TypeError("a _local document has only one revision");
  if (revs !== "all" && revs.length > mostRevs) {
    const first = await readRevs<T>(context, id, revs.slice(0, mostRevs), options, operation);
    const rest = await readRevs<T>(context, id, revs.slice(mostRevs), options, operation);
    return [...first, ...rest];
  }
  const query = { open_revs: revs, ...options };
  const request = { method: "GET", path: pathIn(context, id), query, expects: "length" } as const;
  const { value } = await context.client.request(request, operation);
  if (Array.isArray(value) && value.every(isPlain)) return value as OpenRevision<T>[];
  throw context.client.invalid(request, "expected a list of revisions");
}
