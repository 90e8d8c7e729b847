import { Document } from "../../documents/document.js";
import { documentPath } from "../../http/paths.js";
import type { SureJson } from "../../http/request.js";
import { hex } from "../../shared/hex.js";
import type { BulkRow } from "../../shared/types.js";

/** A document of an import, on its way. */
export interface Entry<T> {
  data: T;
  id: string;
  /** Its JSON. */
  body: string;
  /** Whether it was sent before, and the answer lost. */
  mayBeThere: boolean;
}

/** A document as it is sent; or, for one that could not be, the row that CouchDB would answer with. */
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
    return { data, id, body: Document.inside(given).draft().body, mayBeThere: false };
  }
  const body = json.stringify(data._id === undefined ? { ...data, _id: id } : data);
  return { data, id, body, mayBeThere: false };
}

/** @throws TypeError for what is no document */
export function dataOf<T extends object>(given: T | Document<T>): T {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new TypeError("A document to import is an object");
  }
  return given instanceof Document ? (given.data as T) : given;
}

/** An id as CouchDB's own, so that it can be known again if the answer is lost. */
function newId(): string {
  return hex(crypto.getRandomValues(new Uint8Array(16)));
}
