import type { DatabaseContext } from "../documents/database-context.js";
import type { Document } from "../documents/document.js";
import { encodeSegment } from "../http/paths.js";
import type { JsonObject } from "../shared/types.js";
import type { Rows } from "../streams/rows.js";
import type { DefinedView } from "./define-view.js";
import { type FindParams, find, type QueryParams, query } from "./find.js";
import type { Picked, QueryField, Selector } from "./selector.js";
import { AllDocsView, View } from "./view.js";
import type { DocsOptions, IdsOptions } from "./view-params.js";

/**
 * Queries of a database, or of a partition.
 *
 * @typeParam T - the type of the documents' own members
 * @typeParam S - the same in the database, if a schema transforms them: selectors use this type
 */
export class DocumentQueries<T extends object = JsonObject, S extends object = T> {
  readonly #context: DatabaseContext;
  readonly #path: string;

  /**
   * @internal
   * @param path - of a partition within the database: empty, or with a slash at the end
   */
  constructor(context: DatabaseContext, path = "") {
    this.#context = context;
    this.#path = path;
  }

  /** @internal */
  static contextOf<T extends object, S extends object>(
    queries: DocumentQueries<T, S>,
  ): DatabaseContext {
    return queries.#context;
  }

  /** @internal */
  static pathOf<T extends object, S extends object>(queries: DocumentQueries<T, S>): string {
    return queries.#path;
  }

  /**
   * Stream the ids of documents: all, including design documents, or a selection. Ids of documents that do not
   * exist or were deleted are left out.
   *
   * ```ts
   * for await (const id of animals.keys({ prefix: "cat" })) console.log(id);
   * ```
   */
  keys(options: IdsOptions = {}): Rows<string> {
    return this.allDocs.ids(options);
  }

  /** Stream documents; the same as `docs`. */
  values(params: DocsOptions<string, T> = {}): Rows<Document<T>> {
    return this.docs(params);
  }

  /**
   * Stream documents in the order of their ids: all, those with given ids, or those whose id begins with a
   * prefix. If the connection is lost, the stream resumes, unless `ids` are given.
   *
   * ```ts
   * for await (const doc of animals.docs({ ids: ["cat", "dog"] })) console.log(doc.data);
   * ```
   *
   * @throws NotFoundError at the place of an id in `ids` that does not exist, unless `create`
   * @throws TypeError if `prefix` is combined with `ids` or `create`
   * @throws ValidationError if a document does not match the database's schema
   * @see https://docs.couchdb.org/en/stable/api/database/bulk-api.html#get--db-_all_docs
   */
  docs(options: DocsOptions<string, T> = {}): Rows<Document<T>> {
    return this.allDocs.docs(options);
  }

  /**
   * All documents by id (`_all_docs`), as a view.
   *
   * ```ts
   * const { total_rows } = await animals.allDocs.get({ limit: 10 });
   * ```
   */
  get allDocs(): AllDocsView<T> {
    return new AllDocsView<T>(this.#context, `${this.#path}_all_docs`);
  }

  /** A view declared with `defineView`, with its types. Sends no request. */
  view<K, V>(view: DefinedView<K, V>): View<K, V, T>;
  /**
   * A view of a design document. Sends no request.
   *
   * ```ts
   * for await (const { key, value } of animals.view("zoo", "by_type").rows()) console.log(key, value);
   * ```
   *
   * @param ddoc - the design document's name, without `_design/`
   */
  view<K = unknown, V = unknown>(ddoc: string, name: string): View<K, V, T>;
  view<K, V>(view: DefinedView<K, V> | string, named?: string): View<K, V, T> {
    const { ddoc = view as string, name = named as string } = Object(view) as DefinedView;
    const path = `_design/${encodeSegment(ddoc)}/_view/${encodeSegment(name)}`;
    return new View<K, V, T>(this.#context, this.#path + path);
  }

  /**
   * Stream the documents that match a Mango selector, in one request. Only if a text index caps its pages are
   * there several; a loop may then meet documents again that it has just written.
   *
   * ```ts
   * for await (const doc of animals.find({ legs: { $gt: 2 } }, { limit: 10 })) console.log(doc.id);
   * ```
   *
   * @throws IncompleteResponseError if the connection is lost
   * @throws TimeoutError if the server is silent for the session's `silenceTimeout`
   * @throws TypeError if there are `fields`: use `query`
   * @throws ValidationError if a document does not match the database's schema
   * @see https://docs.couchdb.org/en/stable/api/database/find.html
   */
  find(selector: Selector<S>, params: FindParams<S> = {}): Rows<Document<T>> {
    return find<T, S>(this.#context, this.#path, selector, params);
  }

  /**
   * Stream the plain objects that match a Mango selector: whole documents, or some `fields`.
   *
   * ```ts
   * for await (const { _id } of animals.query({ legs: 4 }, { fields: ["_id"] })) console.log(_id);
   * ```
   *
   * @typeParam R - the type of the objects, if you know it better
   * @see https://docs.couchdb.org/en/stable/api/database/find.html
   */
  query<const F extends QueryField<S>>(
    selector: Selector<S>,
    params: FindParams<S> & { fields: readonly F[] },
  ): Rows<Picked<S, F>>;
  query<R extends object = T & { _id: string; _rev: string }>(
    selector: Selector<S>,
    params?: QueryParams<S>,
  ): Rows<R>;
  query(selector: Selector<S>, params: QueryParams<S> = {}): Rows<object> {
    return query(this.#context, this.#path, selector, params);
  }
}
