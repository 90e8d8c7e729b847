import { Database } from "../client/database.js";
import { createOrFetch } from "../documents/create-or-fetch.js";
import type { DatabaseContext } from "../documents/database-context.js";
import { Document } from "../documents/document.js";
import { DocumentState } from "../documents/document-state.js";
import { customRequest, type RequestOptions } from "../http/custom-request.js";
import { documentPath, encodeSegment, pathIn } from "../http/paths.js";
import type { ViewDefinition } from "../queries/define-view.js";
import { DocumentQueries } from "../queries/document-queries.js";
import { AllDocsView, type View } from "../queries/view.js";
import type { DocumentData, JsonObject, OperationOptions } from "../shared/types.js";

/** What a design document may have. */
export interface DesignData {
  /** Of its functions. Default: JavaScript. */
  language?: string;
  options?: { partitioned?: boolean; local_seq?: boolean; include_design?: boolean };
  views?: Record<string, ViewDefinition>;
  filters?: Record<string, string>;
  updates?: Record<string, string>;
  validate_doc_update?: string;
  /** Whether its views are brought up to date in the background. */
  autoupdate?: boolean;
  /** Modules that its functions `require`. */
  lib?: JsonObject;
  /** Search indexes: Clouseau's, and Nouveau's. */
  indexes?: JsonObject;
  nouveau?: JsonObject;
  /** Deprecated by CouchDB, as are `shows` and `rewrites`. */
  lists?: Record<string, string>;
  shows?: Record<string, string>;
  rewrites?: unknown;
}

/**
 * How a part of a design document is defined.
 *
 * @see https://docs.couchdb.org/en/stable/ddocs/ddocs.html
 */
export interface DefineOptions extends OperationOptions {
  /** Replace one of this name. Default false. */
  existsOk?: boolean | undefined;
}

const members =
  /^(_.*|language|options|views|filters|updates|validate_doc_update|autoupdate|indexes|nouveau|lib|lists|shows|rewrites)$/;

/**
 * A design document: the views, filters and rules of a database.
 *
 * @see https://docs.couchdb.org/en/stable/ddocs/ddocs.html
 */
export class DesignDocument<T extends object = JsonObject> extends Document<DesignData> {
  readonly #context: DatabaseContext;

  /** @internal */
  constructor(context: DatabaseContext, name: string) {
    const id = `_design/${name.replace(/^_design\//, "")}`;
    super(context, id, {}, undefined, DesignState);
    this.#context = context;
  }

