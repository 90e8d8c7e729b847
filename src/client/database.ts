import type { DocChangeJson } from "../changes/change-event.js";
import { ChangesFeed, type ChangesOptions } from "../changes/changes-feed.js";
import {
  type BulkEdit,
  type BulkOperation,
  type BulkOptions,
  editAndSave,
} from "../documents/bulk-operation.js";
import { createOrFetch } from "../documents/create-or-fetch.js";
import type { DatabaseContext } from "../documents/database-context.js";
import { Document, isIn } from "../documents/document.js";
import { getOptions, type UpdateOptions } from "../documents/document-options.js";

import { isMissing, unlessMissing } from "../documents/missing.js";
import { fetchDocument } from "../documents/read-document.js";
import type { Mutate } from "../documents/update-document.js";
import { documentPath } from "../http/paths.js";
import { DocumentQueries } from "../queries/document-queries.js";
import type { IndexDefinition, IndexParams, IndexResult } from "../queries/mango-index.js";
import { createIndex } from "../queries/mango-index.js";
import type { DocsOptions } from "../queries/view-params.js";
import { checkArray, checkOptions, limitsOf, paramsOf } from "../shared/arguments.js";
import { type Inspection, print } from "../shared/inspect.js";
import type {
  DatabaseInfo,
  JsonObject,
  NewData,
  OperationOptions,
  Tombstone,
} from "../shared/types.js";
import type { CreateArguments, CreateOptions, ReadOptions } from "./database-options.js";

