import type { DatabaseContext } from "../documents/database-context.js";
import type { Document } from "../documents/document.js";
import type { StreamRequest } from "../http/request.js";
import { checkArray, checkJson, checkObject, checkType, paramsOf } from "../shared/arguments.js";
import { type Batch, identity, type Source, textToKeep } from "../shared/batch.js";
import { type Inspection, print } from "../shared/inspect.js";
import type {
  DocRow,
  EmittedRow,
  Grouped,
  Reduced,
  ReducedRow,
  Unreduced,
  ViewRow,
  WithDocs,
} from "../shared/row-types.js";
import type { JsonObject } from "../shared/types.js";
import type { Rows } from "../streams/rows.js";
import { databaseRows } from "./database-rows.js";
import { finite, resumableRows } from "./resumable-rows.js";
import { type DocsOptions, type IdsOptions, type ViewParams, viewParams } from "./view-params.js";
import { ViewResponse } from "./view-response.js";
import { found, isWithin, readDocs, type ViewContext } from "./view-rows.js";

// Servers and proxies refuse longer URLs. A longer query is sent by POST.
const longestQuery = 2000;

/**
 * A view of a database.
 *
 * ```ts
 * for await (const { key, value } of animals.view("zoo", "by_type").rows()) console.log(key, value);
 * ```
 *
 * @typeParam K - the type of the keys
 * @typeParam V - the type of the values
 * @typeParam T - the type of the documents' own members
 */
export class View<K = unknown, V = unknown, T extends object = JsonObject> {
  readonly #context: ViewContext;
  readonly #path: string;

  /**
   * @internal
   * @param isOfIds - whether the rows are all documents by id, which sort by bytes and cannot be reduced
   */
  constructor(context: DatabaseContext & Pick<ViewContext, "read">, path: string, isOfIds = false) {
    const { silenceTimeout } = context.client.session;
    this.#context = { ...context, isOfIds, timing: isOfIds ? {} : { silenceTimeout } };
    this.#path = `${context.path}/${path}`;
  }

