import { Document } from "../../documents/document.js";
import { documentPath } from "../../http/paths.js";
import { hex } from "../../shared/bytes.js";
import type { SureJson } from "../../shared/sure-json.js";
import type { BulkRow } from "../../shared/types.js";

/** A document that is being imported. */
export interface Entry<T> {
  data: T;
  id: string;
  /** Its JSON. */
  body: string;
  /** Whether it was sent before, and the response lost. */
  mayBeThere: boolean;
}

/** A document as it is sent; if it cannot be, the row that CouchDB would respond with. */
export function entryOf<T extends object>(
  given: T | Document<T>,
  json: SureJson,
): Entry<T> | BulkRow {
  const data = dataOf(given) as T & { _id?: string };
  const { _id: id = newId() } = data;
  try {
    documentPath(id);
  } catch (error) {
    return { id, error: "illegal_docid", reason: (error as TypeError).message };
  }
  // Of a Document, what its save would write.
  if (given instanceof Document) {
    return { data, id, body: Document.stateOf(given).draft().body, mayBeThere: false };
  }
  const body = json.stringify(data._id === undefined ? { ...data, _id: id } : data);
  return { data, id, body, mayBeThere: false };
}

/** The data of a document to import. Throws a TypeError for anything else. */
export function dataOf<T extends object>(given: T | Document<T>): T {
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw new TypeError("a document to import must be an object");
  return given instanceof Document ? (given.data as T) : given;
}

/** An id like CouchDB's own: with it, a document is found again if the response is lost. */
function newId(): string {
  return hex(crypto.getRandomValues(new Uint8Array(16)));
}
