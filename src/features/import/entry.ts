import { Document } from "../../documents/document.js";
import { documentPath } from "../../http/paths.js";
import { hex } from "../../shared/bytes.js";
import { documentText } from "../../shared/json-equal.js";
import type { SureJson } from "../../shared/sure-json.js";
import type { BulkRow } from "../../shared/types.js";

/** A document to import. */
export interface Entry<T> {
  id: string;
  rev: unknown;
  /** The caller's own object; undefined for a line, whose objects would be in memory beside its JSON. */
  data: T | undefined;
  /** The JSON of the document. */
  body: string;
  /** Whether it was sent before, without a response. */
  mayBeThere: boolean;
}

/**
 * Convert a document to an entry or, if it cannot be sent, to the row that CouchDB would respond with.
 *
 * @param text - its JSON, which is sent as it is, with every digit
 * @throws TypeError if it is not a JSON object
 */
export function entryOf<T extends object>(
  given: T | Document<T>,
  json: SureJson,
  text?: string,
): Entry<T> | BulkRow {
  const data = dataOf(given) as T & { _id?: string; _rev?: unknown };
  const { _id: id = newId(), _rev: rev } = data;
  try {
    documentPath(id);
  } catch (error) {
    return { id, error: "illegal_docid", reason: (error as TypeError).message };
  }
  // The same JSON that the Document's `save` would write.
  if (given instanceof Document) {
    const state = Document.stateOf(given);
    try {
      return { id, rev, data, body: state.written(state.data).body, mayBeThere: false };
    } catch (error) {
      if (!state.context.codec?.isRejection(error)) throw error;
      return { id, error: "invalid", reason: error.message };
    }
  }
  const body =
    data._id === undefined
      ? documentText(json, { ...data, _id: id })
      : (text ?? documentText(json, data));
  return { id, rev, data: text === undefined ? data : undefined, body, mayBeThere: false };
}

/**
 * The data of a document to import.
 *
 * @throws TypeError if it is not an object
 */
export function dataOf<T extends object>(given: T | Document<T>): T {
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw new TypeError("a document to import must be an object");
  return given instanceof Document ? (given.data as T) : given;
}

/** Create an id like CouchDB's own. It identifies the document if the response is lost. */
function newId(): string {
  return hex(crypto.getRandomValues(new Uint8Array(16)));
}
