import { open } from "node:fs/promises";

const newline = 10;

/** The lines of a file that are complete, as they are read, and where each ends. */
export async function* lines(path: string): AsyncGenerator<{ text: string; end: number }> {
  const file = await open(path, "r");
  try {
    const decoder = new TextDecoder();
    // Pieces of a line that has not come to its end.
    let pieces: Uint8Array[] = [];
    let end = 0;
    for (;;) {
      const { bytesRead, buffer } = await file.read(new Uint8Array(65_536), 0, 65_536);
      if (bytesRead === 0) return;
      let from = 0;
      // By bytes: a text may hold what other readers take for the end of a line, such as U+2028.
      for (let at = buffer.indexOf(newline); at !== -1; at = buffer.indexOf(newline, from)) {
        if (at >= bytesRead) break;
        pieces.push(buffer.subarray(from, at));
        const bytes = Buffer.concat(pieces);
        end += bytes.length + 1;
        yield { text: decoder.decode(bytes), end };
        pieces = [];
        from = at + 1;
      }
      pieces.push(buffer.subarray(from, bytesRead));
    }
  } finally {
    await file.close();
  }
}
