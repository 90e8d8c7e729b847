import type { Batch, Source } from "./batch.js";
import type { DocumentData, Json } from "./types.js";

/** The part of an operation that a codec needs. */
export interface Abortable {
  race<R>(work: PromiseLike<R>): Promise<R>;
  abort(reason: unknown): void;
}

/** Where a row has its documents: it is one, has one as `doc`, or has several as `docs`. */
export type RowKind = "document" | "row" | "leaves";

/** Schema validation, as the core knows it. `standardSchema` brings the code. */
export interface Codec {
  /** Whether documents may be left out of many. */
  readonly skips: boolean;
  /** Whether a document needs no other validation when it is read. */
  isValid(data: DocumentData): boolean;
  /** A document that was read, as the schema makes it. Rejects with a ValidationError. */
  validateRead<D extends DocumentData>(data: D, operation: Abortable): Promise<D>;
  /** Check the JSON of documents that are to be written. Rejects with a ValidationError. */
  validateWrite(bodies: readonly string[], operation: Abortable): Promise<void>;
  /**
   * Rows with their documents as the schema makes them.
   *
   * @param skipped - makes a row of one that is left out; default, none
   */
  validateRows(
    source: Source<Batch>,
    kind: RowKind,
    operation: Abortable,
    skipped?: (row: unknown) => unknown,
  ): Source<Batch>;
  /** What the schema made of `data`, as JSON; undefined if it is as it was read. */
  madeOf(data: object): (() => unknown) | undefined;
  /** The JSON to write: the document as it was read, with what has changed since. */
  mergeBack(asRead: unknown, was: unknown, is: unknown): string;
}

/**
 * A schema for `couch.database`, made by `standardSchema`.
 *
 * @typeParam T - the documents' own members, as the schema makes them
 * @typeParam S - the same as they are in the database
 */
export interface DocumentSchema<T extends object, S extends object = T> {
  /** Never present: it carries the types. */
  readonly types?: { readonly output: T; readonly input: S } | undefined;
  /** @internal */
  readonly toCodec: (json: Json) => Codec;
}
