import type { SureJson } from "./transport/call.js";
import type { JsonObject } from "./types.js";

/** Documents, or the bytes of a JSON text a line, as `export` writes them. */
export type DocumentSource<T extends object = JsonObject> =
  | Iterable<T>
  | AsyncIterable<T>
  | ReadableStream<T | Uint8Array>;

/** The documents of a source, one at a time, as they are asked for. */
export async function* documentsOf<T extends object>(
  source: DocumentSource<T>,
  json: SureJson,
): AsyncGenerator<T, void, void> {
  const decoder = new TextDecoder();
  let rest = "";
  const parse = (line: string) => (line.trim() === "" ? [] : [json.parse(line) as T]);
  for await (const item of itemsOf<T | Uint8Array>(source)) {
    if (!(item instanceof Uint8Array)) {
      yield item;
      continue;
    }
    const lines = (rest + decoder.decode(item, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield* parse(line);
  }
  yield* parse(rest + decoder.decode());
}

/** Not every browser can iterate a stream. */
async function* itemsOf<I>(
  source: Iterable<I> | AsyncIterable<I> | ReadableStream<I>,
): AsyncGenerator<I, void, void> {
  if (!(source instanceof ReadableStream)) {
    yield* source;
    return;
  }
  const reader = source.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // Whoever leaves early wants no more; at the end, this does nothing.
    await reader.cancel();
  }
}
