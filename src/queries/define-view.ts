/**
 * A view in a design document: JavaScript functions as text, or the name of a built-in reduce.
 *
 * @see https://docs.couchdb.org/en/stable/ddocs/ddocs.html#view-functions
 */
export interface ViewDefinition {
  /** The text of a function that emits rows for a document. */
  map: string;
  /** `_sum`, `_count`, `_stats`, `_approx_count_distinct`, or the text of a function. */
  reduce?: string | undefined;
}

/**
 * A view, declared once: its name, the types of its keys and values and, if the application deploys it, its
 * source.
 *
 * @typeParam K - the type of the keys
 * @typeParam V - the type of the values
 */
export interface DefinedView<K = unknown, V = unknown> {
  /** The design document's name, without `_design/`. */
  readonly ddoc: string;
  readonly name: string;
  /** The definition that `deploy` writes. */
  readonly source: ViewDefinition | undefined;
  /**
   * Never present: carries the types.
   *
   * @internal
   */
  readonly types?: { key: K; value: V };
}

/**
 * Declare a view for `db.view` and `deploy`. Sends no request.
 *
 * ```ts
 * const byType = defineView<string, number>("zoo", "by_type", {
 *   map: "function (doc) { emit(doc.type, 1); }",
 *   reduce: "_sum",
 * });
 * for await (const type of animals.view(byType).keys({ reduce: false })) console.log(type);
 * ```
 *
 * @param ddoc - the design document's name, without `_design/`
 * @param source - required by `deploy`
 */
export function defineView<K = unknown, V = unknown>(
  ddoc: string,
  name: string,
  source?: ViewDefinition,
): DefinedView<K, V> {
  return { ddoc, name, source };
}
