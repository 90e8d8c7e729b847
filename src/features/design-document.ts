import { Database } from "../client/database.js";
import { enqueue } from "../documents/call-queue.js";
import { createOrFetch } from "../documents/create-or-fetch.js";
import type { DatabaseContext } from "../documents/database-context.js";
import { Document } from "../documents/document.js";
import { DocumentState } from "../documents/document-state.js";
import { saveDraft } from "../documents/save-document.js";
import { customRequest, type RequestOptions } from "../http/custom-request.js";
import { documentPath, encodeSegment, pathIn } from "../http/paths.js";
import type { ViewDefinition } from "../queries/define-view.js";
import { DocumentQueries } from "../queries/document-queries.js";
import { AllDocsView, type View } from "../queries/view.js";
import { checkObject, checkOptions, checkType } from "../shared/arguments.js";
import type { JsonObject, OperationOptions } from "../shared/types.js";

/** The members of a design document. */
export interface DesignData {
  /** The language of the functions. Default: JavaScript. */
  language?: string;
  options?: { partitioned?: boolean; local_seq?: boolean; include_design?: boolean };
  views?: Record<string, ViewDefinition>;
  filters?: Record<string, string>;
  updates?: Record<string, string>;
  validate_doc_update?: string;
  /** Whether the server updates the views in the background. */
  autoupdate?: boolean;
  /** Modules that the functions `require`. */
  lib?: JsonObject;
  /** Search indexes of Clouseau and Nouveau. */
  indexes?: JsonObject;
  nouveau?: JsonObject;
  /** Deprecated by CouchDB, as are `shows` and `rewrites`. */
  lists?: Record<string, string>;
  shows?: Record<string, string>;
  rewrites?: unknown;
}

/**
 * Options for defining a part of a design document.
 *
 * @see https://docs.couchdb.org/en/stable/ddocs/ddocs.html
 */
export interface DefineOptions extends OperationOptions {
  /** Replace an existing one of this name. Default false. */
  existsOk?: boolean | undefined;
}

const members =
  /^(_.*|language|options|views|filters|updates|validate_doc_update|autoupdate|indexes|nouveau|lib|lists|shows|rewrites)$/;

