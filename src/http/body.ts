import { wastesMemory } from "../shared/runtime.js";
import type { Operation } from "../streams/operation.js";
import { watchdog } from "./watchdog.js";

/** Reads a body chunk by chunk. */
export interface BodyReader {
  read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}

// The most that Deno delivers at once.
const memorySize = 65_536;

/** Read a body into the same memory if that is faster. A chunk is then valid until the next read. */
export function readInPlace(body: ReadableStream<Uint8Array>): BodyReader {
  if (!wastesMemory) return body.getReader();
  let memory = new ArrayBuffer(memorySize);
  let reader: ReadableStreamBYOBReader;
  try {
    reader = body.getReader({ mode: "byob" });
  } catch {
    return body.getReader();
  }
  return {
    async read() {
      const step = await reader.read(new Uint8Array(memory));
      if (step.value) memory = step.value.buffer;
      return step;
    },
    cancel: () => reader.cancel(),
  };
}

/** The connection of a body. */
interface Connection {
  /** Milliseconds without a byte after which the connection is considered dead. */
  silenceTimeout: number;
  silent(): Error;
  cut(cause: unknown): Error;
  /** Aborts when the connection is closed. */
  signal: AbortSignal;
  close(): void;
}

/**
 * Iterate over the chunks of a body. Stopping early closes the connection. A generator would cost several
 * microtasks per chunk, and CouchDB sends a chunk per row.
 */
export function bytesOf(
  reader: BodyReader | null,
  operation: Operation,
  { silenceTimeout, silent, cut, signal, close }: Connection,
): AsyncIterableIterator<Uint8Array> {
  const end = { done: true, value: undefined } as const;
  let failure: Error | undefined;
  const watch = watchdog(silenceTimeout, () => {
    failure = silent();
    close();
  });
  // fetch may miss the abort: a signal composed of signals can be garbage-collected before it fires.
  const stop = () => {
    watch.end();
    void reader?.cancel().catch(() => {});
  };
  signal.addEventListener("abort", stop);
  // It may have aborted after the headers arrived.
  if (signal.aborted) stop();
  return {
    next: async () => {
      try {
        operation.throwIfAborted();
        watch.listen();
        const step = (await reader?.read()) ?? end;
        watch.rest();
        operation.throwIfAborted();
        if (failure) throw failure;
        if (!step.done && step.value) return { done: false, value: step.value };
        close();
        return end;
      } catch (cause) {
        close();
        operation.throwIfAborted();
        throw failure ?? cut(cause);
      }
    },
    return: async () => {
      close();
      return end;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
