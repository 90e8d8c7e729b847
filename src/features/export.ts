import type { Document } from "../documents/document.js";
import type { SureJson } from "../http/request.js";
import type { Rows } from "../streams/rows.js";

/** Documents as the bytes of a JSON text a line, read as they are asked for. */
export function jsonLines(
  documents: Rows<Document<object>>,
  json: SureJson,
): ReadableStream<Uint8Array> {
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
          // What is broken is not cancelled any more.
          await batches.return?.();
          throw error;
        }
      },
      cancel: async () => void (await batches.return?.()),
    },
    { highWaterMark: 0 },
  );
}
