import type { NetworkError } from "../shared/errors.js";
import { wastesMemory } from "../shared/runtime.js";
import { end } from "../streams/async-iterator.js";
import type { Operation } from "../streams/operation.js";
import { type Attempt, networkError, silenceError } from "./failure.js";
import { watchdog } from "./watchdog.js";

/** A chunk of a body, or its end. */
interface Step {
  done: boolean;
  value?: Uint8Array | undefined;
}

/** Reads a body chunk by chunk. */
export interface BodyReader {
  read(): Promise<Step>;
  cancel(): Promise<void>;
}

// Some runtimes take noticeably longer to read a body by smaller chunks.
const smallSize = 16_384;

// With a chunk that is arriving and one that the consumer has, these are 256 KiB.
const mostQueued = 131_072;

/**
 * Read a body ahead of its consumer, from the first read on. If the server is faster than the consumer, fetch in Node 20
 * copies everything that has arrived for each chunk. Small chunks are joined; to join large ones takes longer.
 */
export function readAhead(body: ReadableStream<Uint8Array>): BodyReader {
  const reader: BodyReader = body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  /** The read under way, or the last one; undefined while nothing is read. */
  let reading: Promise<Step> | undefined;
  const fill = () => {
    reading = size > mostQueued ? undefined : reader.read();
    reading?.then(
      ({ value }) => {
        if (!value) return;
        chunks.push(value);
        size += value.length;
        fill();
      },
      // Thrown after the chunks before it.
      () => {},
    );
  };
  return {
    async read() {
      // One chunk at a time, fetch would copy as much as without a queue.
      if (size === 0 && !reading) fill();
      while (size === 0) {
        const step = (await reading) as Step;
        if (step.done) return step;
      }
      let value = chunks[0] as Uint8Array;
      if (value.length > smallSize) chunks.shift();
      else {
        value = new Uint8Array(size);
        size = 0;
        for (const chunk of chunks.splice(0)) {
          value.set(chunk, size);
          size += chunk.length;
        }
      }
      size -= value.length;
      return { done: false, value };
    },
    cancel: () => reader.cancel(),
  };
}

// The most that Deno delivers at once.
const memorySize = 65_536;

/** Read a body into the same memory if that is faster. A chunk is then valid until the next read. */
export function readInPlace(body: ReadableStream<Uint8Array>): BodyReader {
  if (!wastesMemory) return readAhead(body);
  let memory = new ArrayBuffer(memorySize);
  let reader: ReadableStreamBYOBReader;
  try {
    reader = body.getReader({ mode: "byob" });
  } catch {
    return readAhead(body);
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

/**
 * Iterate over the chunks of a body. Stopping early closes the connection. A generator would cost several
 * microtasks per chunk, and CouchDB sends a chunk per row.
 *
 * @param connection - the part of the operation that is aborted to close the connection
 * @param silenceTimeout - milliseconds without a byte after which the connection is considered dead
 * @param toError - the error to reject with
 */
export function bytesOf(
  reader: BodyReader | null,
  operation: Operation,
  connection: Operation,
  silenceTimeout: number,
  attempt: Attempt,
  toError: (error: NetworkError) => Error,
): AsyncIterableIterator<Uint8Array> {
  let failure: Error | undefined;
  const watch = watchdog(silenceTimeout, () => {
    failure = toError(silenceError(attempt, silenceTimeout));
    connection.abort(failure);
  });
  // fetch may miss the abort: a signal composed of signals can be garbage-collected before it fires.
  const stop = () => {
    watch.end();
    void reader?.cancel().catch(() => {});
  };
  connection.onEnd(stop);
  // It may have aborted after the headers arrived.
  if (connection.wasAborted) stop();
  return {
    next: async () => {
      try {
        operation.throwReason();
        watch.listen();
        const step = (await reader?.read()) ?? end;
        watch.rest();
        operation.throwReason();
        if (failure) throw failure;
        if (!step.done) return step as IteratorResult<Uint8Array>;
        watch.end();
        connection.end();
        return end;
      } catch (cause) {
        connection.abort(cause);
        operation.throwReason();
        throw failure ?? toError(networkError(attempt, cause));
      }
    },
    return: async () => {
      connection.abort(end);
      return end;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** Whether a body will arrive in one piece or few. */
export function isSmall({ headers }: Response): boolean {
  return Number(headers.get("content-length") ?? Infinity) <= smallSize;
}

/**
 * Read a body to its end, as text.
 *
 * @param limit - milliseconds, because a body without an end is never silent
 */
export async function textOf(
  bytes: AsyncIterable<Uint8Array>,
  limit: number,
  attempt: Attempt,
): Promise<string> {
  const until = Date.now() + limit;
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) {
    if (Date.now() > until) throw silenceError(attempt, limit);
    chunks.push(chunk);
  }
  return new Blob(chunks as BlobPart[]).text();
}
