import { Database } from "../client/database.js";
import { databaseRows } from "../queries/database-rows.js";
import { checkJson, checkOptions, checkType, paramsOf } from "../shared/arguments.js";
import { identity } from "../shared/batch.js";
import type { BulkGetRow, OperationOptions, ParamsOptions, Sequence } from "../shared/types.js";
import type { Rows } from "../streams/rows.js";

/** CouchDB's response to a purge. */
export interface PurgeResult {
  purge_seq: Sequence | null;
  /** The revisions that were removed, by document id. */
  purged: Record<string, string[]>;
}

/** Revisions by document id. */
export type Revisions = Record<string, readonly string[]>;

/** The revisions that a database lacks, and those of its revisions that they may descend from. */
export type RevsDiff = Record<string, { missing: string[]; possible_ancestors?: string[] }>;

/**
 * Options of `bulkGet`. All but `signal` are passed to CouchDB unchanged.
 *
 * @see https://docs.couchdb.org/en/stable/api/database/bulk-api.html#post--db-_bulk_get
 */
export interface BulkGetOptions extends ParamsOptions {
  /** Include the history of each revision as `_revisions`. Default false. */
  revs?: boolean | undefined;
  /** Include the content of attachments, in base64. Default false. */
  attachments?: boolean | undefined;
}

/**
 * Read many documents, or revisions of them, in one request.
 *
 * ```ts
 * for await (const { id, docs } of bulkGet(animals, [{ id: "cat" }, { id: "dog" }])) console.log(id, docs);
 * ```
 *
 * @param docs - the ids of the documents, each with a `rev`, or without for all leaf revisions
 * @returns a row for each as it arrives; if it cannot be read, its row has an `error`
 * @see https://docs.couchdb.org/en/stable/api/database/bulk-api.html#post--db-_bulk_get
 */
export function bulkGet<T extends object, S extends object>(
  db: Database<T, S>,
  docs: readonly { id: string; rev?: string | undefined }[],
  options: BulkGetOptions = {},
): Rows<BulkGetRow<T>> {
  const query = paramsOf(options, "revs attachments");
  const context = Database.contextOf(db);
  const { client, path } = context;
  // A Document serializes to its data.
  const wanted = docs.map(({ id, rev }) => {
    checkType("docs.id", "string", id);
    return { id, rev };
  });
  const body = client.json.stringify({ docs: wanted });
  const request = { method: "POST", path: `${path}/_bulk_get`, query, body } as const;
  return databaseRows<BulkGetRow<T>>(context, {
    limits: options,
    kind: "leaves",
    open: (operation) => client.rows({ ...request, effect: "read" }, "results", operation),
    map: identity,
  });
}

/**
 * Remove revisions permanently, without a tombstone that is replicated.
 *
 * ```ts
 * await purge(animals, { cat: ["3-917fa2381192822767f010b95b45325b"] });
 * ```
 *
 * @param revs - the leaf revisions to remove, by document id
 * @see https://docs.couchdb.org/en/stable/api/database/misc.html#db-purge
 */
export async function purge<T extends object, S extends object>(
  db: Database<T, S>,
  revs: Revisions,
  options: OperationOptions = {},
): Promise<PurgeResult> {
  const limits = checkOptions(options, "");
  const { client, path } = Database.contextOf(db);
  checkJson("revs", revs);
  const body = client.json.stringify(revs);
  const request = { method: "POST", path: `${path}/_purge`, body, expects: "purged" } as const;
  return client.value<PurgeResult>({ ...request, limits });
}

/**
 * Find the revisions that a database lacks, as replicators do.
 *
 * ```ts
 * const missing = await missingRevs(copy, { cat: ["2-7051cbe5c8faecd085a3fa619e6e6337"] });
 * ```
 *
 * @returns the missing revisions; documents that lack none are left out
 * @see https://docs.couchdb.org/en/stable/api/database/misc.html#db-missing-revs
 */
export async function missingRevs<T extends object, S extends object>(
  db: Database<T, S>,
  revs: Revisions,
  options: OperationOptions = {},
): Promise<Record<string, string[]>> {
  const limits = checkOptions(options, "");
  const { client, path } = Database.contextOf(db);
  checkJson("revs", revs);
  const { value } = await client.request({
    method: "POST",
    path: `${path}/_missing_revs`,
    body: client.json.stringify(revs),
    effect: "read",
    expects: "missing_revs",
    limits,
  });
  return (value as { missing_revs: Record<string, string[]> }).missing_revs;
}

/**
 * Find the revisions that a database lacks, and those of its revisions that they may descend from.
 *
 * ```ts
 * const diff = await revsDiff(copy, { cat: ["2-7051cbe5c8faecd085a3fa619e6e6337"] });
 * ```
 *
 * @see https://docs.couchdb.org/en/stable/api/database/misc.html#db-revs-diff
 */
export async function revsDiff<T extends object, S extends object>(
  db: Database<T, S>,
  revs: Revisions,
  options: OperationOptions = {},
): Promise<RevsDiff> {
  const limits = checkOptions(options, "");
  const { client, path } = Database.contextOf(db);
  checkJson("revs", revs);
  const body = client.json.stringify(revs);
  const request = { method: "POST", path: `${path}/_revs_diff`, body, effect: "read" } as const;
  return client.value<RevsDiff>({ ...request, limits });
}
