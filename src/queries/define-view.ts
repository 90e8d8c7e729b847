/**
 * A view, as a design document defines it: functions as text, or the name of a built-in reduce.
 *
 * @see https://docs.couchdb.org/en/stable/ddocs/ddocs.html#view-functions
 */
export interface ViewDefinition {
  /** A function's text, which emits rows for a document. */
  map: string;
  /** `_sum`, `_count`, `_stats`, `_approx_count_distinct`, or a function. */
  reduce?: string | undefined;
}

/**
 * A view, declared in one place: where it is, of what types its keys and values are, and, where the application owns
 * the design document, its source.
 *
 * @typeParam K - of its keys
 * @typeParam V - of its values
 */
export interface DefinedView<K = unknown, V = unknown> {
  /** The design document's name, without `_design/`. */
  readonly ddoc: string;
  readonly name: string;
  /** What `deploy` writes. */
  readonly source: ViewDefinition | undefined;
  /**
   * Not there: it has the types, which nothing else needs.
   *
   * @internal
   */
  readonly types?: { key: K; value: V };
}

/**
 * Declares a view, for `db.view` and `db.deploy`. No request.
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
 * @param source - needed where it is to be deployed
 */
export function defineView<K = unknown, V = unknown>(
  ddoc: string,
  name: string,
  source?: ViewDefinition,
): DefinedView<K, V> {
  return { ddoc, name, source };
}
