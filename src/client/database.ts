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
import { type Deployed, type Design, deploy } from "../features/deploy.js";
import { DesignDocument } from "../features/design-document.js";
import { jsonLines } from "../features/export.js";
import type { DocumentSource } from "../features/import/document-source.js";
import { Import } from "../features/import/import.js";
import type { ImportOptions, ImportTotals } from "../features/import/import-options.js";
import { Partition } from "../features/partition.js";
import { admitLeaves, admitting } from "../features/schema/validation.js";
import { SecurityDocument } from "../features/security.js";
import { documentPath, encodeSegment } from "../http/paths.js";
import type { Call } from "../http/request.js";
import type { DefinedView } from "../queries/define-view.js";
import { DocumentQueries } from "../queries/document-queries.js";
import type {
  Index,
  IndexDefinition,
  IndexesDeleted,
  IndexParams,
  IndexResult,
} from "../queries/find.js";
import { AllDocsView } from "../queries/view.js";
import { InvalidResponseError } from "../shared/errors.js";
import type {
  BulkGetRow,
  DatabaseInfo,
  DocsOptions,
  GetOptions,
  JsonObject,
  OperationOptions,
  PurgeResult,
} from "../shared/types.js";
import { identity, mapped } from "../streams/batch.js";
import { Rows } from "../streams/rows.js";

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
    // What cannot be a document is found before anything is sent.
    const otherwise = content == null ? undefined : new Document<T>(this.#context, id, content);
    const { rev: _rev } = known ?? {};
    if (known && !(known.id === id && isIn(this.#context, known))) {
      throw new TypeError("The known document is another, or another database's");
    }
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
   * Creates a Mango index, if there is none like it.
   *
   * @see https://docs.couchdb.org/en/stable/api/database/find.html#post--db-_index
   */
  async index(index: IndexDefinition<S>, params: IndexParams = {}): Promise<IndexResult> {
    const { signal, ...rest } = params;
    const value = await this.#send("/_index", { ...rest, index }, { expects: "result", signal });
    return value as IndexResult;
  }

  /**
   * The indexes that there are for queries. The first is that of all ids.
   *
   * @see https://docs.couchdb.org/en/stable/api/database/find.html#get--db-_index
   */
  async indexes({ signal }: OperationOptions = {}): Promise<Index[]> {
    const value = await this.#request("GET", "/_index", { expects: "indexes", signal });
    return (value as { indexes: Index[] }).indexes;
  }

  /**
   * Deletes a Mango index.
   *
   * @param ddoc - the design document that holds it, with or without `_design/`
   * @throws NotFoundError if there is no such index
   * @see https://docs.couchdb.org/en/stable/api/database/find.html#delete--db-_index-design_doc-json-name
   */
  async deleteIndex(
    ddoc: string,
    name: string,
    { type = "json", signal }: OperationOptions & { type?: "json" | "text" | undefined } = {},
  ): Promise<void> {
    const holder = encodeSegment(`${ddoc}`.replace(/^_design\//, ""));
    const path = `/_index/${holder}/${type}/${encodeSegment(name)}`;
    await this.#request("DELETE", path, { expects: "ok", signal });
  }

  /**
   * Deletes all Mango indexes that these design documents hold.
   *
   * @returns what became of each
   * @see https://docs.couchdb.org/en/stable/api/database/find.html#post--db-_index-_bulk_delete
   */
  async deleteIndexes(
    ddocs: readonly string[],
    { signal }: OperationOptions = {},
  ): Promise<IndexesDeleted> {
    const call = { expects: "success", signal };
    const value = await this.#send("/_index/_bulk_delete", { docids: ddocs }, call);
    return value as IndexesDeleted;
  }

  /**
   * Makes design documents what the application has them: writes those that differ, and tells which. Their
   * attachments stay, and design documents that are not given.
   *
   * ```ts
   * await animals.deploy([byType, { _id: "_design/rules", validate_doc_update }]);
   * ```
   *
   * @param designs - views by `defineView`, with their sources, and whole design documents
   * @throws TypeError for a view without its source, and for members that a design document does not have
   * @throws UnauthorizedError for who is no administrator of the database
   * @see https://docs.couchdb.org/en/stable/ddocs/ddocs.html
   */
  async deploy(
    designs: readonly (Design | DefinedView)[],
    options: OperationOptions = {},
  ): Promise<Deployed> {
    return deploy(this.#context, designs, options);
  }

  /** The design documents by id, as `allDocs` has all documents. */
  get designDocs(): AllDocsView<T> {
    return new AllDocsView<T>(this.#context, "_design_docs");
  }

  /**
   * The `_local` documents by id, which are not replicated.
   *
   * @see https://docs.couchdb.org/en/stable/api/local.html
   */
  get localDocs(): AllDocsView<T> {
    return new AllDocsView<T>(this.#context, "_local_docs");
  }

  /**
   * A part of a partitioned database. No request.
   *
   * @throws TypeError for a name that no partition can have
   */
  partition(id: string): Partition<T, S> {
    return new Partition<T, S>(this.#context, id);
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
    if (!Array.isArray(ids)) throw new TypeError("The ids are an array");
    const operation = new BulkOperation<T>(this.#context);
    for (const id of ids) operation.create(id);
    return editAndSave(this.#context, operation, edit, options);
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
    if (!Array.isArray(ids)) throw new TypeError("The ids are an array");
    const asked = new Set(ids);
    if (asked.size < ids.length) throw new TypeError("An id is there twice");
    const documents = await this.docs({ ids, create, signal }).toArray();
    if (!documents.every(({ id }) => asked.has(id))) {
      const { client, path } = this.#context;
      const reason = "answered with documents that were not asked for";
      throw client.error(InvalidResponseError, { method: "POST", path }, { reason });
    }
    const operation = new BulkOperation<T>(this.#context, documents);
    return editAndSave(this.#context, operation, edit, { signal });
  }

  /**
   * Writes documents in batches, several at once, for as long as the source has some; in flat memory, and
   * through lost connections and restarts of the server: each document is written once, and counted once.
   *
   * ```ts
   * const { written, failures } = await animals.import(response.body); // a line of JSON each
   * ```
   *
   * @param source - documents, Documents, or the bytes of a JSON text a line. Those without an `_id` are
   * given one
   * @throws CouchDBError, what the server ends it with, or what the source, `onConflict` or `onProgress` throws;
   * what was written until then, `onProgress` has told
   * @see https://docs.couchdb.org/en/stable/api/database/bulk-api.html#post--db-_bulk_docs
   */
  async import(
    source: DocumentSource<T | S | Document<T>>,
    options: ImportOptions<T> = {},
  ): Promise<ImportTotals> {
    const { client } = this.#context;
    const operation = client.begin(options.signal);
    try {
      return await new Import<T>(this.#context, operation, options).run(
        source as DocumentSource<T | Document<T>>,
      );
    } finally {
      operation.end();
    }
  }

  /**
   * The documents as the bytes of a JSON text a line, read as they are asked for: what `import` takes, with
   * `new_edits: false` to keep their revisions.
   *
   * @param options - as for `docs`, but design documents and the contents of attachments are part of it, and no
   * schema looks at them. With
   * `attachments: false` there are stubs, which a database that has not these attachments refuses
   */
  export(options: DocsOptions = {}): ReadableStream<Uint8Array> {
    // As they are: a schema would make others of the same revisions.
    const context = { ...this.#context, border: undefined };
    const all = new AllDocsView<T>(context, "_all_docs");
    const documents = all.docs({ includeDesignDocs: true, attachments: true, ...options });
    return jsonLines(documents as Rows<Document<object>>, this.#context.client.json);
  }

  /**
   * Reads many documents, or revisions of them, in one request.
   *
   * @param docs - their ids, with a `rev`, or else for all leaf revisions: the current one, and those
   * in conflict with it
   * @returns a row for each, as it arrives; one that cannot be read is an `error` in its row
   * @see https://docs.couchdb.org/en/stable/api/database/bulk-api.html#post--db-_bulk_get
   */
  bulkGet(
    docs: readonly { id: string; rev?: string | undefined }[],
    {
      signal,
      ...query
    }: OperationOptions & { revs?: boolean | undefined; attachments?: boolean | undefined } = {},
  ): Rows<BulkGetRow<T>> {
    const { client, path } = this.#context;
    // They may be Documents, whose JSON is another.
    const wanted = docs.map(({ id, rev }) => ({ id, rev }));
    const body = client.json.stringify({ docs: wanted });
    const call = { method: "POST", path: `${path}/_bulk_get`, query, body, reads: true } as const;
    return new Rows({
      begin: () => client.begin(signal),
      open: (operation) => {
        const rows = client.rows(call, "results", operation);
        return mapped<BulkGetRow<T>>(
          admitting(this.#context, rows, admitLeaves, operation),
          identity,
        );
      },
    });
  }

  /**
   * Removes revisions for good, without a tombstone that a replication would carry on.
   *
   * @param revs - the leaf revisions to remove, by document id
   * @see https://docs.couchdb.org/en/stable/api/database/misc.html#post--db-_purge
   */
  async purge(
    revs: Record<string, readonly string[]>,
    { signal }: OperationOptions = {},
  ): Promise<PurgeResult> {
    return (await this.#send("/_purge", revs, { expects: "purged", signal })) as PurgeResult;
  }

  /**
   * Which of these revisions the database has not, as replicators ask.
   *
   * @param revs - revisions by document id
   * @returns those that are missing; documents of which none is are not there
   * @see https://docs.couchdb.org/en/stable/api/database/misc.html#db-missing-revs
   */
  async missingRevs(
    revs: Record<string, readonly string[]>,
    { signal }: OperationOptions = {},
  ): Promise<Record<string, string[]>> {
    const call = { reads: true, expects: "missing_revs", signal };
    const value = await this.#send("/_missing_revs", revs, call);
    return (value as { missing_revs: Record<string, string[]> }).missing_revs;
  }

  /**
   * The same, and which revisions there are that the missing ones may descend from.
   *
   * @see https://docs.couchdb.org/en/stable/api/database/misc.html#db-revs-diff
   */
  async revsDiff(
    revs: Record<string, readonly string[]>,
    { signal }: OperationOptions = {},
  ): Promise<Record<string, { missing: string[]; possible_ancestors?: string[] }>> {
    const value = await this.#send("/_revs_diff", revs, { reads: true, signal });
    return value as Record<string, { missing: string[]; possible_ancestors?: string[] }>;
  }

  /**
   * Who may do what in the database.
   *
   * @see https://docs.couchdb.org/en/stable/api/database/security.html#get--db-_security
   */
  async security({ signal }: OperationOptions = {}): Promise<SecurityDocument> {
    const call = { method: "GET", path: `${this.#context.path}/_security`, signal } as const;
    const { text } = await this.#context.client.request(call);
    return new SecurityDocument(this.#context, text);
  }

  /**
   * A design document: new, and on the server when it is saved, or, with `existsOk`, the existing one.
   *
   * @param name - with or without `_design/`
   * @throws ConflictError if it exists, unless `existsOk`
   * @see https://docs.couchdb.org/en/stable/api/ddoc/common.html
   */
  async designDoc(
    name: string,
    options: OperationOptions & { existsOk?: boolean | undefined } = {},
  ): Promise<DesignDocument<T>> {
    const document = new DesignDocument<T>(this.#context, name);
    await createOrFetch(this.#context, document, options);
    return document;
  }

  /**
   * What the server tells of the database: documents, sizes, sequence.
   *
   * @throws NotFoundError if it does not exist
   * @see https://docs.couchdb.org/en/stable/api/database/common.html#get--db
   */
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

  #send(path: string, json: object, call: Partial<Call>): Promise<unknown> {
    const body = this.#context.client.json.stringify(json);
    return this.#request("POST", path, { ...call, body });
  }

  async #request(method: Call["method"], path: string, call: Partial<Call>): Promise<unknown> {
    const full = { ...call, method, path: this.#context.path + path };
    return (await this.#context.client.request(full)).value;
  }
}
