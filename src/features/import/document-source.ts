import type { SureJson } from "../../http/request.js";
import type { JsonObject } from "../../shared/types.js";

/** Documents, or the bytes of a JSON text a line, as `export` writes them. */
export type DocumentSource<T extends object = JsonObject> =
  | Iterable<T>
  | AsyncIterable<T>
  | ReadableStream<T | Uint8Array>;

/** A source that is read. */
export interface Origin<I> {
  next(): Promise<IteratorResult<I, unknown>>;
  /** Lets go of it, also while it is waited for. */
  release(): void;
}

/** Not every browser can iterate a stream, and a generator would hear of a release when it has given more. */
export function originOf<I>(source: Iterable<I> | AsyncIterable<I> | ReadableStream<I>): Origin<I> {
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
    // What goes wrong then is not what the source was read for.
    release: () => void (async () => isOver || iterator.return?.())().catch(() => {}),
  };
}

/** The documents of a source, one at a time, as they are asked for. */
export async function* documentsOf<T extends object>(
  origin: Origin<T | Uint8Array>,
  json: SureJson,
): AsyncGenerator<T, void, void> {
  const decoder = new TextDecoder();
  // Of a line that is not whole yet: to search what came before again would take the square of its length.
  let pieces: string[] = [];
  const parse = (line: string) => (line.trim() === "" ? [] : [json.parse(line) as T]);
  for (;;) {
    const { done, value } = await origin.next();
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
