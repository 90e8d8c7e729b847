import { Database } from "../client/database.js";
import { encodeSegment } from "../http/paths.js";
import type { Selector } from "../queries/selector.js";
import { checkJson, checkOptions } from "../shared/arguments.js";
import type { OperationOptions } from "../shared/types.js";

/** A Mango index, as CouchDB lists it. */
export interface Index {
  /** The design document with the index, including `_design/`; null for the index of all ids. */
  ddoc: string | null;
  name: string;
  type: "special" | "json" | "text";
  partitioned?: boolean;
  def: { fields: Record<string, string>[]; partial_filter_selector?: Selector };
}

/** The result of deleting the indexes of design documents. */
export interface IndexesDeleted {
  success: { id: string; ok: boolean }[];
  fail: { id: string; error: string }[];
}

/**
 * List the Mango indexes of a database. The first one is the index of all ids.
 *
 * ```ts
 * for (const { name, def } of await indexes(animals)) console.log(name, def.fields);
 * ```
 *
 * @see https://docs.couchdb.org/en/stable/api/database/find.html#get--db-_index
 */
export async function indexes<T extends object, S extends object>(
  db: Database<T, S>,
  options: OperationOptions = {},
): Promise<Index[]> {
  const limits = checkOptions(options, "");
  const { client, path } = Database.contextOf(db);
  const request = { method: "GET", path: `${path}/_index`, expects: "indexes", limits } as const;
  return (await client.value<{ indexes: Index[] }>(request)).indexes;
}

/**
 * Delete a Mango index.
 *
 * ```ts
 * const { id, name } = await animals.index({ fields: ["legs"] });
 * await deleteIndex(animals, id, name);
 * ```
 *
 * @param ddoc - the design document with the index, with or without `_design/`
 * @param options - `type`: default `"json"`
 * @throws NotFoundError if the index does not exist
 * @see https://docs.couchdb.org/en/stable/api/database/find.html#delete--db-_index-design_doc-json-name
 */
export async function deleteIndex<T extends object, S extends object>(
  db: Database<T, S>,
  ddoc: string,
  name: string,
  options: OperationOptions & { type?: "json" | "text" | undefined } = {},
): Promise<void> {
  const { type = "json" } = checkOptions(options, "type");
  const { client, path } = Database.contextOf(db);
  const holder = encodeSegment(`${ddoc}`.replace(/^_design\//, ""));
  await client.request({
    method: "DELETE",
    path: `${path}/_index/${holder}/${type}/${encodeSegment(name)}`,
    expects: "ok",
    limits: options,
  });
}

/**
 * Delete all Mango indexes of design documents.
 *
 * ```ts
 * const { fail } = await deleteIndexes(animals, ["_design/legs", "_design/type"]);
 * ```
 *
 * @returns the result for each design document
 * @see https://docs.couchdb.org/en/stable/api/database/find.html#post--db-_index-_bulk_delete
 */
export async function deleteIndexes<T extends object, S extends object>(
  db: Database<T, S>,
  ddocs: readonly string[],
  options: OperationOptions = {},
): Promise<IndexesDeleted> {
  checkOptions(options, "");
  checkJson("ddocs", ddocs);
  const { client, path } = Database.contextOf(db);
  const { value } = await client.request({
    method: "POST",
    path: `${path}/_index/_bulk_delete`,
    body: client.json.stringify({ docids: ddocs }),
    expects: "success",
    limits: options,
  });
  return value as IndexesDeleted;
}
