import { type ExportOptions, exportDocuments } from "./features/export/export-docs.js";
import type { DocumentSource } from "./features/import/document-source.js";
import { importDocuments } from "./features/import/import-docs.js";
import type { ImportOptions, ImportTotals } from "./features/import/options.js";
import { Database, type Document } from "./index.js";
import type { Fixed } from "./shared/fixed.js";
import type { JsonObject } from "./shared/types.js";

export type { ExportOptions } from "./features/export/export-docs.js";
export type { DocumentSource } from "./features/import/document-source.js";
export type { ImportOptions, ImportTotals, MergeTwo } from "./features/import/options.js";

/**
 * Export documents as a stream of JSON, one document per line. `importDocs` reads it; its option
 * `new_edits: false` keeps the revisions. Documents are requested as you read the stream, and written as CouchDB
 * sends them, with every digit.
 *
 * Except in browsers, two requests read from the first and from the last document until they meet, which is
 * faster than one. Pass `descending: false` for the order of the ids.
 *
 * ```ts
 * await fetch(url, { method: "PUT", body: exportDocs(animals, { conflicts: true }), duplex: "half" });
 * ```
 *
 * @param options - `attachments: false` writes stubs, which a database without these attachments refuses. No
 * schema validates the documents
 * @throws TypeError if `conflicts` is combined with options that select documents
 * @see https://docs.couchdb.org/en/stable/api/database/bulk-api.html
 */
export function exportDocs<T extends object, S extends object>(
  db: Database<T, S>,
  options: ExportOptions = {},
): ReadableStream<Uint8Array> {
  return exportDocuments(Database.contextOf(db), options);
}

/**
 * Import documents in concurrent batches. Memory use is constant, and the import survives lost connections
 * and restarts of the server. Each document is written once, and counted once.
 *
 * ```ts
 * const { written, failures } = await importDocs(animals, response.body); // one JSON text per line
 * ```
 *
 * @param source - plain objects, Documents, or the bytes of one JSON text per line. Documents without `_id`
 * get one
 * @throws CouchDBError if the server ends the import. It also rejects with what the source, `onConflict` or
 * `onProgress` throws. `onProgress` has reported what was written before that
 * @throws TypeError for a line or document that is not a JSON object, with its number and id, unless
 * `onMalformed: "skip"`
 * @see https://docs.couchdb.org/en/stable/api/database/bulk-api.html#post--db-_bulk_docs
 */
export function importDocs<T extends object = JsonObject, S extends object = T>(
  db: Database<T, S>,
  source: DocumentSource<T | S | Document<T>>,
  options: ImportOptions<Fixed<T>> = {},
): Promise<ImportTotals> {
  return importDocuments<T>(Database.contextOf(db), source as DocumentSource<T>, options);
}
