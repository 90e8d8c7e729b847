import type { Batch, Pull } from "../shared/batch.js";
import { otherTasks } from "../shared/long-task.js";
import type { OpenResponse } from "./request.js";

// Some runtimes deliver half a megabyte at once. Rows that are parsed together are in memory together.
const largestPiece = 65_536;

/** A parser that receives a text in pieces of any size. */
export interface TextReader {
  /** Whether the text is complete. */
  readonly ended: boolean;
  /** Whether the text is the last of the body, even if the connection stays open. */
  readonly isLast?: boolean;
  push(text: string, batch: Batch): void;
}

/** The source of a text, and the errors for what can go wrong with it. */
interface TextSource {
  open(): Promise<OpenResponse>;
  unfinished(response: Response): Error;
  unreadable(response: Response, text: string, cause: unknown): Error;
}

/** Read the rows of a body, in a batch for each chunk that arrives. */
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
      const batch: Batch = { rows: [], texts: [], chunk: text.length };
      try {
        reader.push(text, batch);
      } catch (cause) {
        failure = source.unreadable(response, text, cause);
      }
      // A body may be in memory already.
      await otherTasks(text.length);
      if (batch.rows.length > 0) return batch;
    }
  };
}
