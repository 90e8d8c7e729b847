import { Database } from "../client/database.js";
import type { DatabaseContext } from "../documents/database-context.js";
import { encodeSegment } from "../http/paths.js";
import { DocumentQueries } from "../queries/document-queries.js";
import { checkOptions } from "../shared/arguments.js";
import type { JsonObject, OperationOptions } from "../shared/types.js";

/** Information about a partition. */
export interface PartitionInfo {
  db_name: string;
  partition: string;
  doc_count: number;
  doc_del_count: number;
  /** Bytes: in use, and of the uncompressed documents. */
  sizes: { active: number; external: number };
}

/**
 * A partition: the documents whose ids begin with its name and a colon. CouchDB stores them together, and
 * reads them without asking all shards. Design documents belong to no partition. Ids are complete: `prefix`
 * and `ids` include the partition's name.
 *
 * @see https://docs.couchdb.org/en/stable/partitioned-dbs/index.html
 */
export class Partition<T extends object = JsonObject, S extends object = T> extends DocumentQueries<
  T,
  S
> {
  /** The name of the partition, without the colon. */
  readonly id: string;
  readonly #context: DatabaseContext;

  /** @internal */
  constructor(context: DatabaseContext, id: string) {
    if (!/^[^_:][^:]*$/.test(id))
      throw new TypeError("`name` must not be empty, contain a colon or begin with an underscore");
    super(context, `_partition/${encodeSegment(id)}/`);
    this.id = id;
    this.#context = context;
  }

  /**
   * Read information about the partition: the number of documents, sizes. CouchDB does not distinguish an
   * empty partition from one that does not exist.
   *
   * @throws BadRequestError if the database is not partitioned
   * @see https://docs.couchdb.org/en/stable/api/partitioned-dbs.html#get--db-_partition-partition_id
   */
  async info(options: OperationOptions = {}): Promise<PartitionInfo> {
    const limits = checkOptions(options, "");
    const path = `${this.#context.path}/_partition/${encodeSegment(this.id)}`;
    const request = { method: "GET", path, expects: "partition", limits } as const;
    return this.#context.client.value<PartitionInfo>(request);
  }
}

/**
 * A partition of a partitioned database. Sends no request.
 *
 * ```ts
 * for await (const doc of partition(animals, "bird").docs()) console.log(doc.id);
 * ```
 *
 * @throws TypeError if the name is empty, has a colon or begins with an underscore
 * @see https://docs.couchdb.org/en/stable/partitioned-dbs/index.html
 */
export function partition<T extends object, S extends object>(
  db: Database<T, S>,
  name: string,
): Partition<T, S> {
  return new Partition<T, S>(Database.contextOf(db), name);
}
