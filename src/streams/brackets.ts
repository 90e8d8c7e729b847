const outsideStrings = /["{}[\]]/g;
const outsideStringsOrComma = /[",{}[\]]/g;
const insideStrings = /["\\]/g;

/** Finds the brackets of a JSON text, and how deep they nest, while it arrives in pieces of any size. */
export class Brackets {
  /** How many are open after the one that was found last. */
  depth = 0;
  #inString = false;
  /** How much of the next piece a backslash at the end of the last one has escaped. */
  #escaped = 0;

  /**
   * The position of the next bracket outside strings, or -1. To be called for each piece until there
   * is none; a comma counts as well where it stands at `commaDepth`.
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
