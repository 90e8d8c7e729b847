import type { Batch } from "../shared/batch.js";
import type { RowsSummary } from "../shared/types.js";
import { Brackets } from "./brackets.js";
import { malformed } from "./malformed.js";
import { RowReader } from "./row-reader.js";

// The bracket depth within the list of results.
const listDepth = 2;

/** Marks the end of a result among the rows. */
export class EndOfResult {
  /** The members of the result other than its rows. */
  readonly summary: RowsSummary;

  constructor(summary: RowsSummary) {
    this.summary = summary;
  }
}

/**
 * Parse the rows of `{"results":[{…, "rows": […]}, …]}`, result by result, while the text arrives in pieces
 * of any size.
 */
export class MultiResultReader {
  readonly #parse: (text: string) => unknown;
  readonly #brackets = new Brackets();
  #result: { reader: RowReader; summary: RowsSummary } | undefined;
  #begun = false;
  #hasList = false;
  #ended = false;

  constructor(parse: (text: string) => unknown) {
    this.#parse = parse;
  }

  /** Whether the text is complete. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Add the rows that `text` completes to a batch, and an `EndOfResult` after each result. */
  push(text: string, batch: Batch): void {
    if (!this.#begun && !/^\s*(\{|$)/.test(text)) {
      malformed();
    }
    this.#begun ||= text.trim() !== "";
    let from = 0;
    for (let at = -1; ; ) {
      at = this.#brackets.next(text, at + 1);
      if (at === -1) break;
      const { depth } = this.#brackets;
      if (this.#result && depth === listDepth) {
        this.#result.reader.push(text.slice(from, at + 1), batch);
        batch.rows.push(new EndOfResult(this.#result.summary));
        batch.texts.push("");
        this.#result = undefined;
      } else if (!this.#result && depth > listDepth) {
        const summary: RowsSummary = {};
        this.#result = { reader: new RowReader("rows", this.#parse, summary), summary };
        from = at;
      } else if (depth === 0) {
        if (!this.#hasList) malformed();
        this.#ended = true;
      } else if (depth === listDepth && text[at] === "[") this.#hasList = true;
    }
    this.#result?.reader.push(text.slice(from), batch);
  }
}
