import { type Batch, readBatch } from "./batch.js";

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
    const lines = (this.#pending.join("") + text.slice(0, cut)).trim();
    this.#pending = [text.slice(cut + 1)];
    if (lines === "") return undefined;
    // A line break cannot stand inside a JSON value's strings, so that all can be parsed at once.
    return readBatch(`[${lines.replace(/\n\s*/g, ",")}]`, this.#parse);
  }
}
