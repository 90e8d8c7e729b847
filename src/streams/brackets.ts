const outsideStrings = /["{}[\]]/g;
const outsideStringsOrComma = /[",{}[\]]/g;
const insideStrings = /["\\]/g;

/** Find the brackets of a JSON text and their depth while the text arrives in pieces of any size. */
export class Brackets {
  /** The number of open brackets after the last one found. */
  depth = 0;
  #inString = false;
  /** The number of characters that a backslash at the end of the last piece escapes in the next one. */
  #escaped = 0;

  /**
   * The position of the next bracket outside strings, or -1. Call it for each piece until it returns -1. It
   * also finds commas at `commaDepth`.
   */
  next(text: string, from: number, commaDepth = -1): number {
    let at = from + this.#escaped;
    this.#escaped = 0;
    for (;;) {
      const wanted = this.#inString
        ? insideStrings
        : this.depth === commaDepth
          ? outsideStringsOrComma
          : outsideStrings;
      wanted.lastIndex = at;
      if (!wanted.test(text)) {
        this.#escaped = Math.max(0, at - text.length);
        return -1;
      }
      at = wanted.lastIndex;
      const found = text[at - 1];
      if (found === "\\") at += 1;
      else if (found === '"') this.#inString = !this.#inString;
      else {
        if (found !== ",") this.depth += found === "{" || found === "[" ? 1 : -1;
        return at - 1;
      }
    }
  }
}
