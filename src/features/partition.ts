import { Database } from "../client/database.js";
import type { DatabaseContext } from "../documents/database-context.js";
import { encodeSegment } from "../http/paths.js";
import { DocumentQueries } from "../queries/document-queries.js";
import type { JsonObject, OperationOptions } from "../shared/types.js";

/** What the server tells of a partition. */
export interface PartitionInfo {
  db_name: string;
  partition: string;
  doc_count: number;
  doc_del_count: number;
  /** Bytes: in use, and of the uncompressed documents. */
  sizes: { active: number; external: number };
}

/**
 * The documents of a partitioned database whose ids begin with the same name and a colon: they are stored
 * together, and read without asking all shards. Design documents are of no partition. Their ids are
 * whole: `prefix` and `ids` begin with the partition's name, too.
 *
 * @see https://docs.couchdb.org/en/stable/partitioned-dbs/index.html
 */
export class Partition<T extends object = JsonObject, S extends object = T> extends DocumentQueries<
  T,
  S
> {
  /** The partition's name: what stands before the colon. */
  readonly id: string;
  readonly #context: DatabaseContext;

  /** @internal */
  constructor(context: DatabaseContext, id: string) {
    if (!/^[^_:][^:]*$/.test(id))
      throw new TypeError("`name` must not contain a colon or begin with an underscore");
    super(context, `_partition/${encodeSegment(id)}/`);
    this.id = id;
    this.#context = context;
  }

  /**
   * What the server tells of the partition: documents and sizes. One without documents is none to CouchDB.
   *
   * @throws BadRequestError for a database that is not partitioned
   * @see https://docs.couchdb.org/en/stable/api/partitioned-dbs.html#get--db-_partition-partition_id
   */
  async info({ signal }: OperationOptions = {}): Promise<PartitionInfo> {
    const path = `${this.#context.path}/_partition/${encodeSegment(this.id)}`;
    const request = { method: "GET", path, expects: "partition", signal } as const;
    return (await this.#context.client.value(request)) as PartitionInfo;
  }
}

/**
 * A partition of a partitioned database. No request.
 *
 * ```ts
 * for await (const doc of partition(animals, "bird").docs()) console.log(doc.id);
 * ```
 *
 * @throws TypeError if no partition can have this name
 */
export function partition<T extends object, S extends object>(
  db: Database<T, S>,
  name: string,
): Partition<T, S> {
  return new Partition<T, S>(Database.contextOf(db), name);
}
