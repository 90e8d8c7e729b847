import { documentPath, encodeSegment } from "../http/paths.js";
import type { OperationOptions } from "../shared/types.js";
import type { Ask } from "./asking.js";

/** The nodes that have each range of a database's documents. */
export type ShardMap = Record<string, string[]>;

/** What keeps a database in order. */
export class DatabaseMaintenance {
  readonly #ask: Ask;
  readonly #path: string;

  /** @internal */
  constructor(ask: Ask, path: string) {
    this.#ask = ask;
    this.#path = path;
  }

  /**
   * Begins to give back the room that old revisions take; or what the old index of a design document takes.
   * `activeTasks` tells when it is done.
   *
   * @param ddoc - the design document's name, without `_design/`
   * @see https://docs.couchdb.org/en/stable/api/database/compact.html
   */
  async compact(ddoc?: string, options?: OperationOptions): Promise<void> {
    await this.#post(ddoc === undefined ? "_compact" : `_compact/${encodeSegment(ddoc)}`, options);
  }

  /**
   * Removes the indexes of views that there are no more.
   *
   * @see https://docs.couchdb.org/en/stable/api/database/compact.html#db-view-cleanup
   */
  async viewCleanup(options?: OperationOptions): Promise<void> {
    await this.#post("_view_cleanup", options);
  }

  /**
   * Removes the indexes of Clouseau's searches that there are no more.
   *
   * @see https://docs.couchdb.org/en/stable/api/database/compact.html#db-search-cleanup
   */
  async searchCleanup(options?: OperationOptions): Promise<void> {
    await this.#post("_search_cleanup", options);
  }

  /**
   * Removes the indexes of Nouveau's searches that there are no more.
   *
   * @see https://docs.couchdb.org/en/stable/api/database/compact.html#db-nouveau-cleanup
   */
  async nouveauCleanup(options?: OperationOptions): Promise<void> {
    await this.#post("_nouveau_cleanup", options);
  }

  /**
   * Waits until all that was written is on the disk. CouchDB sees to that by itself since 3.0.
   *
   * @see https://docs.couchdb.org/en/stable/api/database/compact.html#db-ensure-full-commit
   */
  async ensureFullCommit(options?: OperationOptions): Promise<{ instance_start_time: string }> {
    return this.#post("_ensure_full_commit", options);
  }

  /**
   * How many revisions of each document the database remembers.
   *
   * @see https://docs.couchdb.org/en/stable/api/database/misc.html#db-revs-limit
   */
  revsLimit(options?: OperationOptions): Promise<number> {
    return this.#limit("_revs_limit", options);
  }

  /** Sets how many it remembers. */
  async setRevsLimit(limit: number, options?: OperationOptions): Promise<void> {
    await this.#setLimit("_revs_limit", limit, options);
  }

  /**
   * What was purged, of which there is a memory still.
   *
   * @see https://docs.couchdb.org/en/stable/api/database/misc.html#db-purged-infos
   */
  async purgedInfos({ signal }: OperationOptions = {}): Promise<{ id: string; revs: string[] }[]> {
    const question = { expects: "purged_infos", signal };
    const path = `${this.#path}/_purged_infos`;
    return (await this.#ask<{ purged_infos: [] }>("GET", path, question)).purged_infos;
  }

  /**
   * How many purges the database remembers.
   *
   * @see https://docs.couchdb.org/en/stable/api/database/misc.html#db-purged-infos-limit
   */
  purgedInfosLimit(options?: OperationOptions): Promise<number> {
    return this.#limit("_purged_infos_limit", options);
  }

  /** Sets how many it remembers. */
  async setPurgedInfosLimit(limit: number, options?: OperationOptions): Promise<void> {
    await this.#setLimit("_purged_infos_limit", limit, options);
  }

  /**
   * Where its documents are.
   *
   * @see https://docs.couchdb.org/en/stable/api/database/shard.html
   */
  async shards({ signal }: OperationOptions = {}): Promise<ShardMap> {
    const question = { expects: "shards", signal };
    const path = `${this.#path}/_shards`;
    return (await this.#ask<{ shards: ShardMap }>("GET", path, question)).shards;
  }

  /** Where a document is, or would be. */
  async shardOf(
    id: string,
    { signal }: OperationOptions = {},
  ): Promise<{ range: string; nodes: string[] }> {
    const path = `${this.#path}/_shards/${documentPath(id)}`;
    return this.#ask("GET", path, { expects: "range", signal });
  }

  /**
   * Begins to even out the shards' replicas.
   *
   * @see https://docs.couchdb.org/en/stable/api/database/shard.html#db-sync-shards
   */
  async syncShards(options?: OperationOptions): Promise<void> {
    await this.#post("_sync_shards", options);
  }

  #post<R>(path: string, { signal }: OperationOptions = {}): Promise<R> {
    const question = { expects: "ok", effect: "idempotent", signal } as const;
    return this.#ask("POST", `${this.#path}/${path}`, question);
  }

  #limit(path: string, { signal }: OperationOptions = {}): Promise<number> {
    return this.#ask("GET", `${this.#path}/${path}`, { expects: false, signal });
  }

  #setLimit(path: string, limit: number, { signal }: OperationOptions = {}): Promise<unknown> {
    if (!(Number.isInteger(limit) && limit > 0)) {
      throw new RangeError("A limit is a whole number, and more than 0");
    }
    const question = { json: limit, expects: "ok", effect: "idempotent", signal } as const;
    return this.#ask("PUT", `${this.#path}/${path}`, question);
  }
}