  /** @internal */
  static partsOf<K, V, T extends object>(view: View<K, V, T>) {
    return { context: view.#context, path: view.#path };
  }

  /** @internal */
  [Symbol.for("nodejs.util.inspect.custom")](...how: Inspection): string {
    return print(this, how, { url: this.#context.client.url({ path: this.#path }) });
  }

  /**
   * Stream the rows. If the connection is lost, the stream resumes after the last row, as do all streams of a
   * view.
   *
   * ```ts
   * for await (const { key, value } of view.rows({ group: true })) console.log(key, value);
   * ```
   *
   * @throws NotFoundError if the view does not exist
   * @throws IncompleteResponseError if the connection is lost and the remaining rows cannot be determined
   * exactly: with reduced rows, `keys`, `sorted: false`, or keys with numbers or members that `JSON.parse`
   * changes
   * @throws TimeoutError if the server is silent for the session's `silenceTimeout`; for `_all_docs`, silence
   * is a lost connection
   */
  rows(params: ViewParams<K> & WithDocs): Rows<DocRow<K, V, T>>;
  rows(params: ViewParams<K> & Unreduced): Rows<EmittedRow<K, V, T>>;
  rows(params: ViewParams<K> & Grouped): Rows<ReducedRow<K, V>>;
  rows(params: ViewParams<K> & Reduced): Rows<ReducedRow<null, V>>;
  rows(params?: ViewParams<K>): Rows<ViewRow<K, V, T>>;
  rows(params: ViewParams<K> = {}): Rows<unknown> {
    return this.#map(params, identity);
  }

  /** Stream the keys of the rows. */
  keys(params: ViewParams<K> = {}): Rows<K> {
    return this.#pick(params, ({ key }) => key);
  }

  /** Stream the values of the rows. */
  values(params: ViewParams<K> = {}): Rows<V> {
    return this.#pick(params, ({ value }) => value);
  }

  /**
   * Stream the key and value of each row.
   *
   * ```ts
   * const counts = new Map(await view.items({ group: true }).toArray());
   * ```
   */
  items(params: ViewParams<K> = {}): Rows<[key: K, value: V]> {
    return this.#pick(params, ({ key, value }) => [key, value]);
  }

  /** Stream the ids of documents: all, or those with these keys or this prefix. */
  ids(options: IdsOptions<K> = {}): Rows<string> {
    return this.#pick(this.#selection(options), ({ id }) => id, options.prefix);
  }

  /**
   * Stream documents: all, those with these keys, or those with this prefix. `ids: []` returns nothing,
   * without a request.
   *
   * ```ts
   * for await (const doc of view.docs({ prefix: "mam" })) console.log(doc.id);
   * ```
   *
   * @throws NotFoundError at the place of an id in `ids` of `_all_docs` that does not exist, unless `create`.
   * Any other view returns what it has for these keys
   * @throws TypeError if `prefix` is combined with `ids`, `create` or a range of keys
   */
  docs(options: DocsOptions<K, T> = {}): Rows<Document<T>> {
    checkObject("options", options);
    const { ids, prefix } = options;
    const { isOfIds, read = readDocs } = this.#context;
    const isOfDesigns = `${prefix}`.startsWith("_design/") || this.#path.endsWith("/_design_docs");
    const { create, includeDesignDocs = !!ids || isOfDesigns, ...rest } = options;
    const params = { ...this.#selection(rest, create), include_docs: true };
    const choice = { create, includeDesignDocs, prefix };
    const drops = isOfIds && !ids ? "designs" : "any";
    return this.#map<Document<T>>(
      params,
      (batch, docs) => read(this.#context, batch, choice, docs as never[]),
      isOfIds && includeDesignDocs ? undefined : drops,
    );
  }

  /**
   * Read all rows into memory.
   *
   * ```ts
   * const { rows } = await view.get({ group: true });
   * const { rows: two } = await view.get({ keys: ["cat", "dog"] });
   * ```
   */
  get(params: ViewParams<K> & WithDocs): Promise<ViewResponse<K, V, T, DocRow<K, V, T>>>;
  get(params: ViewParams<K> & Unreduced): Promise<ViewResponse<K, V, T, EmittedRow<K, V, T>>>;
  get(params: ViewParams<K> & Grouped): Promise<ViewResponse<K, V, T, ReducedRow<K, V>>>;
  get(params: ViewParams<K> & Reduced): Promise<ViewResponse<K, V, T, ReducedRow<null, V>>>;
  get(params?: ViewParams<K>): Promise<ViewResponse<K, V, T>>;
  async get(params: ViewParams<K> = {}): Promise<ViewResponse<K, V, T, unknown>> {
    // A schema may have removed members of a document, which its row's text has.
    const texts = new Map<unknown, string>();
    const { codec } = this.#context;
    const rows = this.#map(params, (batch, results) => {
      identity(batch, results);
      if (codec) for (const [at, row] of results.entries()) texts.set(row, textToKeep(batch, at));
    });
    return new ViewResponse(this.#context, await rows.toArray(), texts, await rows.summary);
  }

  #selection(options: IdsOptions<K>, create = false): ViewParams<K> {
    checkObject("options", options);
    const { ids, prefix, ...rest } = options;
    if ("ids" in options) {
      checkArray("ids", ids);
      checkJson("ids", ids);
    }
    if ("prefix" in options) checkType("prefix", "string", prefix);
    const { key, keys, startkey, endkey } = rest as ViewParams;
    if ((key ?? keys) !== undefined) throw new TypeError("use `ids`, not `key` or `keys`");
    // Reduced rows have no documents.
    const params = (this.#context.isOfIds ? rest : { reduce: false, ...rest }) as ViewParams<K>;
    if (prefix === undefined) return ids ? { ...params, keys: ids } : params;
    if (ids || create || (startkey ?? endkey) !== undefined)
      throw new TypeError("`prefix` excludes `ids`, `create` and keys");
    // The end sorts after everything that begins with the prefix. Views use Unicode collation, which puts some
    // vowels, such as those of Thai, after the consonant that follows them.
    const { isOfIds } = this.#context;
    const start = isOfIds ? prefix : prefix.replace(/\p{LOE}+$/u, "");
    const end = start + (isOfIds ? "\u{10ffff}" : "\uffff");
    const [first, last] = params.descending ? [end, start] : [start, end];
    return { ...params, startkey: first, endkey: last };
  }

  /** Pick a value of each row; undefined values are left out. */
  #pick<R>(
    params: ViewParams<K>,
    pick: (row: ViewRow<K, V>) => R | undefined,
    prefix?: string,
  ): Rows<R> {
    const choose = ({ rows }: Batch, picked: R[]) => {
      for (const row of found<K, V>(this.#context, rows)) {
        const value = isWithin(prefix, row) ? pick(row) : undefined;
        if (value !== undefined) picked.push(value);
      }
    };
    const drops = this.#context.isOfIds ? Object(params).keys : prefix;
    return this.#map(params, choose, drops ? "any" : undefined);
  }

  /**
   * Stream the results of rows. `limit` and `skip` count results.
   *
   * @param drops - which rows give no result: any, or, as documents, those of design documents
   */
  #map<R>(
    given: ViewParams<K>,
    map: (batch: Batch, results: R[]) => void,
    drops?: "any" | "designs",
  ): Rows<R> {
    const params = paramsOf(given, viewParams);
    const context = this.#context;
    const { client, codec } = context;
    const { keys, limit = Infinity, skip = 0 } = params;
    const counts = drops ?? codec?.skips;
    const left = { limit: Number(limit), skip: counts ? Number(skip) : 0 };
    // CouchDB would read the documents that it skips: reading ids is ten times as fast.
    const skipsIds = () => drops === "designs" && !codec?.skips && left.skip > 0;
    const missing = () => left.skip + (skipsIds() ? 0 : left.limit);
    const toRequest = (query: ViewParams) =>
      this.#request(skipsIds() ? { ...query, include_docs: false } : query);
    // Invalid parameters throw now, not at the first row.
    this.#request(params);
    const asked = { ...params, skip: undefined, limit: keys ? undefined : finite(missing()) };
    const scan = { params: counts ? asked : params, toRequest, missing };
    return databaseRows<R>(context, {
      limits: given,
      kind: "row",
      open: (operation) => (keys?.length === 0 ? nothing : resumableRows(client, scan, operation)),
      map(batch, results) {
        try {
          if (!skipsIds()) return map(batch, results);
          for (const { id } of found(context, batch.rows))
            if (!id?.startsWith("_design/")) left.skip -= 1;
        } finally {
          if (left.skip > 0) left.skip -= results.splice(0, left.skip).length;
          if (results.length > left.limit) results.length = left.limit;
          left.limit -= results.length;
        }
      },
    });
  }

  /** How long the server may be silent: it may have to build the index. */
  #request(query: ViewParams): StreamRequest {
    const { client, timing } = this.#context;
    const how = { path: this.#path, ...timing };
    const get = { method: "GET", ...how, query: { ...query } } as const;
    // Invalid parameters throw here.
    if (client.url(get, Infinity).length - client.base.length < longestQuery) return get;
    return { ...how, method: "POST", body: client.json.stringify(query), effect: "read" };
  }
}

/** All documents of a database by id (`_all_docs`). */
export class AllDocsView<T extends object = JsonObject> extends View<
  string,
  { rev: string; deleted?: boolean },
  T
> {
  /** @internal */
  constructor(context: DatabaseContext & Pick<ViewContext, "read">, path: string) {
    super(context, path, true);
  }
}

const nothing: Source<never> = { next: async () => undefined, summary: {} };
