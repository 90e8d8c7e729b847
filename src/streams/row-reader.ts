import type { RowsSummary } from "../types.js";
import { type Batch, readBatch } from "./batch.js";

const outsideStrings = /["{}[\]]/g;
const insideStrings = /["\\]/g;

// So often the parser may refuse what should be lines, before it is no longer asked.
const mostMisses = 3;

/**
 * Reads the rows of `{…, "rows": [row, row], …}` while the text arrives in pieces of any size, and
 * everything beside the rows at its end.
 *
 * Where a row ends is decided by JSON alone. CouchDB writes one row a line, so that a piece up to
 * its last line break is nearly always a list of complete rows; if the parser agrees, it is one,
 * whatever it looks like. Where the parser does not, or no line ends, brackets are counted.
 */
export class RowReader {
  readonly #summary: RowsSummary;
  readonly #member: string;
  readonly #parse: (text: string) => unknown;
  readonly #isRowsMember: RegExp;

  #part: "head" | "rows" | "tail" | "end" = "head";
  /** The text around the rows: `{"total_rows":3,"rows":[` and `]}`. */
  #frame = "";
  /** What followed the last bracket of the head. */
  #between = "";
  /** The beginning of a row whose end has not arrived, in pieces: joining them once is linear. */
  #pending: string[] = [];
  /** What the rows given so far ended with. */
  #last: "nothing" | "row" | "comma" = "nothing";

  #misses = 0;
  /** Whether the brackets of what is pending have been counted. */
  #counting = false;
  #depth = 0;
  #inString = false;
  #escaped = 0;

  /** @param summary - takes what stands before the rows, once they begin, and in the end all beside them */
  constructor(member: string, parse: (text: string) => unknown, summary: RowsSummary) {
    this.#summary = summary;
    this.#member = member;
    this.#parse = parse;
    this.#isRowsMember = new RegExp(`[{,]\\s*"${member}"\\s*:\\s*$`);
  }

  /** The rows that `text` completes. Throws a SyntaxError where it is not JSON, or what `parse` throws. */
  push(text: string): Batch | undefined {
    if (this.#part === "rows") return this.#rows(text);
    if (this.#part === "head") return this.#head(text);
    this.#tail(text);
    return undefined;
  }

  /** The rows that only the end completes. */
  flush(): Batch | undefined {
    return this.#part === "rows" ? this.#count("") : undefined;
  }

  /** Whether the text has come to its end. */
  get ended(): boolean {
    return this.#part === "end";
  }

  #head(text: string): Batch | undefined {
    if (this.#depth === 0 && /^\s*[^{\s]/.test(text)) {
      throw new SyntaxError("The answer is not a JSON object");
    }
    let last = 0;
    for (let at = this.#nextBracket(text, 0); at !== -1; at = this.#nextBracket(text, at + 1)) {
      this.#between += text.slice(last, at);
      last = at;
      if (text[at] === "[" && this.#depth === 1 && this.#isRowsMember.test(this.#between)) {
        this.#frame += text.slice(0, at + 1);
        this.#part = "rows";
        this.#summarize("]}");
        return this.#rows(text.slice(at + 1));
      }
      this.#between = "";
      if (this.#step(text, at) === 0) throw new SyntaxError("The answer has no rows");
    }
    this.#between += text.slice(last);
    this.#frame += text;
    return undefined;
  }

  #rows(piece: string): Batch | undefined {
    // The bracket that ends the rows may be waiting, and the comma be one after that.
    const isDue = this.#last === "row" && trimEnd(this.#pending.join("")) === "";
    const text = isDue ? this.#afterRow(piece) : piece;
    if (this.#misses < mostMisses) {
      let batch: Batch | undefined;
      // A server that is slow sends row by row, each without the line break that follows it.
      if (text.endsWith("}") && !this.#counting) batch = this.#attempt(text, text.length);
      const lineEnd = text.lastIndexOf("\n");
      if (!batch && lineEnd !== -1) {
        batch = this.#attempt(text, lineEnd);
        if (!batch) this.#misses += 1;
      }
      if (batch) {
        this.#counting = false;
        return batch;
      }
    }
    return this.#count(text);
  }

  /** Counts brackets to the end of the last complete row, and of the array itself. */
  #count(more: string): Batch | undefined {
    let text = more;
    if (!this.#counting) {
      text = this.#pending.join("") + more;
      this.#pending = [];
      this.#counting = true;
      this.#depth = 2;
      this.#inString = false;
      this.#escaped = 0;
    }
    let cut = -1;
    for (let at = this.#nextBracket(text, 0); at !== -1; at = this.#nextBracket(text, at + 1)) {
      const depth = this.#step(text, at);
      if (depth === 2) cut = at + 1;
      if (depth < 2) {
        const batch = this.#take(text, at);
        if (this.#last === "comma") throw new SyntaxError("A row is missing");
        this.#part = "tail";
        this.#pending = [];
        // A wrong bracket, too, which the parser will find in the frame.
        this.#frame += text[at];
        this.#tail(text.slice(at + 1));
        return batch;
      }
    }
    if (cut !== -1) return this.#take(text, cut);
    this.#pending.push(text);
    return undefined;
  }

  #attempt(text: string, cut: number): Batch | undefined {
    try {
      return this.#take(text, cut);
    } catch {
      return undefined;
    }
  }

  /** The rows up to `cut`, which stands after a complete row; the rest waits. */
  #take(text: string, cut: number): Batch {
    let begin = this.#pending.join("");
    let end = trimEnd(text.slice(0, cut));
    if (end === "") [begin, end] = ["", trimEnd(begin)];
    // The comma between two rows may come with either. It is looked for before the two texts are
    // joined: a joined text is copied when it is looked at.
    const trails = end.endsWith(",");
    const batch = readBatch(`[${begin}${trails ? end.slice(0, -1) : end}]`, this.#parse);
    const isEmpty = batch.rows.length === 0;
    if (isEmpty ? trails : this.#last === "row") throw new SyntaxError("A comma is amiss");
    if (!isEmpty) this.#last = trails ? "comma" : "row";
    this.#pending = [this.#afterRow(text.slice(cut))];
    return batch;
  }

  /** The text without the comma that is due after a row, if it begins with it. */
  #afterRow(text: string): string {
    const comma = this.#last === "row" && /^[ \t\r\n]*,/.exec(text);
    if (!comma) return text;
    this.#last = "comma";
    return text.slice(comma[0].length);
  }

  #tail(text: string): void {
    this.#frame += text;
    let after = this.#part === "end" ? text : "";
    for (let at = this.#nextBracket(text, 0); at !== -1; at = this.#nextBracket(text, at + 1)) {
      if (this.#part === "tail" && this.#step(text, at) === 0) {
        this.#part = "end";
        this.#summarize("");
        after = text.slice(at + 1);
      }
    }
    if (trimEnd(after) !== "") throw new SyntaxError("The answer goes on after its end");
  }

  #summarize(end: string): void {
    const frame = this.#parse(this.#frame + end) as Record<string, unknown>;
    const { [this.#member]: rows, ...summary } = Object.getOwnPropertyDescriptors(frame);
    if (rows?.value.length !== 0) throw new SyntaxError("The answer has rows twice");
    // Not by assignment, to which `__proto__` is no member as any other.
    Object.defineProperties(this.#summary, summary);
  }

  /** Steps over a bracket; gives the depth behind it. */
  #step(text: string, at: number): number {
    this.#depth += text[at] === "{" || text[at] === "[" ? 1 : -1;
    return this.#depth;
  }

  /** The position of the next bracket outside strings, or -1. Remembers where in a string it stopped. */
  #nextBracket(text: string, from: number): number {
    let at = from + this.#escaped;
    this.#escaped = 0;
    for (;;) {
      if (this.#inString) {
        insideStrings.lastIndex = at;
        if (!insideStrings.test(text)) {
          this.#escaped = Math.max(0, at - text.length);
          return -1;
        }
        at = insideStrings.lastIndex;
        if (text[at - 1] === '"') this.#inString = false;
        else at += 1;
      } else {
        outsideStrings.lastIndex = at;
        if (!outsideStrings.test(text)) return -1;
        at = outsideStrings.lastIndex;
        if (text[at - 1] !== '"') return at - 1;
        this.#inString = true;
      }
    }
  }
}

/** Without the white space at its end: JSON's only, of which a string's own `trimEnd` takes more. */
function trimEnd(text: string): string {
  let end = text.length;
  while (" \t\r\n".includes(text[end - 1] ?? "none")) end -= 1;
  return text.slice(0, end);
}
