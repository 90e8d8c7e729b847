import type { Batch } from "../shared/batch.js";
import { copyMembers } from "../shared/copy-members.js";
import type { RowsSummary } from "../shared/types.js";

/**
 * Parse one JSON value per line, as a continuous feed sends them. Blank lines, which are heartbeats, are
 * ignored. A line that is cut off is dropped, as the feed sends it again. The line with `last_seq` is the
 * last one, and not a row.
 */
export class LineReader {
  readonly #parse: (text: string) => unknown;
  readonly #summary: RowsSummary;
  #pending = "";
  #ended = false;

  /** @param summary - receives the members of the last line */
  constructor(parse: (text: string) => unknown, summary: RowsSummary) {
    this.#parse = parse;
    this.#summary = summary;
  }

  /** A proxy may keep the connection open after the last line. */
  readonly isLast = true;

  /** Whether the last line has arrived. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Add the values of the lines that `text` completes to a batch. Throws what `parse` throws. */
  push(text: string, batch: Batch): void {
    let at = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", at)) {
      const line = this.#pending + text.slice(at, end);
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
