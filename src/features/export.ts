import { Database } from "../client/database.js";
import type { Document } from "../documents/document.js";
import { AllDocsView } from "../queries/view.js";
import type { DocsOptions } from "../queries/view-params.js";
import { checkObject } from "../shared/arguments.js";
import type { SureJson } from "../shared/sure-json.js";
import type { Rows } from "../streams/rows.js";

/**
 * Export documents as a stream of JSON, one document per line. `importDocs` reads it; its option
 * `new_edits: false` keeps the revisions. Documents are requested as you read the stream.
 *
 * ```ts
 * await fetch(url, { method: "PUT", body: exportDocs(animals), duplex: "half" });
 * ```
 *
 * @param options - those of `docs`, but design documents and the content of attachments are included, and no
 * schema validates the documents. `attachments: false` writes stubs, which a database without these
 * attachments refuses
 */
export function exportDocs<T extends object, S extends object>(
  db: Database<T, S>,
  options: DocsOptions = {},
): ReadableStream<Uint8Array> {
  const context = Database.contextOf(db);
  // A schema would give other content to the same revisions.
  const all = new AllDocsView<object>({ ...context, codec: undefined }, "_all_docs");
  checkObject("options", options);
  const documents = all.docs({ includeDesignDocs: true, attachments: true, ...options });
  return jsonLines(documents, context.client.json);
}

function jsonLines(documents: Rows<Document<object>>, json: SureJson): ReadableStream<Uint8Array> {
  const batches = documents.batches();
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await batches.next();
        if (done) return controller.close();
        try {
          const lines = value.map(({ data }) => `${json.stringify(data)}\n`);
          controller.enqueue(encoder.encode(lines.join("")));
        } catch (error) {
          // A stream that has failed is not canceled.
          await batches.return?.();
          throw error;
        }
      },
      cancel: async () => void (await batches.return?.()),
    },
    { highWaterMark: 0 },
  );
}
