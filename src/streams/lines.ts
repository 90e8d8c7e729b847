import type { Batch } from "./batch.js";

/**
 * Reads one JSON value a line, as a continuous feed sends them. Blank lines, the heartbeats, vanish.
 * A line without its end is never given: it was cut, and comes again.
 */
export class LineReader {
  readonly #parse: (text: string) => unknown;
  #pending: string[] = [];

  constructor(parse: (text: string) => unknown) {
    this.#parse = parse;
  }

  /** The values of the lines that `text` completes. Throws what `parse` throws. */
  push(text: string): Batch | undefined {
    const cut = text.lastIndexOf("\n");
    if (cut === -1) {
      this.#pending.push(text);
      return undefined;
    }
    const [first, ...others] = text.slice(0, cut).split("\n");
    const lines = [this.#pending.join("") + first, ...others].filter((line) => line.trim() !== "");
    this.#pending = [text.slice(cut + 1)];
    if (lines.length === 0) return undefined;
    // One by one, unlike rows: to join lines costs more than it saves.
    const read = (line: string | undefined) => this.#parse(line as string);
    return { rows: lines.map(read), original: (index) => read(lines[index]) };
  }
}
