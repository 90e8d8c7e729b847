import { documentPath, encodeSegment } from "../http/paths.js";
import { checkOptions } from "../shared/arguments.js";
import type { OperationOptions } from "../shared/types.js";
import type { Ask } from "./asking.js";

/** The nodes of each shard of a database, by range. */
export type ShardMap = Record<string, string[]>;

/** Maintenance of a database. */
export class DatabaseMaintenance {
  readonly #ask: Ask;
  readonly #path: string;

  /** @internal */
  constructor(ask: Ask, path: string) {
    this.#ask = ask;
    this.#path = path;
  }

  /**
   * Start a compaction of the database, which removes old revisions, or of the views of a design document.
   * `activeTasks` lists it until it is done.
   *
   * ```ts
   * await admin(couch).database("animals").compact();
   * ```
   *
   * @param ddoc - the design document's name, without `_design/`
   * @see https://docs.couchdb.org/en/stable/api/database/compact.html
   */
  async compact(ddoc?: string, options?: OperationOptions): Promise<void> {
    await this.#post(ddoc === undefined ? "_compact" : `_compact/${encodeSegment(ddoc)}`, options);
  }

  /**
   * Remove indexes of views that no longer exist.
   *
   * @see https://docs.couchdb.org/en/stable/api/database/compact.html#db-view-cleanup
   */
  async viewCleanup(options?: OperationOptions): Promise<void> {
    await this.#post("_view_cleanup", options);
  }

  /**
   * Remove indexes of Clouseau searches that no longer exist.
   *
   * @see https://docs.couchdb.org/en/stable/api/database/compact.html#db-search-cleanup
   */
  async searchCleanup(options?: OperationOptions): Promise<void> {
    await this.#post("_search_cleanup", options);
  }

  /**
   * Remove indexes of Nouveau searches that no longer exist.
   *
   * @see https://docs.couchdb.org/en/stable/api/database/compact.html#db-nouveau-cleanup
   */
  async nouveauCleanup(options?: OperationOptions): Promise<void> {
    await this.#post("_nouveau_cleanup", options);
  }

  /**
   * Wait until all writes are on disk. Since 3.0, CouchDB ensures this itself.
   *
   * @see https://docs.couchdb.org/en/stable/api/database/compact.html#db-ensure-full-commit
   */
  async ensureFullCommit(options?: OperationOptions): Promise<{ instance_start_time: string }> {
    return this.#post("_ensure_full_commit", options);
  }

  /**
   * Read the number of revisions that the database remembers of each document.
   *
   * @see https://docs.couchdb.org/en/stable/api/database/misc.html#db-revs-limit
   */
  revsLimit(options?: OperationOptions): Promise<number> {
    return this.#limit("_revs_limit", options);
  }

  /**
   * Set the number of revisions that the database remembers of each document.
   *
   * @throws RangeError if `limit` is not an integer of at least 1
   */
  async setRevsLimit(limit: number, options?: OperationOptions): Promise<void> {
    await this.#setLimit("_revs_limit", limit, options);
  }

  /**
   * List the purged revisions that the database remembers.
   *
   * @see https://docs.couchdb.org/en/stable/api/database/misc.html#db-purged-infos
   */
  async purgedInfos(options: OperationOptions = {}): Promise<{ id: string; revs: string[] }[]> {
    const limits = checkOptions(options, "");
    const question = { expects: "purged_infos", limits };
    const path = `${this.#path}/_purged_infos`;
    return (await this.#ask<{ purged_infos: [] }>("GET", path, question)).purged_infos;
  }

  /**
   * Read the number of purges that the database remembers.
   *
   * @see https://docs.couchdb.org/en/stable/api/database/misc.html#db-purged-infos-limit
   */
  purgedInfosLimit(options?: OperationOptions): Promise<number> {
    return this.#limit("_purged_infos_limit", options);
  }

  /**
   * Set the number of purges that the database remembers.
   *
   * @throws RangeError if `limit` is not an integer of at least 1
   */
  async setPurgedInfosLimit(limit: number, options?: OperationOptions): Promise<void> {
    await this.#setLimit("_purged_infos_limit", limit, options);
  }

  /**
   * List the shards of the database, and their nodes.
   *
   * @see https://docs.couchdb.org/en/stable/api/database/shard.html
   */
  async shards(options: OperationOptions = {}): Promise<ShardMap> {
    const limits = checkOptions(options, "");
    const question = { expects: "shards", limits };
    const path = `${this.#path}/_shards`;
    return (await this.#ask<{ shards: ShardMap }>("GET", path, question)).shards;
  }

  /** Find the shard of a document, which need not exist. */
  async shardOf(
    id: string,
    options: OperationOptions = {},
  ): Promise<{ range: string; nodes: string[] }> {
    const limits = checkOptions(options, "");
    const path = `${this.#path}/_shards/${documentPath(id)}`;
    return this.#ask("GET", path, { expects: "range", limits });
  }

  /**
   * Start a synchronization of the replicas of all shards.
   *
   * @see https://docs.couchdb.org/en/stable/api/database/shard.html#db-sync-shards
   */
  async syncShards(options?: OperationOptions): Promise<void> {
    await this.#post("_sync_shards", options);
  }

  async #post<R>(path: string, options: OperationOptions = {}): Promise<R> {
    const limits = checkOptions(options, "");
    const question = { expects: "ok", effect: "idempotent", limits } as const;
    return this.#ask("POST", `${this.#path}/${path}`, question);
  }

  async #limit(path: string, options: OperationOptions = {}): Promise<number> {
    const limits = checkOptions(options, "");
    return this.#ask("GET", `${this.#path}/${path}`, { expects: false, limits });
  }

  async #setLimit(path: string, limit: number, options: OperationOptions = {}): Promise<unknown> {
    const limits = checkOptions(options, "");
    if (!(Number.isInteger(limit) && limit > 0)) {
      throw new RangeError("`limit` must be an integer of at least 1");
    }
    const question = { json: limit, expects: "ok", effect: "idempotent", limits } as const;
    return this.#ask("PUT", `${this.#path}/${path}`, question);
  }
}
