import { sendsStreams } from "../shared/runtime.js";
import type { Operation } from "../streams/operation.js";

/** Called as bytes are transferred: their number so far, and the total if it is known. */
export type Progress = (bytes: number, total: number | undefined) => void;

/** What an upload and a download have in common. */
export interface Transfer {
  operation: Operation;
  /** Milliseconds that the server may be silent, and the error when it was. */
  timeout: number;
  silent(): Error;
  total?: number | undefined;
  onProgress: Progress | undefined;
}

// A slow line: bytes a millisecond.
const slowest = 16;

/** A body to send; call `end` when the response has arrived. */
interface PreparedBody {
  body: Blob | ReadableStream<Uint8Array>;
  end(): void;
}

/** A body to send: whole if it is in memory and its progress is not observed, or if no stream can be sent. */
export async function prepareBody(
  content: Blob | Response,
  isStream: boolean,
  { onProgress, ...transfer }: Transfer,
): Promise<PreparedBody> {
  const { operation } = transfer;
  const whole =
    content instanceof Blob ? content : isStream ? undefined : await operation.race(content.blob());
  const watched = sendsStreams ? onProgress : undefined;
  if (whole && !watched) return { body: whole, end() {} };
  const stream = whole?.stream() ?? ((content as Response).body as ReadableStream<Uint8Array>);
  const reader = stream.getReader();
  const release = () => void reader.cancel(operation.reason).catch(() => {});
  const details = { ...transfer, total: whole?.size, onProgress: watched };
  const passed = relay(() => reader.read(), release, "taking", details);
  if (sendsStreams) return passed;
  const gathered = await operation.race(new Response(passed.body).blob());
  passed.end();
  return { body: gathered, end() {} };
}

/**
 * Chunks as a stream that is pulled and counted; ky would keep a copy to count. The server's silence is
 * limited while it is its turn, not while the caller takes time.
 */
export function relay(
  next: () => Promise<{ done?: boolean | undefined; value?: unknown }>,
  release: () => void,
  server: "giving" | "taking",
  { operation, timeout, silent, total, onProgress }: Transfer,
): { body: ReadableStream<Uint8Array>; end(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let bytes = 0;
  let ended = false;
  const rest = () => clearTimeout(timer);
  const watch = () => {
    rest();
    if (!ended) timer = setTimeout(() => operation.abort(silent()), timeout);
  };
  const end = () => {
    ended = true;
    rest();
    release();
  };
  const [before, after] = server === "giving" ? [watch, rest] : [rest, watch];
  operation.onEnd(end);
  after();
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
    before();
    try {
      const { done, value } = await next();
      operation.throwIfEnded();
      if (done) {
        controller.close();
        if (server === "giving") end();
      } else {
        if (!(value instanceof Uint8Array)) {
          throw new TypeError("a stream to send must contain Uint8Arrays only");
        }
        controller.enqueue(value);
        bytes += value.length;
        onProgress?.(bytes, total);
      }
    } catch (error) {
      // A fetch reports a broken source as if the network had failed.
      operation.abort(error);
      throw error;
    }
    after();
  };
  return { body: new ReadableStream({ pull, cancel: end }, { highWaterMark: 0 }), end };
}

/** Milliseconds that a server may take to respond to so many bytes whose sending cannot be observed. */
export function uploadTimeout(bytes: number, timeout: number): number {
  return Math.min(timeout + bytes / slowest, 2 ** 31 - 1);
}
