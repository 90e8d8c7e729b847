import type { Document } from "../../documents/document.js";
import type { SureJson } from "../../shared/sure-json.js";
import type { BulkRow, JsonObject } from "../../shared/types.js";
import { type Entry, entryOf } from "./entry.js";

const largestPiece = 65_536;

/** Documents, or the bytes of JSON with one document per line, as `exportDocs` writes them. */
export type DocumentSource<T extends object = JsonObject> =
  | Iterable<T>
  | AsyncIterable<T>
  | ReadableStream<T | Uint8Array>;

/** Reads a source. */
export interface SourceReader<I> {
  next(): Promise<IteratorResult<I, unknown>>;
  /** Stop reading, even while the next item is pending. */
  release(): void;
}

/**
 * Read any source. Some browsers cannot iterate over a stream, and a generator would notice a release only
 * after its next item.
 */
export function sourceReader<I>(
  source: Iterable<I> | AsyncIterable<I> | ReadableStream<I>,
): SourceReader<I> {
  if (source instanceof ReadableStream) {
    const reader = source.getReader();
    return {
      next: () => reader.read() as Promise<IteratorResult<I, undefined>>,
      release: () => void reader.cancel().catch(() => {}),
    };
  }
  const iterator =
    Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  let isOver = false;
  return {
    async next() {
      const step = await iterator.next();
      isOver = step.done ?? false;
      return step;
    },
    // An error of `return` must not fail the import.
    release: () => void (async () => isOver || iterator.return?.())().catch(() => {}),
  };
}

/**
 * Iterate over the documents of a source: entries or, if they cannot be sent, the rows that CouchDB would
 * respond with.
 *
 * @param skipsMalformed - whether a line or document that is not a JSON object is such a row, or throws
 */
export async function* entriesOf<T extends object>(
  reader: SourceReader<T | Document<T> | Uint8Array>,
  json: SureJson,
  skipsMalformed: boolean,
): AsyncGenerator<Entry<T> | BulkRow, void, void> {
  const decoder = new TextDecoder();
  // The pieces of an incomplete line: searching them again would take quadratic time.
  let pieces: string[] = [];
  let read = 0;
  let lines = 0;
  const toEntry = (get: () => T | Document<T>, line?: string): Entry<T> | BulkRow => {
    read += 1;
    let given: { _id?: string; id?: string } = {};
    try {
      given = get();
      return entryOf(given as T, json, line);
    } catch (cause) {
      const { message } = cause as Error;
      // The parser's message may quote the line.
      const reason =
        line !== undefined ? `line ${lines} must be a JSON object` : `document ${read}: ${message}`;
      if (skipsMalformed)
        return { id: given?._id ?? given?.id ?? "", error: "bad_request", reason };
      const remedy = '`onMalformed: "skip"` counts it as failed';
      throw new TypeError(`${reason} (${read - 1} were read before): ${remedy}`, { cause });
    }
  };
  const parse = (line: string) => {
    lines += 1;
    return line.trim() === "" ? [] : [toEntry(() => json.parse(line) as T, line)];
  };
  for (;;) {
    const { done, value } = await reader.next();
    if (done) break;
    const item = value as T | Uint8Array;
    if (!(item instanceof Uint8Array)) {
      yield toEntry(() => item);
      continue;
    }
    // A whole file at once would take too long.
    for (let at = 0; at < item.length; at += largestPiece) {
      const piece = item.subarray(at, at + largestPiece);
      const [end = "", ...more] = decoder.decode(piece, { stream: true }).split("\n");
      pieces.push(end);
      for (const next of more) {
        yield* parse(pieces.join(""));
        pieces = [next];
      }
    }
  }
  yield* parse(pieces.join("") + decoder.decode());
}
