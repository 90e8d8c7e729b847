/** What one piece of a body brought: complete rows, and the JSON array that they were read from. */
export interface Batch {
  rows: unknown[];
  text: string;
}

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
  readonly #parse: (text: string) => unknown;
  readonly #isRowsMember: RegExp;

  #part: "head" | "rows" | "tail" = "head";
  /** The text around the rows: `{"total_rows":3,"rows":[` and `]}`. */
  #frame = "";
  /** The beginning of a row whose end has not arrived, in pieces: joining them once is linear. */
  #pending: string[] = [];

  #misses = 0;
  /** Whether the brackets of what is pending have been counted. */
  #counting = false;
  #depth = 0;
  #inString = false;
  #escaped = 0;

  constructor(member: string, parse: (text: string) => unknown) {
    this.#parse = parse;
    this.#isRowsMember = new RegExp(`[{,]\\s*"${member}"\\s*:\\s*$`);
  }

  /** The rows that `text` completes. Throws a SyntaxError where it is not JSON, or what `parse` throws. */
  push(text: string): Batch | undefined {
    if (this.#part === "rows") return this.#rows(text);
    if (this.#part === "head") return this.#head(text);
    this.#frame += text;
    return undefined;
  }

  /** All that stood beside the rows, or undefined if the text ended before its JSON did. */
  end(): { last: Batch | undefined; summary: Record<string, unknown> } | undefined {
    let last: Batch | undefined;
    if (this.#part === "rows") last = this.#count("");
    if (this.#part === "head" && this.#frame.trim() !== "") this.#refuseIfWhole();
    if (this.#part !== "tail") return undefined;
    try {
      return { last, summary: this.#parse(this.#frame) as Record<string, unknown> };
    } catch {
      return undefined;
    }
  }

  #head(text: string): Batch | undefined {
    let at = 0;
    for (;;) {
      at = this.#nextBracket(text, at);
      if (at === -1) break;
      if (text[at] === "[" && this.#depth === 1) {
        const before = this.#frame + text.slice(0, at);
        if (this.#isRowsMember.test(before)) {
          this.#frame = `${before}[`;
          this.#part = "rows";
          return this.#rows(text.slice(at + 1));
        }
      }
      this.#depth += text[at] === "{" || text[at] === "[" ? 1 : -1;
      at += 1;
    }
    this.#frame += text;
    if (/^\s*[^{\s]/.test(this.#frame)) throw new SyntaxError("The answer is not a JSON object");
    return undefined;
  }

  #refuseIfWhole(): void {
    try {
      this.#parse(this.#frame);
    } catch {
      return;
    }
    throw new SyntaxError("The answer has no rows");
  }

  #rows(text: string): Batch | undefined {
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
    let at = 0;
    for (;;) {
      at = this.#nextBracket(text, at);
      if (at === -1) break;
      if (text[at] === "{" || text[at] === "[") {
        this.#depth += 1;
      } else {
        this.#depth -= 1;
        if (this.#depth === 2) {
          cut = at + 1;
        } else if (this.#depth < 2) {
          const batch = this.#take(text, at);
          this.#part = "tail";
          this.#frame += this.#pending.join("");
          this.#pending = [];
          return batch;
        }
      }
      at += 1;
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
    const list = (this.#pending.join("") + text.slice(0, cut)).trim();
    // The comma before a row may come with it or with the row that it follows.
    const array = `[${list.slice(list.startsWith(",") ? 1 : 0, list.endsWith(",") ? -1 : undefined)}]`;
    const rows = this.#parse(array) as unknown[];
    this.#pending = [text.slice(cut)];
    return { rows, text: array };
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
