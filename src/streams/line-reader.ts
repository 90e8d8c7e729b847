import type { Batch } from "../shared/batch.js";
import { copyMembers } from "../shared/copy-members.js";
import type { RowsSummary } from "../shared/types.js";

/**
 * Reads one JSON value a line, as a continuous feed sends them. Blank lines, the heartbeats, vanish.
 * A line without its end is never given: it was cut, and comes again. The line with the `last_seq` is
 * the last one, and no row.
 */
export class LineReader {
  readonly #parse: (text: string) => unknown;
  readonly #summary: RowsSummary;
  #pending = "";
  #ended = false;

  /** @param summary - takes what the last line says */
  constructor(parse: (text: string) => unknown, summary: RowsSummary) {
    this.#parse = parse;
    this.#summary = summary;
  }

  /** A proxy may keep the connection open after the last line. */
  readonly isLast = true;

  /** Whether the last line has come. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Adds the values of the lines that `text` completes to a batch. Throws what `parse` throws. */
  push(text: string, batch: Batch): void {
    let at = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", at)) {
      let line = text.slice(at, end);
      if (this.#pending !== "") line = this.#pending + line;
      this.#pending = "";
      at = end + 1;
      if (line.trim() === "") continue;
      const value = this.#parse(line);
      if (Object(value).last_seq !== undefined) {
        this.#ended = true;
        copyMembers(Object(value), this.#summary);
        return;
      }
      batch.rows.push(value);
      batch.texts.push(line);
    }
    this.#pending += text.slice(at);
  }
}
