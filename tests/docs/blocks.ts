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
const isPage = (path: string) => path.endsWith(".md") && !path.includes("node_modules");
const under = (folder: string) =>
  readdirSync(`${root}${folder}`, { recursive: true, encoding: "utf8" })
    .map((path) => `${folder}/${path}`)
    .filter(isPage);

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
