import type { Batch, Pull } from "../shared/batch.js";
import type { OpenResponse } from "./request.js";

// Some runtimes deliver half a megabyte at once: rows that are parsed together are in memory together.
const largestPiece = 65_536;

/** A parser that is given the pieces of a text, whatever their size. */
export interface TextReader {
  /** Whether the text is complete. */
  readonly ended: boolean;
  /** Whether nothing can follow the text, though the connection may stay open. */
  readonly isLast?: boolean;
  push(text: string, batch: Batch): void;
}

/** Where a text comes from, and the errors of what can go wrong with it. */
interface TextSource {
  open(): Promise<OpenResponse>;
  unfinished(response: Response): Error;
  unreadable(response: Response, text: string, cause: unknown): Error;
}

/** The rows of a body, in a batch for each piece that arrives. */
export function batchesOf(reader: TextReader, source: TextSource): Pull<Batch> {
  const decoder = new TextDecoder();
  let opened: OpenResponse | undefined;
  let chunk: Uint8Array = new Uint8Array();
  let at = 0;
  let failure: Error | undefined;
  return async () => {
    opened ??= await source.open();
    const { response } = opened;
    for (;;) {
      if (failure) throw failure;
      if (at >= chunk.length) {
        if (reader.isLast && reader.ended) {
          opened.close();
          return undefined;
        }
        const { done, value } = await opened.bytes.next();
        if (done && !reader.ended) throw source.unfinished(response);
        if (done) return undefined;
        chunk = value;
        at = 0;
      }
      const isSmall = chunk.length <= largestPiece;
      const piece = isSmall ? chunk : chunk.subarray(at, at + largestPiece);
      const text = decoder.decode(piece, { stream: true });
      at += largestPiece;
      const batch: Batch = { rows: [], texts: [] };
      try {
        reader.push(text, batch);
      } catch (cause) {
        failure = source.unreadable(response, text, cause);
      }
      if (batch.rows.length > 0) return batch;
    }
  };
}
