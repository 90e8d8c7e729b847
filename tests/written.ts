import { readFileSync, writeFileSync } from "node:fs";

const end = "<!-- Up to here -->";

/**
 * Writes what was measured into a page of the documentation, between its marks: nobody edits it by hand.
 *
 * @param page - from the repository's root
 * @param command - that measured it, as the mark names it
 */
export function writeInto(page: string, command: string, content: string): void {
  const file = new URL(`../${page}`, import.meta.url);
  const begin = `<!-- Written by ${command} -->`;
  const [before, rest] = readFileSync(file, "utf8").split(begin);
  const after = rest?.split(end)[1];
  if (after === undefined) throw new Error(`${page} has no ${begin}`);
  writeFileSync(file, `${before}${begin}\n\n${content}\n\n${end}${after}`);
}
