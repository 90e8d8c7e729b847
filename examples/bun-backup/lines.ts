import type { FileHandle } from "node:fs/promises";

const newline = 10;

/** The last complete line of a file, and how many there are; what an interruption left of another is cut off. */
export async function lastLine(file: FileHandle): Promise<{ text: string; count: number }> {
  const buffer = new Uint8Array(65_536);
  let at = 0;
  let count = 0;
  let begin = 0;
  let end = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) break;
    for (let index = 0; index < bytesRead; index += 1) {
      if (buffer[index] !== newline) continue;
      [begin, end] = [end, at + index + 1];
      count += 1;
    }
    at += bytesRead;
  }
  if (end < at) await file.truncate(end).catch(() => {});
  const line = new Uint8Array(end - begin);
  await file.read(line, 0, line.length, begin);
  return { text: new TextDecoder().decode(line), count };
}

/** The lines of a file, so many at a time. */
export async function* lines(file: FileHandle, size: number): AsyncGenerator<string[], void, void> {
  let batch: string[] = [];
  for await (const line of file.readLines({ start: 0, autoClose: false })) {
    batch.push(line);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
