import { wastesMemory } from "../shared/runtime.js";
import type { Operation } from "../streams/operation.js";
import { watchdog } from "./watchdog.js";

/** What reads a body chunk by chunk. */
export interface BodyReader {
  read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}

// As much as Deno hands over at once.
const memorySize = 65_536;

/** Reads a body of which each chunk is done with when the next is asked for: into the same memory, where that helps. */
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

/** The connection that a body comes by, and what becomes of it. */
interface Connection {
  /** Milliseconds without a byte after which nobody is there. */
  silenceTimeout: number;
  silent(): Error;
  cut(cause: unknown): Error;
  /** Aborts when it is closed. */
  signal: AbortSignal;
  close(): void;
}

/**
 * The bytes of a body. Leaving them early closes the connection. Written by hand, for a generator costs
 * several turns of the microtask queue a chunk, and CouchDB sends a chunk a row.
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
  // Not left to fetch: a signal made of signals can be collected before it passes an abort on.
  const stop = () => {
    watch.end();
    void reader?.cancel().catch(() => {});
  };
  signal.addEventListener("abort", stop);
  // Since the headers came, it may have aborted.
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
