import type { SureJson } from "../../shared/sure-json.js";
import type { JsonObject } from "../../shared/types.js";

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

/** Iterate over the documents of a source. */
export async function* documentsOf<T extends object>(
  reader: SourceReader<T | Uint8Array>,
  json: SureJson,
): AsyncGenerator<T, void, void> {
  const decoder = new TextDecoder();
  // The pieces of an incomplete line: searching them again would take quadratic time.
  let pieces: string[] = [];
  const parse = (line: string) => (line.trim() === "" ? [] : [json.parse(line) as T]);
  for (;;) {
    const { done, value } = await reader.next();
    if (done) break;
    const item = value as T | Uint8Array;
    if (!(item instanceof Uint8Array)) {
      yield item;
      continue;
    }
    const [end = "", ...more] = decoder.decode(item, { stream: true }).split("\n");
    pieces.push(end);
    for (const next of more) {
      yield* parse(pieces.join(""));
      pieces = [next];
    }
  }
  yield* parse(pieces.join("") + decoder.decode());
}
