import type { DocumentData, JsonObject } from "./types.js";

/**
 * A row of a view, of whichever kind. One of given `keys` that `_all_docs` has not has a `key` and an `error`.
 */
export interface ViewRow<K = unknown, V = unknown, T extends object = JsonObject> {
  id?: string | undefined;
  key: K;
  value: V;
  /** With `include_docs`: the document, or null if it was deleted. */
  doc?: DocumentData<T> | null | undefined;
  error?: string | undefined;
}

/** A row that a document has in a view. */
export interface EmittedRow<K = unknown, V = unknown, T extends object = JsonObject>
  extends ViewRow<K, V, T> {
  id: string;
  error?: undefined;
}

/** The same with `include_docs`. */
export interface DocRow<K = unknown, V = unknown, T extends object = JsonObject>
  extends EmittedRow<K, V, T> {
  /** Null if it was deleted. */
  doc: DocumentData<T> | null;
}

/** What a view has reduced the rows of a key to; or, with the key null, all rows. */
export interface ReducedRow<K = unknown, V = unknown> {
  key: K;
  value: V;
  id?: undefined;
  doc?: undefined;
  error?: undefined;
}

/** Asks for the documents, too, which reduced rows have not; nor have those of keys that do not exist. */
export interface WithDocs {
  include_docs: true;
  keys?: undefined;
}

/** Asks for the rows as they were emitted. */
export interface Unreduced {
  reduce: false;
  keys?: undefined;
}

/** Asks for a row for each key. */
export interface Grouped {
  group: true;
  group_level?: undefined;
}

/** Asks for one row. */
export interface Reduced {
  reduce: true;
  group?: false | undefined;
  group_level?: undefined;
}
