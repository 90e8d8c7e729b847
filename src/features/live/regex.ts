import { utf8 } from "../../shared/bytes.js";

// What JavaScript takes for something else: other escapes, classes of names, and a bracket that begins a class.
const onlyPcre = /\\(?![dDwWbBsSnrtf]|x[0-7][\da-fA-F]|[^\w\s])|\[(\^?\]|[^\]]*\[[:.=])/;

// JavaScript's dot matches fewer bytes, and its dollar only the very end.
const translations: Record<string, string> = { ".": "[^\\n]", $: "(?=\\n?(?![^]))" };

/** The bytes of a text, each as a character. JavaScript takes one of them for white space, and PCRE does not. */
const bytesOf = (text: string) =>
  /[^\0-\x7f]/.test(text) ? utf8(text).replaceAll("\xa0", "\u0100") : text;

/**
 * Convert a regular expression of CouchDB, which compares bytes, to a test of texts.
 *
 * @throws TypeError for syntax that means something else in JavaScript, or nothing
 */
export function regexTest(pattern: string): (text: string) => boolean {
  try {
    // An escaped backslash or bracket begins nothing.
    if (onlyPcre.test(pattern.replace(/\\[\\[]/g, ""))) throw undefined;
    // A part is an escape, a class or a character.
    const parts = /\\.|\[(?:\\.|[^\]])+\]|[.$]/gs;
    const source = bytesOf(pattern).replace(parts, (part) => translations[part] ?? part);
    const expression = new RegExp(source);
    return (text) => expression.test(bytesOf(text));
  } catch (cause) {
    throw new TypeError(`\`$regex\` must be valid in JavaScript: ${pattern}`, { cause });
  }
}
