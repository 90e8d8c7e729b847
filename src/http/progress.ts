/** Called as bytes are transferred, with their number so far and the total, if it is known. */
export type Progress = (bytes: number, total: number | undefined) => void;

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
      if (!(value instanceof Uint8Array)) throw new TypeError("a stream must have Uint8Arrays");
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

// Bytes per millisecond on a slow line.
const slowest = 16;

/** Milliseconds that the server may take for an upload whose progress cannot be observed. */
export function uploadTime(bytes: number): number {
  return Math.round(bytes / slowest);
}
