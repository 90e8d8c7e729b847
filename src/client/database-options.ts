import type { Document } from "../documents/document.js";
import type { GetOptions } from "../documents/document-options.js";
import type { Data, OperationOptions } from "../shared/types.js";

/**
 * Options for reading a document into a Document.
 *
 * @see https://docs.couchdb.org/en/stable/api/document/common.html#get--db-docid
 */
export interface ReadOptions<T extends object> extends GetOptions {
  /** The content of an unsaved document, a copy, to return if the document does not exist. Ignored with `rev`. */
  default?: T | undefined;
  /** A Document that was read before. It is returned unchanged if the server still has its revision. */
  known?: Document<T> | undefined;
}

/** The content of a new document, and options. The content is required if `T` has required members. */
export type CreateArguments<T extends object> = object extends T
  ? [data?: Data<T>, options?: CreateOptions]
  : [data: T, options?: CreateOptions];

/**
 * Options for creating a document.
 *
 * @see https://docs.couchdb.org/en/stable/api/document/common.html#put--db-docid
 */
export interface CreateOptions extends OperationOptions {
  /** If the document exists, read it instead. Default false. */
  existsOk?: boolean | undefined;
}
