import type { Batch } from "../shared/batch.js";
import { copyMembers } from "../shared/copy-members.js";
import type { RowsSummary } from "../shared/types.js";
import { Brackets } from "./brackets.js";
import { malformed } from "./malformed.js";

// The bracket depth between two rows.
const rowDepth = 2;

// After this many lines that are not rows, stop parsing line by line.
const mostMisses = 3;

/**
 * Parse the rows of `{…, "rows": [row, row], …}` while the text arrives in pieces of any size, and the other
 * members at its end.
 *
 * JSON alone decides where a row ends. CouchDB writes one row per line, so a line that parses is a row. If a
 * line does not parse or is incomplete, the reader counts brackets.
 */
export class RowReader {
  readonly #summary: RowsSummary;
  readonly #member: string;
  readonly #parse: (text: string) => unknown;
  readonly #isRowsMember: RegExp;
  readonly #brackets = new Brackets();

  #part: "head" | "rows" | "tail" | "end" = "head";
  /** The text around the rows: `{"total_rows":3,"rows":[` and `]}`. */
  #frame = "";
  /** The last token: a row, the comma after it, or neither yet. */
  #last: "nothing" | "row" | "comma" = "nothing";
  /** The beginning of an incomplete row. Appending is cheap as long as the text is not read. */
  #pending = "";
  #misses = 0;

  /** @param summary - receives the members before the rows once these begin, and all others at the end */
  constructor(member: string, parse: (text: string) => unknown, summary: RowsSummary) {
    this.#summary = summary;
    this.#member = member;
    this.#parse = parse;
    this.#isRowsMember = new RegExp(`[{,]\\s*"${member}"\\s*:\\s*$`);
  }

  /**
   * Add the rows that `text` completes to a batch. If the text is not JSON, it throws a SyntaxError or what
   * `parse` throws, after adding the rows before that.
   */
  push(text: string, batch: Batch): void {
    if (this.#part === "rows") this.#rows(text, batch);
    else if (this.#part === "head") this.#head(text, batch);
    else this.#tail(text);
  }

  /** Whether the text is complete. */
  get ended(): boolean {
    return this.#part === "end";
  }

  #head(text: string, batch: Batch): void {
    if (this.#brackets.depth === 0 && /^\s*[^{\s]/.test(text)) {
      malformed();
    }
    for (let at = -1; ; ) {
      at = this.#brackets.next(text, at + 1);
      if (at === -1) break;
      const { depth } = this.#brackets;
      if (depth === rowDepth && text[at] === "[") {
        const before = this.#frame + text.slice(0, at);
        if (this.#isRowsMember.test(before)) {
          this.#frame = `${before}[`;
          this.#part = "rows";
          this.#summarize("]}");
          this.#rows(text.slice(at + 1), batch);
          return;
        }
      }
      if (depth === 0) malformed();
    }
    this.#frame += text;
  }

  #rows(text: string, batch: Batch): void {
    const lastBreak = text.lastIndexOf("\n");
    for (let at = 0; at < text.length && this.#part === "rows"; ) {
      // Within a row, a line may begin and end anywhere.
      const isBetween = this.#pending === "";
      if (isBetween && this.#misses < mostMisses) at = this.#lines(text, at, lastBreak, batch);
      if (at < text.length) at = this.#count(text, at, batch);
    }
  }

  /** Read lines that end with a comma as rows while they parse. Returns the position after them. */
  #lines(text: string, from: number, lastBreak: number, batch: Batch): number {
    let at = from;
    if (this.#last === "row") {
      if (text[at] !== ",") return at;
      this.#last = "comma";
      at += 1;
    }
    while (at <= lastBreak) {
      const lineBreak = text.indexOf("\n", at);
      const end = text[lineBreak - 1] === "\r" ? lineBreak - 1 : lineBreak;
      if (end > at) {
        if (text[end - 1] !== ",") return at;
        if (!this.#line(text.slice(at, end - 1), batch)) {
          this.#misses += 1;
          return at;
        }
        this.#last = "comma";
      }
      at = lineBreak + 1;
    }
    // CouchDB sends the comma and the line break later, with the next row.
    if (at !== lastBreak + 1 || !text.endsWith("}") || !this.#line(text.slice(at), batch))
      return at;
    this.#last = "row";
    return text.length;
  }

  /** Add a line as a row if it parses. */
  #line(line: string, { rows, texts }: Batch): boolean {
    try {
      rows.push(this.#parse(line));
      texts.push(line);
      return true;
    } catch {
      return false;
    }
  }

  /** Count brackets to the end of a row, of all rows or of the text. Returns the position after it. */
  #count(text: string, from: number, batch: Batch): number {
    let begin = from;
    for (let at = from - 1; ; ) {
      at = this.#brackets.next(text, at + 1, rowDepth);
      if (at === -1) break;
      const { depth } = this.#brackets;
      if (text[at] === ",") {
        this.#take(text.slice(begin, at), batch);
        if (this.#last !== "row") malformed();
        this.#last = "comma";
        begin = at + 1;
      } else if (depth === rowDepth) {
        this.#take(text.slice(begin, at + 1), batch);
        return at + 1;
      } else if (depth < rowDepth) {
        this.#take(text.slice(begin, at), batch);
        if (this.#last === "comma") malformed();
        this.#part = "tail";
        // A wrong bracket also gets here: the parser rejects it in the frame.
        this.#frame += text[at];
        this.#tail(text.slice(at + 1));
        return text.length;
      }
    }
    const rest = text.slice(begin);
    if (this.#pending !== "" || !areBlanks(rest)) this.#pending += rest;
    return text.length;
  }

  /** Add the pending text and `end` as a row, unless they are blank. */
  #take(end: string, batch: Batch): void {
    const row = this.#pending + end;
    this.#pending = "";
    if (areBlanks(row)) return;
    if (this.#last === "row") malformed();
    batch.rows.push(this.#parse(row));
    batch.texts.push(row);
    this.#last = "row";
  }

  #tail(text: string): void {
    if (this.#part === "end" && !areBlanks(text)) malformed();
    this.#frame += text;
    for (let at = -1; this.#part === "tail"; ) {
      at = this.#brackets.next(text, at + 1);
      if (at === -1) break;
      if (this.#brackets.depth > 0) continue;
      this.#part = "end";
      this.#summarize("");
    }
  }

  #summarize(end: string): void {
    const frame = this.#parse(this.#frame + end) as Record<string, unknown>;
    const { [this.#member]: rows, ...summary } = frame;
    if ((rows as unknown[] | undefined)?.length !== 0) malformed();
    copyMembers(summary, this.#summary);
  }
}

// JSON's white space only: `trim` and `\s` include more.
const areBlanks = (text: string) => !/[^ \t\r\n]/.test(text);
