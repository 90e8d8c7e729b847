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
 * Documents that can be read together: those of a database, or of a partition of one.
 *
 * @typeParam T - the type of the documents' own members
 * @typeParam S - the same as they are in the database, where a schema makes others of them: what is asked for by
 */
export class DocumentQueries<T extends object = JsonObject, S extends object = T> {
  readonly #context: DatabaseContext;
  readonly #path: string;

  /**
   * @internal
   * @param path - of a part within the database: none, or one that ends with a slash
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

  /** The ids of documents as they arrive: all, design documents among them, or a selection that exists. */
  keys(options: IdsOptions = {}): Rows<string> {
    return this.allDocs.ids(options);
  }

  /** The documents as they arrive; the same as `docs`. */
  values(params: DocsOptions = {}): Rows<Document<T>> {
    return this.docs(params);
  }

  /**
   * The documents as they arrive, in the order of their ids: all, the given ones, or those whose id
   * begins with a prefix. They go on after a lost connection, unless `ids` are given.
   *
   * @throws NotFoundError, at its place, for one of `ids` that does not exist, unless `create`
   * @throws TypeError for `prefix` together with `ids` or `create`
   * @throws ValidationError for a document that does not match the database's schema, if it has one
   * @see https://docs.couchdb.org/en/stable/api/database/bulk-api.html#get--db-_all_docs
   */
  docs(options: DocsOptions = {}): Rows<Document<T>> {
    return this.allDocs.docs(options);
  }

  /** All documents by id. */
  get allDocs(): AllDocsView<T> {
    return new AllDocsView<T>(this.#context, `${this.#path}_all_docs`);
  }

  /** A view that was declared by `defineView`, which knows its types. No request. */
  view<K, V>(view: DefinedView<K, V>): View<K, V, T>;
  /**
   * A view of a design document. No request.
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
   * The documents that match a selector, over as many pages as it takes.
   *
   * @throws IncompleteResponseError for a connection that is lost on the way
   * @throws TypeError for `fields`: `query` takes them
   * @throws ValidationError for a document that does not match the database's schema, if it has one
   * @see https://docs.couchdb.org/en/stable/api/database/find.html
   */
  find(selector: Selector<S>, params: FindParams<S> = {}): Rows<Document<T>> {
    return find<T, S>(this.#context, this.#path, selector, params);
  }

  /**
   * What matches a selector as plain objects: whole, or the `fields` of it.
   *
   * @typeParam R - what they are, where that is known better
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
