import { ChangesFeed, type ChangesOptions } from "./changes.js";
import { Document } from "./document.js";
import { ConflictError, NotFoundError } from "./errors.js";
import {
  type FindParams,
  find,
  type IndexDefinition,
  type IndexResult,
  type QueryParams,
  query,
  type Selector,
} from "./find.js";
import type { Rows } from "./streams/rows.js";
import type { Call } from "./transport/call.js";
import { documentPath, encodeSegment } from "./transport/paths.js";
import type { Scope } from "./transport/transport.js";
import type { DatabaseInfo, GetOptions, JsonObject, OperationOptions } from "./types.js";
import { AllDocsView, type DocsOptions, View, type ViewParams } from "./view.js";

/**
 * A database of a server. Making one sends nothing.
 *
 * @typeParam T - the type of its documents' own members
 */
export class Database<T extends object = JsonObject> {
  /** The database's name. */
  readonly id: string;
  readonly #scope: Scope;

  /** @internal */
  constructor(scope: Scope) {
    this.id = scope.name;
    this.#scope = scope;
  }

  /**
   * Reads a document.
   *
   * @param options - `default`: the content of an unsaved document to give instead, if there is
   * none; not for one revision
   * @throws NotFoundError if there is no such document, and no `default`
   * @throws BadRequestError for an invalid `rev`
   * @see https://docs.couchdb.org/en/stable/api/document/common.html#get--db-docid
   */
  async get(id: string, options: GetOptions & { default?: T } = {}): Promise<Document<T>> {
    const { default: content, ...params } = options;
    const document = new Document<T>(this.#scope, id, content ?? {});
    try {
      await document.fetch({ ...params, discardChanges: true });
    } catch (error) {
      if (content === undefined || params.rev !== undefined || !isMissing(error)) throw error;
    }
    return document;
  }

  /**
   * A document that is not on the server yet: `save` puts it there.
   *
   * @param options - `data`: its content. `existsOk`: if the document exists, give it instead
   * @throws ConflictError if the document exists, unless `existsOk`
   */
  async create(
    id: string,
    options: OperationOptions & { data?: T; existsOk?: boolean } = {},
  ): Promise<Document<T>> {
    const { data = {}, existsOk = false, signal } = options;
    const document = new Document<T>(this.#scope, id, data);
    try {
      if (existsOk) {
        await document.fetch({ discardChanges: true, signal });
        return document;
      }
      await document.info({ signal });
    } catch (error) {
      if (isMissing(error)) return document;
      throw error;
    }
    const call = { method: "PUT", path: `${this.#scope.path}/${documentPath(id)}` } as const;
    const reason = "the document exists already";
    const details = { status: 409, error: "conflict", reason };
    throw this.#scope.transport.error(ConflictError, call, details);
  }

  /** The ids of all documents, design documents among them, as they arrive. */
  keys(params: ViewParams<string> = {}): Rows<string> {
    return this.allDocs.keys(params);
  }

  /** The documents as they arrive; the same as `docs` without a selection. */
  values(params: Omit<DocsOptions, "ids" | "create" | "prefix"> = {}): Rows<Document<T>> {
    return this.docs(params);
  }

  /**
   * The documents as they arrive, in the order of their ids: all, the given ones, or those whose id
   * begins with a prefix.
   *
   * @throws NotFoundError, at its place, for one of `ids` that does not exist, unless `create`
   * @throws TypeError for `prefix` together with `ids` or `create`
   * @see https://docs.couchdb.org/en/stable/api/database/bulk-api.html#get--db-_all_docs
   */
  docs(options: DocsOptions = {}): Rows<Document<T>> {
    return this.allDocs.docs(options);
  }

  /** All documents by id. */
  get allDocs(): AllDocsView<T> {
    return new AllDocsView<T>(this.#scope, "_all_docs");
  }

  /**
   * A view of a design document.
   *
   * @param ddoc - the design document's name, without `_design/`
   */
  view<K = unknown, V = unknown>(ddoc: string, name: string): View<K, V, T> {
    const path = `_design/${encodeSegment(ddoc)}/_view/${encodeSegment(name)}`;
    return new View<K, V, T>(this.#scope, path);
  }

  /**
   * The documents that match a selector, over as many pages as it takes.
   *
   * @throws TypeError for `fields`: `query` takes them
   * @see https://docs.couchdb.org/en/stable/api/database/find.html
   */
  find(selector: Selector, params: FindParams = {}): Rows<Document<T>> {
    return find<T>(this.#scope, selector, params);
  }

  /**
   * What matches a selector as plain objects: whole, or the `fields` of it.
   *
   * @see https://docs.couchdb.org/en/stable/api/database/find.html
   */
  query<R extends object = T & { _id: string; _rev: string }>(
    selector: Selector,
    params: QueryParams = {},
  ): Rows<R> {
    return query<R>(this.#scope, selector, params);
  }

  /**
   * Creates a Mango index, if there is none like it.
   *
   * @param params - `name`, `ddoc`, `type` and what else CouchDB takes
   * @see https://docs.couchdb.org/en/stable/api/database/find.html#post--db-_index
   */
  async index(
    index: IndexDefinition,
    params: OperationOptions & {
      name?: string;
      ddoc?: string;
      type?: "json" | "text";
      partitioned?: boolean;
    } = {},
  ): Promise<IndexResult> {
    const { signal, ...rest } = params;
    const body = this.#scope.transport.json.stringify({ ...rest, index });
    const value = await this.#request("POST", "/_index", { body, expects: "result", signal });
    return value as IndexResult;
  }

  /**
   * The changes of the database: those there are, or also those to come.
   *
   * @see https://docs.couchdb.org/en/stable/api/database/changes.html
   */
  changes(options: ChangesOptions = {}): ChangesFeed<T> {
    return new ChangesFeed<T>(this.#scope, options);
  }

  /** @see https://docs.couchdb.org/en/stable/api/database/common.html#get--db */
  async info({ signal }: OperationOptions = {}): Promise<DatabaseInfo> {
    return (await this.#request("GET", "", { expects: "db_name", signal })) as DatabaseInfo;
  }

  /**
   * Deletes the database and all that is in it.
   *
   * @throws NotFoundError if it does not exist
   * @see https://docs.couchdb.org/en/stable/api/database/common.html#delete--db
   */
  async delete({ signal }: OperationOptions = {}): Promise<void> {
    await this.#request("DELETE", "", { expects: "ok", signal });
  }

  async #request(method: Call["method"], path: string, call: Partial<Call>): Promise<unknown> {
    const full = { ...call, method, path: this.#scope.path + path };
    return (await this.#scope.transport.request(full)).value;
  }
}

/** A database that does not exist is a 404 too, but no document could be saved to it. */
function isMissing(error: unknown): boolean {
  return error instanceof NotFoundError && error.reason !== "Database does not exist.";
}