/**
 * A database. Creating the object sends no request.
 *
 * @typeParam T - the type of the documents' own members
 * @typeParam S - the same in the database, if a schema transforms them
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

  /** @internal */
  [Symbol.for("nodejs.util.inspect.custom")](...how: Inspection): string {
    return print(this, how, { id: this.id, url: this.#context.client.url(this.#context) });
  }

  /**
   * Read a document.
   *
   * ```ts
   * const cat = await animals.get("cat", { default: { legs: 4 } });
   * ```
   *
   * @throws NotFoundError if the document does not exist, unless `default`
   * @throws BadRequestError if `rev` is invalid
   * @throws ValidationError if the document does not match the database's schema
   * @see https://docs.couchdb.org/en/stable/api/document/common.html#get--db-docid
   */
  get(id: string, options?: ReadOptions<T> & { rev?: undefined }): Promise<Document<T>>;
  /** Read a revision, which may be the tombstone of a deletion. */
  get(id: string, options: ReadOptions<T>): Promise<Document<T | Tombstone>>;
  async get(id: string, options: ReadOptions<T> = {}): Promise<Document<T>> {
    const names = `${getOptions} default known` as const;
    const { default: content, known, ...params } = paramsOf(options, names);
    // Invalid content throws before anything is sent.
    const otherwise = content == null ? undefined : new Document<T>(this.#context, id, content);
    if (known && !(known.id === id && isIn(this.#context, known)))
      throw new TypeError("`known` must be the same document");
    const given = { _id: id, _rev: known?.rev };
    const document = new Document<T>(this.#context, id, known?.data ?? given, () => given);
    try {
      const isRead = await fetchDocument(Document.stateOf(document), options, {
        ...params,
        ifChanged: true,
      });
      return known && !isRead ? known : document;
    } catch (error) {
      if (!otherwise || params.rev !== undefined || !isMissing(error)) throw error;
      return otherwise;
    }
  }

  /**
   * Create a document that is not on the server yet, with a copy of the data. `save` writes it.
   *
   * ```ts
   * const cat = await animals.create("cat", { legs: 4 });
   * await cat.save();
   * ```
   *
   * @throws ConflictError if the document exists, unless `existsOk`
   * @throws TypeError if `data` is options
   */
  async create(id: string, ...given: CreateArguments<T>): Promise<Document<T>> {
    const [data, options = {}] = given as readonly unknown[] as [object?, CreateOptions?];
    checkOptions(options, "existsOk");
    const document = new Document<T>(this.#context, id, data ?? {});
    await createOrFetch(this.#context, document, options);
    return document;
  }

  /**
   * Create or update a document: read it, change it with `mutate` and save it. If another save comes first, it
   * starts again.
   *
   * ```ts
   * await animals.upsert("counter", (data) => { data.n = (data.n ?? 0) + 1; });
   * ```
   *
   * @param mutate - changes the data, which is empty if the document does not exist, or returns a replacement
   * @returns the saved document
   * @throws ConflictError, NetworkError and TypeError as `Document.update` does
   */
  async upsert(id: string, mutate: Mutate<T>, options: UpdateOptions = {}): Promise<Document<T>> {
    const document = new Document<T>(this.#context, id, {});
    await document.update(mutate, options);
    return document;
  }

  /**
   * Ask the server whether a document exists.
   *
   * @see https://docs.couchdb.org/en/stable/api/database/bulk-api.html#get--db-_all_docs
   */
  async exists(id: string, options: OperationOptions = {}): Promise<boolean> {
    const found = await unlessMissing(new Document<object>(this.#context, id, {}).info(options));
    return found !== undefined;
  }

  /**
   * A local Document, with a copy of `data`. Sends no request: read it with `fetch`, or save it as a new one.
   *
   * @throws TypeError if the id is invalid
   */
  document(id: string, ...[data]: NewData<T>): Document<T> {
    documentPath(id);
    return new Document<T>(this.#context, id, data ?? {});
  }

  /**
   * Create a Mango index, unless an equal one exists.
   *
   * ```ts
   * await animals.index({ fields: ["legs"] });
   * ```
   *
   * @see https://docs.couchdb.org/en/stable/api/database/find.html#post--db-_index
   */
  async index(index: IndexDefinition<S>, params: IndexParams = {}): Promise<IndexResult> {
    return createIndex(this.#context, index, params);
  }

  /**
   * Read the changes of the database: those so far or, with `feed`, also future ones.
   *
   * ```ts
   * for await (const change of animals.changes({ feed: "continuous" })) console.log(change.id);
   * ```
   *
   * @see https://docs.couchdb.org/en/stable/api/database/changes.html
   */
  changes(options: ChangesOptions<S> & { include_docs: true }): ChangesFeed<T, DocChangeJson<T>>;
  changes(options?: ChangesOptions<S>): ChangesFeed<T>;
  changes(options: ChangesOptions<S> = {}): ChangesFeed<T> {
    return new ChangesFeed<T>(this.#context, options as ChangesOptions);
  }

  /**
   * Create documents in one request, without checking which exist: existing ones end up in `error` as
   * conflicts, except `_local` documents, which CouchDB overwrites.
   *
   * ```ts
   * const { error } = await animals.createDocs((docs) => docs.create("fish", { legs: 0 }));
   * ```
   *
   * @param edit - adds the documents. If it throws, nothing is sent
   * @returns the saved operation, with the result of each document
   * @throws TypeError if the same document is added twice
   * @throws ValidationError if a document does not match the database's schema
   * @see https://docs.couchdb.org/en/stable/api/database/bulk-api.html#post--db-_bulk_docs
   */
  createDocs(edit: BulkEdit<T>, options?: BulkOptions): Promise<BulkOperation<T>>;
  /**
   * Create documents in one request, from their data with `_id`, or from their ids as empty ones.
   *
   * ```ts
   * await animals.createDocs([{ _id: "cat", legs: 4 }, "fish"]);
   * ```
   *
   * @param documents - are copied
   * @param edit - changes the documents, or adds others. If it throws, nothing is sent
   */
  createDocs(
    documents: readonly ((T & { _id: string }) | (object extends T ? string : never))[],
    edit?: BulkEdit<T>,
    options?: BulkOptions,
  ): Promise<BulkOperation<T>>;
  async createDocs(
    first: BulkEdit<T> | readonly (string | { _id: string })[],
    ...rest: [(BulkEdit<T> | BulkOptions)?, BulkOptions?]
  ): Promise<BulkOperation<T>> {
    const [documents, edit, options] = (
      typeof first === "function" ? [[], first, ...rest] : [first, ...rest]
    ) as [readonly (string | { _id: string })[], BulkEdit<T>?, BulkOptions?];
    checkArray("documents", documents);
    const created = documents.map((each) => {
      const data = typeof each === "string" ? { _id: each } : each;
      return new Document<T>(this.#context, data._id, data);
    });
    return editAndSave(this.#context, created, edit, options);
  }

  /**
   * Change documents: read them in one request, and write those that have changed in another.
   *
   * ```ts
   * await animals.updateDocs(["cat", "dog"], (docs) => { for (const doc of docs) doc.data.legs = 4; });
   * ```
   *
   * @param edit - changes the documents, or adds others. If it throws, nothing is sent
   * @param options - `create`: begin with an empty document for each id that does not exist
   * @returns the saved operation, with the result of each document
   * @throws NotFoundError if an id does not exist, unless `create`
   * @throws TypeError if the same document is included twice
   * @throws ValidationError if a document does not match the database's schema
   * @see https://docs.couchdb.org/en/stable/api/database/bulk-api.html#post--db-_bulk_docs
   */
  async updateDocs(
    ids: readonly string[],
    edit: BulkEdit<T>,
    options: OperationOptions & Pick<DocsOptions<string, T>, "create"> = {},
  ): Promise<BulkOperation<T>> {
    checkOptions(options, "create");
    checkArray("ids", ids);
    const wanted = new Set(ids);
    if (wanted.size < ids.length) throw new TypeError("`ids` must not repeat an id");
    const documents = await this.docs({ ...options, ids }).toArray();
    if (!documents.every(({ id }) => wanted.has(id))) {
      const { client, path } = this.#context;
      throw client.invalid({ method: "POST", path }, "expected documents");
    }
    return editAndSave(this.#context, documents, edit, limitsOf(options));
  }

  /**
   * Read information about the database: the number of documents, sizes, the sequence.
   *
   * @throws NotFoundError if the database does not exist
   * @see https://docs.couchdb.org/en/stable/api/database/common.html#get--db
   */
  async info(options: OperationOptions = {}): Promise<DatabaseInfo> {
    checkOptions(options, "");
    const { client, path } = this.#context;
    const request = { method: "GET", path, expects: "db_name", limits: options } as const;
    return client.value<DatabaseInfo>(request);
  }

  /**
   * Delete the database and all its documents.
   *
   * @throws NotFoundError if the database does not exist
   * @see https://docs.couchdb.org/en/stable/api/database/common.html#delete--db
   */
  async delete(options: OperationOptions = {}): Promise<void> {
    checkOptions(options, "");
    const { client, path } = this.#context;
    await client.request({ method: "DELETE", path, expects: "ok", limits: options });
  }
}
