import type { DocumentData, JsonObject } from "./types.js";

/**
 * A row of a view, of any kind. `_all_docs` has a row with a `key` and an `error` for each of `keys` that
 * does not exist.
 */
export interface ViewRow<K = unknown, V = unknown, T extends object = JsonObject> {
  id?: string | undefined;
  key: K;
  value: V;
  /** With `include_docs`: the document, or null if it was deleted. */
  doc?: DocumentData<T> | null | undefined;
  error?: string | undefined;
}

/** A row that a view emitted for a document. */
export interface EmittedRow<K = unknown, V = unknown, T extends object = JsonObject>
  extends ViewRow<K, V, T> {
  id: string;
  error?: undefined;
}

/** A row of a view with `include_docs`. */
export interface DocRow<K = unknown, V = unknown, T extends object = JsonObject>
  extends EmittedRow<K, V, T> {
  /** Null if the document was deleted. */
  doc: DocumentData<T> | null;
}

/** A reduced row: the value of one key, or of all rows if the key is null. */
export interface ReducedRow<K = unknown, V = unknown> {
  key: K;
  value: V;
  id?: undefined;
  doc?: undefined;
  error?: undefined;
}

/** Parameters that include the documents. Reduced rows and keys that do not exist have no document. */
export interface WithDocs {
  include_docs: true;
  keys?: undefined;
}

/** Parameters that return the rows as they were emitted. */
export interface Unreduced {
  reduce: false;
  keys?: undefined;
}

/** Parameters that return one row for each key. */
export interface Grouped {
  group: true;
  group_level?: undefined;
}

/** Parameters that return one row. */
export interface Reduced {
  reduce: true;
  group?: false | undefined;
  group_level?: undefined;
}
