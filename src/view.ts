import { Document } from "./document.js";
import { NotFoundError } from "./errors.js";
import type { Batch } from "./streams/row-reader.js";
import { Rows } from "./streams/rows.js";
import type { Call, Scope } from "./transport/transport.js";
import type { JsonObject, OperationOptions, RowsSummary, Sequence, ViewRow } from "./types.js";

/**
 * The parameters of a view. Keys are given as values: couchfetch encodes them.
 *
 * @see https://docs.couchdb.org/en/stable/api/ddoc/views.html
 */
export interface ViewParams<K = unknown> extends OperationOptions {
  key?: K;
  /** Only these keys, in this order. A list too long for a URL goes as POST. */
  keys?: readonly K[];
  startkey?: unknown;
  endkey?: unknown;
  /** Where to start among the rows of `startkey`. */
  startkey_docid?: string;
  /** Where to end among the rows of `endkey`. */
  endkey_docid?: string;
  /** Whether `endkey` itself is part of the result. Default true. */
  inclusive_end?: boolean;
  descending?: boolean;
  /** Rows, design documents among them. */
  limit?: number;
  skip?: number;
  include_docs?: boolean;
  conflicts?: boolean;
  attachments?: boolean;
  att_encoding_info?: boolean;
  update_seq?: boolean;
  reduce?: boolean;
  group?: boolean;
  group_level?: number;
  sorted?: boolean;
  stable?: boolean;
  update?: "true" | "false" | "lazy" | boolean;
}

/** Which documents to give. */
export interface DocsOptions extends Omit<ViewParams, "key" | "keys" | "include_docs"> {
  /** These, in this order. */
  ids?: readonly string[];
  /** Give an empty, unsaved document for each of `ids` that does not exist. Default false. */
  create?: boolean;
  /** Those whose id, or key, begins with this. Not with `ids` or `create`. */
  prefix?: string;
  /** Give design documents too. Those named in `ids` are given anyway. Default false. */
  includeDesignDocs?: boolean;
}

// Beyond this, servers and proxies begin to refuse a URL.
const longestQuery = 2000;

/**
 * A view of a database.
 *
 * @typeParam K - of its keys
 * @typeParam V - of its values
 * @typeParam T - of its documents
 */
export class View<K = unknown, V = unknown, T extends object = JsonObject> {
  readonly #scope: Scope;
  readonly #path: string;

  /** @internal */
  constructor(scope: Scope, path: string) {
    this.#scope = scope;
    this.#path = `${scope.path}/${path}`;
  }

  /**
   * The rows as they arrive.
   *
   * @throws NotFoundError if there is no such view
   */
  rows(params: ViewParams<K> = {}): Rows<ViewRow<K, V, T>> {
    return this.#map(params, (batch) => batch.rows as ViewRow<K, V, T>[]);
  }

  /** The keys of the rows as they arrive. */
  keys(params: ViewParams<K> = {}): Rows<K> {
    return this.#map(params, ({ rows }) => found<K, V>(rows).map((row) => row.key));
  }

  /** The values of the rows as they arrive. */
  values(params: ViewParams<K> = {}): Rows<V> {
    return this.#map(params, ({ rows }) => found<K, V>(rows).map((row) => row.value));
  }

  /** Key and value of each row as they arrive. */
  items(params: ViewParams<K> = {}): Rows<[key: K, value: V]> {
    return this.#map(params, ({ rows }) => found<K, V>(rows).map((row) => [row.key, row.value]));
  }

