import { sendsStreams } from "../shared/runtime.js";
import type { Operation } from "../streams/operation.js";

/** Called as bytes pass: how many so far, and of how many, where that is known. */
export type Progress = (bytes: number, total: number | undefined) => void;

/** What both directions need to know. */
export interface Transfer {
  operation: Operation;
  /** Milliseconds that the server may be silent, and the error that it is when it was. */
  patience: number;
  silent(): Error;
  total?: number | undefined;
  onProgress: Progress | undefined;
}

// What a slow line takes: bytes a millisecond.
const slowest = 16;

/** What is sent, and how to let go of where it came from, once the answer is here. */
interface PreparedBody {
  body: Blob | ReadableStream<Uint8Array>;
  end(): void;
}

/**
 * What goes out: whole, if it is at hand and nobody watches it go, and where no stream can be sent; else
 * as it comes.
 */
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
  const letGo = () => void reader.cancel(operation.reason).catch(() => {});
  const details = { ...transfer, total: whole?.size, onProgress: watched };
  const passed = relay(() => reader.read(), letGo, "taking", details);
  if (sendsStreams) return passed;
  const gathered = await operation.race(new Response(passed.body).blob());
  passed.end();
  return { body: gathered, end() {} };
}

/**
 * Chunks as a stream that is pulled, counted here since ky would keep a copy to count. The server is
 * watched while it is to give them, or to take them, but not while our own side takes its time.
 */
export function relay(
  next: () => Promise<{ done?: boolean | undefined; value?: unknown }>,
  letGo: () => void,
  server: "giving" | "taking",
  { operation, patience, silent, total, onProgress }: Transfer,
): { body: ReadableStream<Uint8Array>; end(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let bytes = 0;
  let ended = false;
  const rest = () => clearTimeout(timer);
  const watch = () => {
    rest();
    if (!ended) timer = setTimeout(() => operation.abort(silent()), patience);
  };
  const end = () => {
    ended = true;
    rest();
    letGo();
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
          throw new TypeError("An attachment's stream gives Uint8Arrays, and nothing else");
        }
        controller.enqueue(value);
        bytes += value.length;
        onProgress?.(bytes, total);
      }
    } catch (error) {
      // A fetch tells of a broken source as if the network had failed.
      operation.abort(error);
      throw error;
    }
    after();
  };
  return { body: new ReadableStream({ pull, cancel: end }, { highWaterMark: 0 }), end };
}

/** Milliseconds that a server may take to answer to so many bytes that nobody sees go out. */
export function uploadTimeout(bytes: number, patience: number): number {
  return Math.min(patience + bytes / slowest, 2 ** 31 - 1);
}
