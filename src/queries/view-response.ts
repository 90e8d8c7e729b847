import type { Document } from "../documents/document.js";
import type { ViewRow } from "../shared/row-types.js";
import type { JsonObject, RowsSummary, Sequence } from "../shared/types.js";
import type { DocsOptions } from "./view-params.js";
import { found, readDocs, type ViewContext } from "./view-rows.js";

/** The rows of a view in memory, and the other members of the response. */
export class ViewResponse<
  K = unknown,
  V = unknown,
  T extends object = JsonObject,
  R = ViewRow<K, V, T>,
> {
  /** The rows from CouchDB. A key that does not exist has a row with an `error`. */
  readonly rows: R[];
  /** Rows in the whole view. Undefined if it was reduced. */
  readonly total_rows: number | undefined;
  /** Rows before the first one returned. */
  readonly offset: number | null | undefined;
  /** With `update_seq`: the sequence that the rows reflect. */
  readonly update_seq: Sequence | undefined;
  readonly #context: ViewContext;
  /** The texts of rows, from a schema or `docs()`. Keeping all would double the memory. */
  readonly #texts: Map<unknown, string>;

  /** @internal */
  constructor(
    context: ViewContext,
    rows: unknown[],
    texts: Map<unknown, string>,
    summary: RowsSummary,
  ) {
    this.#context = context;
    this.rows = rows as R[];
    this.#texts = texts;
    this.total_rows = summary.total_rows;
    this.offset = summary.offset;
    this.update_seq = summary.update_seq;
  }

  /** The keys of the rows, without keys that do not exist or whose document was deleted. */
  keys(): K[] {
    return this.items().map(([key]) => key);
  }

  /** The values of the rows. */
  values(): V[] {
    return this.items().map(([, value]) => value);
  }

  /** The key and value of each row. */
  items(): [key: K, value: V][] {
    return Array.from(found<K, V>(this.#context, this.rows), ({ key, value }) => [key, value]);
  }

  /**
   * The documents, if the view was read with `include_docs`. Change these and not `rows`: a change to a row
   * before the first call counts as read, and `save` does not send it.
   *
   * @throws NotFoundError for a key that does not exist, unless `create`
   * @throws TypeError if the view was not read with `include_docs`
   */
  docs(options: Pick<DocsOptions<string, T>, "create" | "includeDesignDocs"> = {}): Document<T>[] {
    const texts = this.rows.map((row) => {
      const { doc, error } = row as ViewRow;
      if (doc === undefined && error === undefined)
        throw new TypeError("docs() needs `include_docs: true`");
      const text = this.#texts.get(row) ?? this.#context.client.json.stringify(row);
      this.#texts.set(row, text);
      return text;
    });
    const docs: Document<T>[] = [];
    readDocs(this.#context, { rows: this.rows, texts }, options, docs);
    return docs;
  }
}
