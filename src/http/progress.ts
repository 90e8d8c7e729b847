import { sendsStreams } from "../shared/runtime.js";
import type { Operation } from "../streams/operation.js";
import { watchdog } from "./watchdog.js";

/** Called as bytes are transferred, with their number so far and the total, if it is known. */
export type Progress = (bytes: number, total: number | undefined) => void;

/** The context of an upload. */
interface Upload {
  operation: Operation;
  /** Milliseconds that the server may be silent, and the error for more. */
  timeout: number;
  silent(): Error;
  onProgress: Progress | undefined;
}

/** A body to send. Call `end` when the response has arrived. */
interface PreparedBody {
  body: Blob | ReadableStream<Uint8Array>;
  end(): void;
}

type Step = { done?: boolean | undefined; value?: unknown };

/** Convert chunks to a stream that is read on demand and counted. To count them, ky would keep a copy. */
export function toStream(
  next: () => Promise<Step>,
  how: {
    total: number | undefined;
    onProgress: Progress | undefined;
    /** Called with the number of all bytes. Throws if they are too few. */
    check?(bytes: number): void;
    /** Called at the end, with the error if any. */
    end(error?: unknown): void;
    cancel(): void;
  },
): ReadableStream<Uint8Array> {
  let bytes = 0;
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
    try {
      const { done, value } = await next();
      if (done) {
        how.check?.(bytes);
        controller.close();
        how.end();
        return;
      }
      if (!(value instanceof Uint8Array))
        throw new TypeError("a stream must have Uint8Arrays only");
      controller.enqueue(value);
      bytes += value.length;
      how.onProgress?.(bytes, how.total);
    } catch (error) {
      how.end(error);
      throw error;
    }
  };
  return new ReadableStream({ pull, cancel: how.cancel }, { highWaterMark: 0 });
}

/**
 * Prepare a body to send. It is not streamed if it is in memory and its progress is not observed, or if the
 * runtime cannot send streams.
 */
export async function prepareBody(
  content: Blob | Response,
  isStream: boolean,
  { operation, timeout, silent, onProgress }: Upload,
): Promise<PreparedBody> {
  const whole =
    content instanceof Blob ? content : isStream ? undefined : await operation.race(content.blob());
  const observed = sendsStreams ? onProgress : undefined;
  if (whole && !observed) return { body: whole, end() {} };
  const stream = whole?.stream() ?? ((content as Response).body as ReadableStream<Uint8Array>);
  const reader = stream.getReader();
  // The time limit applies while the server has a chunk to read, not while the caller makes the next one.
  const watch = watchdog(timeout, () => operation.abort(silent()));
  const end = () => {
    watch.end();
    reader.cancel(operation.reason).catch(() => {});
  };
  operation.onEnd(end);
  watch.listen();
  const next = async () => {
    watch.rest();
    const step = await reader.read();
    operation.throwIfAborted();
    watch.listen();
    return step;
  };
  const body = toStream(next, {
    total: whole?.size,
    onProgress: observed,
    // fetch reports a broken source as a network failure.
    end: (error) => error && operation.abort(error),
    cancel: end,
  });
  if (sendsStreams) return { body, end };
  const gathered = await operation.race(new Response(body).blob());
  end();
  return { body: gathered, end() {} };
}

// Bytes per millisecond on a slow line.
const slowest = 16;

/** Milliseconds that the server has to respond to an upload whose progress cannot be observed. */
export function uploadTimeout(bytes: number, timeout: number): number {
  return Math.min(timeout + bytes / slowest, 2 ** 31 - 1);
}
