import { Database } from "../client/database.js";
import { databaseRows } from "../queries/database-rows.js";
import { identity } from "../shared/batch.js";
import type { BulkGetRow, OperationOptions, Sequence } from "../shared/types.js";
import type { Rows } from "../streams/rows.js";

/** CouchDB's response when it has removed revisions. */
export interface PurgeResult {
  purge_seq: Sequence | null;
  /** The revisions that were removed, by document id. */
  purged: Record<string, string[]>;
}

/** Revisions by document id. */
export type Revisions = Record<string, readonly string[]>;

/** The revisions that a database lacks, and those that it has and they may descend from. */
export type RevsDiff = Record<string, { missing: string[]; possible_ancestors?: string[] }>;

/**
 * Options of `bulkGet`. All but `signal` go to CouchDB unchanged.
 *
 * @see https://docs.couchdb.org/en/stable/api/database/bulk-api.html#post--db-_bulk_get
 */
export interface BulkGetOptions extends OperationOptions {
  /** Include the history of each revision, as `_revisions`. Default false. */
  revs?: boolean | undefined;
  /** Include the content of attachments, in base64. Default false. */
  attachments?: boolean | undefined;
}

/**
 * Read many documents, or revisions of them, in one request.
 *
 * @param docs - their ids; with a `rev`, or else for all leaf revisions
 * @returns a row for each as it arrives; one that cannot be read has an `error` in its row
 * @see https://docs.couchdb.org/en/stable/api/database/bulk-api.html#post--db-_bulk_get
 */
export function bulkGet<T extends object, S extends object>(
  db: Database<T, S>,
  docs: readonly { id: string; rev?: string | undefined }[],
  { signal, ...query }: BulkGetOptions = {},
): Rows<BulkGetRow<T>> {
  const context = Database.contextOf(db);
  const { client, path } = context;
  // The JSON of a Document is another.
  const body = client.json.stringify({ docs: docs.map(({ id, rev }) => ({ id, rev })) });
  const request = { method: "POST", path: `${path}/_bulk_get`, query, body } as const;
  return databaseRows<BulkGetRow<T>>(context, {
    signal,
    kind: "leaves",
    open: (operation) => client.rows({ ...request, effect: "read" }, "results", operation),
    map: identity,
  });
}

/**
 * Remove revisions for good, without a tombstone that a replication would carry on.
 *
 * @param revs - the leaf revisions to remove, by document id
 * @see https://docs.couchdb.org/en/stable/api/database/misc.html#db-purge
 */
export async function purge<T extends object, S extends object>(
  db: Database<T, S>,
  revs: Revisions,
  { signal }: OperationOptions = {},
): Promise<PurgeResult> {
  const { client, path } = Database.contextOf(db);
  const body = client.json.stringify(revs);
  const request = { method: "POST", path: `${path}/_purge`, body, expects: "purged" } as const;
  return (await client.value({ ...request, signal })) as PurgeResult;
}

/**
 * Ask which revisions a database lacks, as replicators do.
 *
 * @returns the missing revisions; a document that lacks none is left out
 * @see https://docs.couchdb.org/en/stable/api/database/misc.html#db-missing-revs
 */
export async function missingRevs<T extends object, S extends object>(
  db: Database<T, S>,
  revs: Revisions,
  { signal }: OperationOptions = {},
): Promise<Record<string, string[]>> {
  const { client, path } = Database.contextOf(db);
  const { value } = await client.request({
    method: "POST",
    path: `${path}/_missing_revs`,
    body: client.json.stringify(revs),
    effect: "read",
    expects: "missing_revs",
    signal,
  });
  return (value as { missing_revs: Record<string, string[]> }).missing_revs;
}

/**
 * Ask which revisions a database lacks, and which it has that they may descend from.
 *
 * @see https://docs.couchdb.org/en/stable/api/database/misc.html#db-revs-diff
 */
export async function revsDiff<T extends object, S extends object>(
  db: Database<T, S>,
  revs: Revisions,
  { signal }: OperationOptions = {},
): Promise<RevsDiff> {
  const { client, path } = Database.contextOf(db);
  const body = client.json.stringify(revs);
  const request = { method: "POST", path: `${path}/_revs_diff`, body, effect: "read" } as const;
  return (await client.value({ ...request, signal })) as RevsDiff;
}
