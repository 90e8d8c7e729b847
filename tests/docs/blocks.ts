import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A block of code on a page. */
export interface Block {
  /** The page, from the repository's root. */
  page: string;
  line: number;
  language: string;
  code: string;
}

const root = fileURLToPath(new URL("../../", import.meta.url));
const isPage = (path: string) => path.endsWith(".md");

/** The pages in a folder and its folders, except installed packages, which link back to this one. */
const under = (folder: string): string[] =>
  readdirSync(`${root}${folder}`, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : under(path);
    return isPage(path) ? [path] : [];
  });

/** All that users are shown, of all pages. */
export function blocks(): Block[] {
  return [...readdirSync(root).filter(isPage), ...under("docs"), ...under("examples")]
    .sort()
    .flatMap((page) => blocksOf(page, readFileSync(root + page, "utf8")));
}

function blocksOf(page: string, text: string): Block[] {
  const fences = text.matchAll(/^```(\S*)\n(.*?)^```$/gms);
  return Array.from(fences, ({ index, 1: language = "", 2: code = "" }) => {
    return { page, line: text.slice(0, index).split("\n").length, language, code };
  });
}
