import type { Flight } from "../streams/flight.js";
import { sendsStreams } from "./runtime.js";

/** Called as bytes pass: how many so far, and of how many, where that is known. */
export type Progress = (bytes: number, total: number | undefined) => void;

/** What both directions need to know. */
export interface Transfer {
  flight: Flight;
  /** Milliseconds that the server may be silent, and the error that it is when it was. */
  patience: number;
  silent(): Error;
  total?: number | undefined;
  onProgress: Progress | undefined;
}

// What a slow line takes: bytes a millisecond.
const slowest = 16;

/** What is sent, and how to let go of where it came from, once the answer is here. */
interface Outgoing {
  body: Blob | ReadableStream<Uint8Array>;
  end(): void;
}

/**
 * What goes out: whole, if it is at hand and nobody watches it go, and where no stream can be sent; else
 * as it comes.
 */
export async function outgoing(
  content: Response,
  isStream: boolean,
  { onProgress, ...transfer }: Transfer,
): Promise<Outgoing> {
  const { flight } = transfer;
  const whole = isStream ? undefined : await flight.race(content.blob());
  const watched = sendsStreams ? onProgress : undefined;
  if (whole && !watched) return { body: whole, end() {} };
  const stream = whole?.stream() ?? (content.body as ReadableStream<Uint8Array>);
  const passed = passOn(stream, { ...transfer, total: whole?.size, onProgress: watched });
  if (sendsStreams) return passed;
  const gathered = await flight.race(new Response(passed.body).blob());
  passed.end();
  return { body: gathered, end() {} };
}

/**
 * A stream, passed on: ky would keep a copy of it to count its bytes, and the time that the server
 * takes could not be told from that of the source.
 */
function passOn(
  source: ReadableStream<Uint8Array>,
  { flight, patience, silent, total, onProgress }: Transfer,
) {
  const reader = source.getReader();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let sent = 0;
  const rest = () => clearTimeout(timer);
  const watch = () => {
    rest();
    timer = setTimeout(() => flight.abort(silent()), patience);
  };
  const end = () => {
    rest();
    reader.cancel(flight.signal.reason).catch(() => {});
  };
  flight.signal.addEventListener("abort", end);
  watch();
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
    rest();
    try {
      const { done, value } = await reader.read();
      flight.throwIfEnded();
      if (done) {
        controller.close();
      } else {
        if (!(value instanceof Uint8Array)) {
          throw new TypeError("An attachment's stream gives Uint8Arrays, and nothing else");
        }
        controller.enqueue(value);
        sent += value.length;
        onProgress?.(sent, total);
      }
    } catch (error) {
      // A fetch tells of a broken source as if the network had failed.
      flight.abort(error);
      throw error;
    }
    watch();
  };
  return { body: new ReadableStream({ pull }, { highWaterMark: 0 }), end };
}

/** Milliseconds that a server may take to answer to so many bytes that nobody sees go out. */
export function patienceFor(bytes: number, patience: number): number {
  return Math.min(patience + bytes / slowest, 2 ** 31 - 1);
}

/** An answer's body for a reader to pull. Cancelling it closes the connection. */
export function incoming(
  bytes: AsyncGenerator<Uint8Array, void, void>,
  close: () => void,
  { flight, patience, silent, total, onProgress }: Transfer,
): ReadableStream<Uint8Array> {
  let received = 0;
  const land = () => {
    close();
    flight.land();
  };
  flight.signal.addEventListener("abort", land);
  return new ReadableStream(
    {
      async pull(controller) {
        const timer = setTimeout(() => flight.abort(silent()), patience);
        try {
          const { done, value } = await bytes.next();
          if (done) {
            land();
            controller.close();
          } else {
            controller.enqueue(value);
            received += value.length;
            onProgress?.(received, total);
          }
        } catch (error) {
          land();
          throw error;
        } finally {
          clearTimeout(timer);
        }
      },
      cancel: () => flight.abort(),
    },
    { highWaterMark: 0 },
  );
}
