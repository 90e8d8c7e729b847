import type { Batch, Source } from "./batch.js";
import type { DocumentData, Json } from "./types.js";

/** The part of an operation that a codec needs. */
export interface Abortable {
  race<R>(work: PromiseLike<R>): Promise<R>;
  abort(reason: unknown): void;
}

/** The place of a row's documents: the row itself, its `doc`, or its `docs`. */
export type RowKind = "document" | "row" | "leaves";

/** Schema validation, as the core sees it; `standardSchema` implements it. */
export interface Codec {
  /** Whether rows with invalid documents may be skipped. */
  readonly skips: boolean;
  /** Whether a document needs no further validation when it is read. */
  isValid(data: DocumentData): boolean;
  /** Validate a document that was read. Resolves with the schema's output, rejects with a ValidationError. */
  validateRead<D extends DocumentData>(data: D, operation: Abortable): Promise<D>;
  /** Whether an error is a ValidationError. */
  isRejection(error: unknown): error is Error;
  /** Validate the JSON of documents to write. Rejects with a ValidationError. */
  validateWrite(bodies: readonly string[], operation: Abortable): Promise<void>;
  /** Validate one of several documents that were read. Resolves with undefined for a skipped one. */
  validateOne(data: DocumentData, operation: Abortable): Promise<DocumentData | undefined>;
  /**
   * Validate the documents of rows.
   *
   * @param skipped - makes the row that replaces a skipped one; default: none
   */
  validateRows(
    source: Source<Batch>,
    kind: RowKind,
    operation: Abortable,
    skipped?: (row: unknown) => unknown,
  ): Source<Batch>;
  /** The schema's output for `data` as JSON; undefined if the schema did not transform it. */
  madeOf(data: object): (() => unknown) | undefined;
  /**
   * The JSON to write: the document as it was read, with the changes made since. Throws a ValidationError if
   * that would lose fields that the schema stripped.
   */
  mergeBack(asRead: unknown, was: unknown, is: unknown): string;
  /** The same for a document that `validateRead` returned. `text` is the JSON that it was read from. */
  mergeInto(read: object, text: string, is: unknown): string;
}

/**
 * A schema for `couch.database`, created by `standardSchema` of `couchfetch/schema`.
 *
 * @typeParam T - the documents' own members after validation
 * @typeParam S - the documents' own members in the database
 */
export interface DocumentSchema<T extends object, S extends object = T> {
  /** Never present: carries the types. */
  readonly types?: { readonly output: T; readonly input: S } | undefined;
  /** @internal */
  readonly toCodec: (json: Json) => Codec;
}