  /** The documents' ids as they arrive: all, or those with these keys or with this prefix. */
  ids(options: Omit<DocsOptions, "create" | "includeDesignDocs"> = {}): Rows<string> {
    return this.#map(this.#selection(options), ({ rows }) =>
      found(rows).flatMap(({ id }) => (id === undefined ? [] : [id])),
    );
  }

  /**
   * The documents as they arrive: all, the given ones, or those with this prefix. `ids: []` gives
   * nothing, and sends nothing.
   *
   * @throws NotFoundError, at its place among the documents, for one of `ids` that does not exist,
   * unless `create`
   * @throws TypeError for `prefix` together with `ids` or `create`
   */
  docs(options: DocsOptions = {}): Rows<Document<T>> {
    const { create = false, includeDesignDocs = options.ids !== undefined, ...rest } = options;
    if (rest.prefix !== undefined && create) {
      throw new TypeError("prefix cannot go with create: it names no document that could be made");
    }
    const params = { ...this.#selection(rest), include_docs: true };
    const choice = { create, includeDesignDocs };
    return this.#map(params, (batch) => documents<T>(this.#scope, batch, choice));
  }

  /** All rows in memory. */
  async get(params: ViewParams<K> = {}): Promise<ViewResponse<K, V, T>> {
    const batches: Batch[] = [];
    const rows = this.#map(params, (batch) => {
      batches.push(batch);
      return batch.rows;
    });
    return new ViewResponse(this.#scope, batches, await rows.summary);
  }

  /** The rows of these keys, in memory. */
  post(keys: readonly K[], params: Omit<ViewParams<K>, "keys"> = {}) {
    return this.get({ ...params, keys });
  }

  /** The range of keys that begin with `prefix`, in the order of this view. */
  protected prefixRange(prefix: string): Pick<ViewParams, "startkey" | "endkey" | "inclusive_end"> {
    // Views sort by Unicode collation, where this is the last of all strings.
    return { startkey: prefix, endkey: `${prefix}\uffff` };
  }

  #selection(options: Omit<DocsOptions, "create" | "includeDesignDocs">): ViewParams<K> {
    const { ids, prefix, ...params } = options;
    for (const name of ["key", "keys"]) {
      if (name in params) throw new TypeError(`${name} cannot go here: use ids`);
    }
    if (prefix === undefined) return ids ? { ...params, keys: ids as readonly K[] } : params;
    if (ids) throw new TypeError("prefix cannot go with ids");
    return { ...params, ...this.prefixRange(prefix) };
  }

  #map<R>(params: ViewParams<K>, map: (batch: Batch) => Iterable<R>): Rows<R> {
    const { signal, ...query } = params;
    if (query.keys?.length === 0) return new Rows(nothing);
    const call = this.#call(query, signal);
    const { transport } = this.#scope;
    return new Rows(async function* (owner) {
      const batches = transport.rows({ ...call, owner }, "rows");
      try {
        for (;;) {
          const step = await batches.next();
          if (step.done) return step.value;
          const rows: R[] = [];
          try {
            for (const row of map(step.value)) rows.push(row);
          } finally {
            // A row that throws does so in its place, after those before it.
            yield rows;
          }
        }
      } finally {
        await batches.return({});
      }
    });
  }

  #call({ keys, ...query }: ViewParams<K>, signal: AbortSignal | undefined): Call {
    const { transport } = this.#scope;
    const get = { method: "GET", path: this.#path, query: { ...query, keys }, signal } as const;
    if (keys === undefined || transport.url(get).length - transport.base.length < longestQuery) {
      return get;
    }
    const body = transport.json.stringify({ keys });
    return { ...get, method: "POST", query: { ...query }, body, reads: true };
  }
}

/** All documents of a database by id (`_all_docs`). */
export class AllDocsView<T extends object = JsonObject> extends View<
  string,
  { rev: string; deleted?: boolean },
  T
> {
  protected override prefixRange(prefix: string) {
    // Ids sort by their bytes, so that the end can be exact, whatever characters follow the prefix.
    const end = successor(prefix);
    if (end === undefined) return { startkey: prefix };
    return { startkey: prefix, endkey: end, inclusive_end: false };
  }
}

/** The rows of a view in memory, and what stood beside them. */
export class ViewResponse<K = unknown, V = unknown, T extends object = JsonObject> {
  readonly rows: ViewRow<K, V, T>[];
  readonly total_rows: number | undefined;
  readonly offset: number | null | undefined;
  readonly update_seq: Sequence | undefined;
  readonly #scope: Scope;
  readonly #batches: Batch[];

  /** @internal */
  constructor(scope: Scope, batches: Batch[], summary: RowsSummary) {
    this.#scope = scope;
    this.#batches = batches;
    this.rows = batches.flatMap((batch) => batch.rows as ViewRow<K, V, T>[]);
    this.total_rows = summary.total_rows;
    this.offset = summary.offset;
    this.update_seq = summary.update_seq;
  }

  keys(): K[] {
    return found<K, V>(this.rows).map((row) => row.key);
  }

  values(): V[] {
    return found<K, V>(this.rows).map((row) => row.value);
  }

  items(): [key: K, value: V][] {
    return found<K, V>(this.rows).map((row) => [row.key, row.value]);
  }

  /**
   * The documents, if the view was read with `include_docs`.
   *
   * @throws NotFoundError for a row without a document, unless `create`
   */
  docs(options: Pick<DocsOptions, "create" | "includeDesignDocs"> = {}): Document<T>[] {
    return this.#batches.flatMap((batch) => [...documents<T>(this.#scope, batch, options)]);
  }
}

/** The rows that are not errors. */
function found<K, V>(rows: unknown[]): ViewRow<K, V>[] {
  return (rows as ViewRow<K, V>[]).filter((row) => row.error === undefined);
}

function* documents<T extends object>(
  scope: Scope,
  { rows, text }: Batch,
  { create, includeDesignDocs }: Pick<DocsOptions, "create" | "includeDesignDocs">,
): Generator<Document<T>, void, void> {
  const { parse } = scope.transport.json;
  for (const [index, row] of (rows as ViewRow[]).entries()) {
    const id = row.doc?._id ?? row.id ?? String(row.key);
    if (row.doc) {
      if (id.startsWith("_design/") && !includeDesignDocs) continue;
      yield new Document(scope, id, row.doc, () => (parse(text) as ViewRow[])[index]?.doc ?? {});
    } else if (create) {
      yield new Document(scope, id, {});
    } else {
      throw new NotFoundError({
        method: "GET",
        url: scope.transport.url({ path: scope.path }),
        error: "not_found",
        reason: `the document ${JSON.stringify(id)} does not exist`,
      });
    }
  }
}

async function* nothing(): AsyncGenerator<never[], RowsSummary, void> {
  yield [];
  return {};
}

/** The least string that sorts, by code points, after all that begin with `prefix`. */
function successor(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    if (last === 0x10ffff) continue;
    // Surrogates are not characters of their own.
    const next = last === 0xd7ff ? 0xe000 : last + 1;
    return String.fromCodePoint(...points, next);
  }
  return undefined;
}
