import type { DocChangeJson } from "../changes/change-event.js";
import { ChangesFeed, type ChangesOptions } from "../changes/changes-feed.js";
import {
  type BulkEdit,
  BulkOperation,
  type BulkOptions,
  editAndSave,
} from "../documents/bulk-operation.js";
import { createOrFetch, isMissing } from "../documents/create-or-fetch.js";
import type { DatabaseContext } from "../documents/database-context.js";
import { Document, isIn } from "../documents/document.js";
import type { GetOptions } from "../documents/document-options.js";
import { documentPath } from "../http/paths.js";
import { DocumentQueries } from "../queries/document-queries.js";
import type { IndexDefinition, IndexParams, IndexResult } from "../queries/mango-index.js";
import { createIndex } from "../queries/mango-index.js";
import { checkType } from "../shared/arguments.js";
import type { DatabaseInfo, JsonObject, OperationOptions } from "../shared/types.js";

/**
 * A database of a server. Making one sends nothing.
 *
 * @typeParam T - the type of its documents' own members
 * @typeParam S - the same as they are in the database, where a schema makes others of them
 */
export class Database<T extends object = JsonObject, S extends object = T> extends DocumentQueries<
  T,
  S
> {
  /** The database's name. */
  readonly id: string;
  readonly #context: DatabaseContext;

  /** @internal */
  constructor(context: DatabaseContext) {
    super(context);
    this.id = context.name;
    this.#context = context;
  }

  /**
   * Reads a document.
   *
   * @param options - `default`: the content of an unsaved document to give instead, if there is
   * none; not for one revision. `known`: a Document that was read before, which is given back, as it is, if the
   * server still has its revision
   * @throws NotFoundError if there is no such document, and no `default`
   * @throws BadRequestError for an invalid `rev`
   * @throws ValidationError for a document that does not match the database's schema, if it has one
   * @see https://docs.couchdb.org/en/stable/api/document/common.html#get--db-docid
   */
  async get(
    id: string,
    options: GetOptions & { default?: T | undefined; known?: Document<T> | undefined } = {},
  ): Promise<Document<T>> {
    const { default: content, known, ...params } = options;
    // Before anything is sent, for its errors.
    const otherwise = content == null ? undefined : new Document<T>(this.#context, id, content);
    const { rev: _rev } = known ?? {};
    if (known && !(known.id === id && isIn(this.#context, known)))
      throw new TypeError("`known` must be this document, of this database");
    const given = _rev === undefined ? { _id: id } : { _id: id, _rev };
    const document = new Document<T>(this.#context, id, known?.data ?? { ...given }, () => given);
    try {
      const isRead = await document.fetch({ ...params, ifChanged: true, discardChanges: true });
      return known && !isRead ? known : document;
    } catch (error) {
      if (!otherwise || params.rev !== undefined || !isMissing(error)) throw error;
      return otherwise;
    }
  }

  /**
   * A document that is not on the server yet: `save` puts it there.
   *
   * @param options - `data`: its content. `existsOk`: if the document exists, give it instead
   * @throws ConflictError if the document exists, unless `existsOk`
   */
  async create(
    id: string,
    options: OperationOptions & { data?: T | undefined; existsOk?: boolean | undefined } = {},
  ): Promise<Document<T>> {
    const { data = {}, ...rest } = options;
    const document = new Document<T>(this.#context, id, data);
    await createOrFetch(this.#context, document, rest);
    return document;
  }

  /**
   * A document, without a request: read it with `fetch`, or save it as a new one.
   *
   * @throws TypeError for an id that no document can have
   */
  document(id: string, data?: T): Document<T> {
    documentPath(id);
    return new Document<T>(this.#context, id, data ?? {});
  }

  /**
   * Create a Mango index, unless an equal one exists.
   *
   * @see https://docs.couchdb.org/en/stable/api/database/find.html#post--db-_index
   */
  async index(index: IndexDefinition<S>, params: IndexParams = {}): Promise<IndexResult> {
    return createIndex(this.#context, index, params);
  }

  /**
   * The changes of the database: those there are, or also those to come.
   *
   * @see https://docs.couchdb.org/en/stable/api/database/changes.html
   */
  changes(options: ChangesOptions<S> & { include_docs: true }): ChangesFeed<T, DocChangeJson<T>>;
  changes(options?: ChangesOptions<S>): ChangesFeed<T>;
  changes(options: ChangesOptions<S> = {}): ChangesFeed<T> {
    return new ChangesFeed<T>(this.#context, options as ChangesOptions);
  }

  /**
   * Creates documents in one request. It does not ask first which exist: they are conflicts, in
   * `error`, save `_local` documents, which CouchDB replaces.
   *
   * @param edit - adds the documents. If it throws, nothing is sent
   * @returns the operation, saved: what became of each document
   * @throws TypeError for a document that is there twice
   * @throws ValidationError for a document that does not match the database's schema, if it has one
   * @see https://docs.couchdb.org/en/stable/api/database/bulk-api.html#post--db-_bulk_docs
   */
  createDocs(edit: BulkEdit<T>, options?: BulkOptions): Promise<BulkOperation<T>>;
  /**
   * The same, beginning with empty documents.
   *
   * @param ids - theirs
   * @param edit - changes the documents, and adds others. If it throws, nothing is sent
   */
  createDocs(
    ids: readonly string[],
    edit?: BulkEdit<T>,
    options?: BulkOptions,
  ): Promise<BulkOperation<T>>;
  async createDocs(
    first: BulkEdit<T> | readonly string[],
    ...rest: [(BulkEdit<T> | BulkOptions)?, BulkOptions?]
  ): Promise<BulkOperation<T>> {
    const [ids, edit, options] = (
      typeof first === "function" ? [[], first, ...rest] : [first, ...rest]
    ) as [readonly string[], BulkEdit<T>?, BulkOptions?];
    checkType("ids", "array", ids);
    const bulk = new BulkOperation<T>(this.#context);
    for (const id of ids) bulk.create(id);
    return editAndSave(this.#context, bulk, edit, options);
  }

  /**
   * Changes documents in one request, after another that reads them. Only those that have changed are
   * sent.
   *
   * @param edit - changes the documents, and adds others. If it throws, nothing is sent
   * @param options - `create`: begin with an empty document for each id that does not exist
   * @returns the operation, saved: what became of each document
   * @throws NotFoundError for an id that does not exist, unless `create`
   * @throws TypeError for a document that is there twice
   * @throws ValidationError for a document that does not match the database's schema, if it has one
   * @see https://docs.couchdb.org/en/stable/api/database/bulk-api.html#post--db-_bulk_docs
   */
  async updateDocs(
    ids: readonly string[],
    edit: BulkEdit<T>,
    { create = false, signal }: OperationOptions & { create?: boolean | undefined } = {},
  ): Promise<BulkOperation<T>> {
    checkType("ids", "array", ids);
    const wanted = new Set(ids);
    if (wanted.size < ids.length) throw new TypeError("`ids` must not repeat an id");
    const documents = await this.docs({ ids, create, signal }).toArray();
    if (!documents.every(({ id }) => wanted.has(id))) {
      const { client, path } = this.#context;
      throw client.invalid({ method: "POST", path }, "expected the documents of `ids`");
    }
    const bulk = new BulkOperation<T>(this.#context, documents);
    return editAndSave(this.#context, bulk, edit, { signal });
  }

  /**
   * Read what the server reports about the database: documents, sizes, sequence.
   *
   * @throws NotFoundError if the database does not exist
   * @see https://docs.couchdb.org/en/stable/api/database/common.html#get--db
   */
  async info({ signal }: OperationOptions = {}): Promise<DatabaseInfo> {
    const { client, path } = this.#context;
    const request = { method: "GET", path, expects: "db_name", signal } as const;
    return (await client.value(request)) as DatabaseInfo;
  }

  /**
   * Delete the database and everything in it.
   *
   * @throws NotFoundError if the database does not exist
   * @see https://docs.couchdb.org/en/stable/api/database/common.html#delete--db
   */
  async delete({ signal }: OperationOptions = {}): Promise<void> {
    const { client, path } = this.#context;
    await client.request({ method: "DELETE", path, expects: "ok", signal });
  }
}
