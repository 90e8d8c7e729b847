import type { DatabaseContext } from "../../documents/database-context.js";
import type { DocsOptions } from "../../queries/view-params.js";
import { checkObject } from "../../shared/arguments.js";
import type { Rows } from "../../streams/rows.js";
import { allLeaves } from "./all-leaves.js";
import { selectedDocuments } from "./selected-documents.js";

/**
 * Options for exporting documents: those of `docs`, but design documents and the content of attachments are
 * included.
 */
export interface ExportOptions extends Omit<DocsOptions, "conflicts" | "create"> {
  /**
   * Export a backup of the whole database: all leaf revisions of each document, including deleted ones, with
   * their histories. Not with options that select documents. Default false.
   */
  conflicts?: boolean | undefined;
}

/** Export documents as a stream of JSON, one document per line. */
export function exportDocuments(
  database: DatabaseContext,
  options: ExportOptions,
): ReadableStream<Uint8Array> {
  checkObject("options", options);
  // A schema would give other content to the same revisions.
  const context = { ...database, codec: undefined };
  const { conflicts, ...rest } = options;
  const all = { includeDesignDocs: true, attachments: true, ...rest };
  return jsonLines(conflicts ? allLeaves(context, rest) : selectedDocuments(context, all));
}

// CouchDB sends one or two documents at a time. To write each of them would take longer than to read it.
const pieceSize = 65_536;

// Milliseconds after which a smaller piece is written.
const longestWait = 50;

function jsonLines(documents: Rows<{ text: string }>): ReadableStream<Uint8Array> {
  const batches = documents.batches();
  const encoder = new TextEncoder();
  let next: ReturnType<typeof batches.next> | undefined;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        let piece = "";
        let isOver = false;
        let timer: ReturnType<typeof setTimeout> | undefined;
        const late = new Promise<undefined>((resolve) => {
          timer = setTimeout(() => resolve(undefined), longestWait);
        });
        try {
          while (piece.length < pieceSize) {
            next ??= batches.next();
            const step = await (piece ? Promise.race([next, late]) : next);
            isOver = step?.done === true;
            if (!step || step.done) break;
            next = undefined;
            for (const { text } of step.value) piece += `${text}\n`;
          }
        } finally {
          clearTimeout(timer);
          // Also if an error follows.
          if (piece) controller.enqueue(encoder.encode(piece));
        }
        if (isOver) controller.close();
      },
      cancel: async () => void (await batches.return?.()),
    },
    { highWaterMark: 0 },
  );
}