/**
 * A design document: views, filters and rules of a database.
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

  /** A view of this design document. Sends no request. */
  view<K = unknown, V = unknown>(name: string): View<K, V, T> {
    return new DocumentQueries<T>(this.#context).view(this.#name, name);
  }

  /**
   * Define a view, and save the design document.
   *
   * ```ts
   * await zoo.createView("by_type", { map: "function (doc) { emit(doc.type); }", existsOk: true });
   * ```
   *
   * @param options - `map`, `reduce`: the text of JavaScript functions, or the name of a built-in reduce.
   * `existsOk`: replace an existing view
   * @throws ConflictError if the view exists, unless `existsOk`, or if the server has another revision. The
   * view is then not added to this object
   * @see https://docs.couchdb.org/en/stable/ddocs/views/intro.html
   */
  async createView<K = unknown, V = unknown>(
    name: string,
    options: ViewDefinition & DefineOptions,
  ): Promise<View<K, V, T>> {
    checkOptions(options, "map reduce existsOk");
    const { existsOk, signal: _, timeout: __, ...definition } = options;
    checkType("map", "string", definition.map);
    const view = this.view<K, V>(name);
    await this.#define("views", name, definition, options);
    return view;
  }

  /**
   * Define a filter for feeds, and save the design document.
   *
   * ```ts
   * const filter = await zoo.createFilter("mammals", "function (doc) { return doc.type === 'mammal'; }");
   * for await (const change of animals.changes({ filter })) console.log(change.id);
   * ```
   *
   * @param name - without slashes
   * @param source - the text of a JavaScript function of a document and a request
   * @param options - `existsOk`: replace an existing filter
   * @returns the name to pass to `changes` as `filter`
   * @throws ConflictError as `createView` does
   * @see https://docs.couchdb.org/en/stable/ddocs/ddocs.html#filter-functions
   */
  async createFilter(name: string, source: string, options: DefineOptions = {}): Promise<string> {
    checkType("source", "string", source);
    checkOptions(options, "existsOk");
    if (/\//.test(name))
      throw new TypeError("`name` must not contain a slash: `changes` could not find it");
    await this.#define("filters", name, source, options);
    return `${this.#name}/${name}`;
  }

  /**
   * Call an update function, which creates or changes a document on the server.
   *
   * @param options - `id`: the id of the document, if any; the others are those of `couch.request`
   * @returns the function's response. If it saved a document, the header `x-couch-update-newrev` has the
   * revision
   * @throws NotFoundError if the function does not exist
   * @throws NetworkError with `mayHaveHappened` if the connection is lost
   * @see https://docs.couchdb.org/en/stable/api/ddoc/render.html#db-design-design-doc-update-update-name
   */
  async callUpdate(
    name: string,
    options: RequestOptions & { id?: string | undefined } = {},
  ): Promise<Response> {
    checkObject("options", options);
    const { id, method, ...rest } = options;
    const path = `${pathIn(this.#context, this.id)}/_update/${encodeSegment(name)}`;
    const usual = id === undefined ? "POST" : "PUT";
    const document = id === undefined ? "" : `/${documentPath(id)}`;
    const whole = { ...rest, method: method ?? usual };
    return customRequest(this.#context.client, path + document, whole);
  }

  /**
   * Read the state of the index of this design document's views, or of one of its search indexes.
   *
   * @param options - `search` or `nouveau`: the name of an index of that service
   * @throws NotFoundError if the design document or the index does not exist
   * @see https://docs.couchdb.org/en/stable/api/ddoc/common.html#db-design-design-doc-info
   */
  async indexInfo(
    options: OperationOptions & {
      search?: string | undefined;
      nouveau?: string | undefined;
    } = {},
  ): Promise<JsonObject & { name: string }> {
    const { search, nouveau } = checkOptions(options, "search nouveau");
    const index = search ?? nouveau;
    const service = search === undefined ? "_nouveau_info" : "_search_info";
    const what = index === undefined ? "_info" : `${service}/${encodeSegment(index)}`;
    const path = `${pathIn(this.#context, this.id)}/${what}`;
    const request = { method: "GET", path, expects: "name", limits: options } as const;
    return this.#context.client.value<JsonObject & { name: string }>(request);
  }

  get #name(): string {
    return this.id.slice("_design/".length);
  }

  /** Set a member of a member, and save. If that fails, this object is unchanged. */
  async #define(
    member: "views" | "filters",
    name: string,
    definition: unknown,
    limits: DefineOptions,
  ): Promise<void> {
    const state = Document.stateOf(this);
    await enqueue([state], limits, async () => {
      const { [member]: all = {}, language } = this.data;
      const before = { [member]: this.data[member], language };
      if (Object.hasOwn(all, name) && !limits.existsOk) {
        const found = `exists already among the ${member}`;
        throw this.#context.client.conflict("PUT", state.path, name, found);
      }
      // This also creates a member named `__proto__`.
      Object.assign(this.data, {
        [member]: { ...all, [name]: definition },
        language: language ?? "javascript",
      });
      try {
        await saveDraft(state, state.draft()(), limits);
      } catch (error) {
        // Undefined members are not part of the JSON.
        Object.assign(this.data, before);
        throw error;
      }
    });
  }
}

/** The state of a design document. It can be saved only with members that CouchDB supports. */
class DesignState extends DocumentState<DesignData> {
  override written(...[data, ...read]: Parameters<DocumentState<DesignData>["written"]>) {
    const known = this.inDatabase ?? {};
    const unknown = Object.keys(data).find(
      (name) => !members.test(name) && !Object.hasOwn(known, name),
    );
    if (unknown === undefined) return super.written(data, ...read);
    throw new TypeError(`a design document cannot have the member ${JSON.stringify(unknown)}`);
  }
}

/**
 * Create a design document, which `save` writes, or read the existing one with `existsOk`.
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
  await createOrFetch(context, document, checkOptions(options, "existsOk"));
  return document;
}

/**
 * The design documents of a database by id, as a view.
 *
 * ```ts
 * for await (const design of designDocs(animals).docs()) console.log(design.id);
 * ```
 *
 * @see https://docs.couchdb.org/en/stable/api/database/bulk-api.html
 */
export function designDocs<T extends object, S extends object>(db: Database<T, S>): AllDocsView<T> {
  return new AllDocsView<T>(Database.contextOf(db), "_design_docs");
}
