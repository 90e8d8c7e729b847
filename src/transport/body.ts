/** What reads a body chunk by chunk. */
export interface BodyReader {
  read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}

// As much as most runtimes hand over at once.
const memorySize = 65_536;

/**
 * Reads a body of which each chunk is done with when the next is asked for: into the same memory, where
 * the runtime can do that. Deno takes as much anew for each chunk otherwise, and CouchDB sends a chunk
 * a row: a scan then takes twice the time.
 */
export function readInPlace(body: ReadableStream<Uint8Array>): BodyReader {
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