  /** A view of this design document. No request. */
  view<K = unknown, V = unknown>(name: string): View<K, V, T> {
    return new DocumentQueries<T>(this.#context).view(this.#name, name);
  }

  /**
   * Defines a view, and saves the design document.
   *
   * @param options - `map`, `reduce`: the text of JavaScript functions, or a built-in reduce's name;
   * `existsOk`: replace a view of this name
   * @throws ConflictError if there is a view of this name, unless `existsOk`; and if the server has
   * another revision. The view is not part of this object then
   * @see https://docs.couchdb.org/en/stable/ddocs/views/intro.html
   */
  async createView<K = unknown, V = unknown>(
    name: string,
    { existsOk, signal, ...definition }: ViewDefinition & DefineOptions,
  ): Promise<View<K, V, T>> {
    if (typeof definition.map !== "string")
      throw new TypeError(`\`map\` must be a string, got ${typeof definition.map}`);
    const view = this.view<K, V>(name);
    await this.#define("views", name, definition, { existsOk, signal });
    return view;
  }

  /**
   * Defines a filter for feeds, and saves the design document.
   *
   * @param source - the text of a JavaScript function of a document and a request
   * @param options - `existsOk`: replace a filter of this name
   * @returns what `changes` takes as `filter`
   * @throws ConflictError as `createView` does
   * @see https://docs.couchdb.org/en/stable/ddocs/ddocs.html#filter-functions
   */
  async createFilter(name: string, source: string, options: DefineOptions = {}): Promise<string> {
    if (typeof source !== "string") {
      throw new TypeError(`\`source\` must be a string, got ${typeof source}`);
    }
    await this.#define("filters", name, source, options);
    return `${this.#name}/${name}`;
  }

  /**
   * Calls an update function, which makes or changes a document on the server.
   *
   * @param options - `id`: of the document, if there is one; the rest is as for `couch.request`
   * @returns what the function answers; of what it has saved, the header `x-couch-update-newrev` tells the revision
   * @throws NotFoundError if there is no such function
   * @throws NetworkError with `mayHaveHappened`, if the connection is lost on the way
   * @see https://docs.couchdb.org/en/stable/api/ddoc/render.html#db-design-design-doc-update-update-name
   */
  async callUpdate(
    name: string,
    { id, method, ...options }: RequestOptions & { id?: string | undefined } = {},
  ): Promise<Response> {
    const path = `${pathIn(this.#context, this.id)}/_update/${encodeSegment(name)}`;
    const usual = id === undefined ? "POST" : "PUT";
    const document = id === undefined ? "" : `/${documentPath(id)}`;
    const whole = { ...options, method: method ?? usual };
    return customRequest(this.#context.client, path + document, whole);
  }

  /**
   * How the server stands with the indexes of this design document's views; or with one of its search indexes.
   *
   * @param options - `search` or `nouveau`: the name of an index of that service
   * @throws NotFoundError if there is no such design document, or index
   * @see https://docs.couchdb.org/en/stable/api/ddoc/common.html#db-design-design-doc-info
   */
  async indexInfo({
    search,
    nouveau,
    signal,
  }: OperationOptions & {
    search?: string | undefined;
    nouveau?: string | undefined;
  } = {}): Promise<JsonObject & { name: string }> {
    const index = search ?? nouveau;
    const service = search === undefined ? "_nouveau_info" : "_search_info";
    const what = index === undefined ? "_info" : `${service}/${encodeSegment(index)}`;
    const path = `${pathIn(this.#context, this.id)}/${what}`;
    const request = { method: "GET", path, expects: "name", signal } as const;
    return (await this.#context.client.value(request)) as JsonObject & { name: string };
  }

  get #name(): string {
    return this.id.slice("_design/".length);
  }

  /** Sets a member of a member, and saves; what cannot be saved is not part of this object then. */
  async #define(
    member: "views" | "filters",
    name: string,
    definition: unknown,
    { existsOk = false, signal }: DefineOptions,
  ): Promise<void> {
    const { [member]: all = {}, language } = this.data;
    const before = { [member]: this.data[member], language };
    if (Object.hasOwn(all, name) && !existsOk) {
      const reason = `${JSON.stringify(name)} exists already among the ${member}`;
      throw this.#context.client.conflict("PUT", pathIn(this.#context, this.id), reason);
    }
    // In this way, even one named __proto__ is a member like others.
    Object.assign(this.data, {
      [member]: { ...all, [name]: definition },
      language: language ?? "javascript",
    });
    try {
      await this.save({ signal });
    } catch (error) {
      // Undefined is left out where JSON is made of it.
      Object.assign(this.data, before);
      throw error;
    }
  }
}

/** The state of a design document, which can only be saved with members that CouchDB knows. */
class DesignState extends DocumentState<DesignData> {
  protected override check(data: DocumentData<DesignData>): void {
    const known = this.inDatabase ?? {};
    const unknown = Object.keys(data).find(
      (name) => !members.test(name) && !Object.hasOwn(known, name),
    );
    if (unknown === undefined) return;
    throw new TypeError(`a design document cannot have the member ${JSON.stringify(unknown)}`);
  }
}

/**
 * A design document: new, and written when it is saved; or the existing one, with `existsOk`.
 *
 * ```ts
 * const zoo = await designDoc(animals, "zoo", { existsOk: true });
 * await zoo.createView("by_type", { map: "function (doc) { emit(doc.type); }", existsOk: true });
 * ```
 *
 * @param name - with or without `_design/`
 * @throws ConflictError if it exists, unless `existsOk`
 * @see https://docs.couchdb.org/en/stable/api/ddoc/common.html
 */
export async function designDoc<T extends object, S extends object>(
  db: Database<T, S>,
  name: string,
  options: OperationOptions & { existsOk?: boolean | undefined } = {},
): Promise<DesignDocument<T>> {
  const context = Database.contextOf(db);
  const document = new DesignDocument<T>(context, name);
  await createOrFetch(context, document, options);
  return document;
}

/** The design documents of a database by id, as `allDocs` has all documents. */
export function designDocs<T extends object, S extends object>(db: Database<T, S>): AllDocsView<T> {
  return new AllDocsView<T>(Database.contextOf(db), "_design_docs");
}
