import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { writeInto } from "../written.js";
import type { Options, Report } from "./bench.js";
import { command, couchdbSection, page } from "./document.js";
import { summary } from "./summary.js";

const docs = new URL("../../docs/", import.meta.url);

/** Writes what was measured into the documentation. */
export async function write(report: Report, options: Options): Promise<void> {
  if (report.couchdb) {
    writeInto("docs/benchmarks.md", command, couchdbSection(report, options));
    return;
  }
  const file = new URL("benchmarks.md", docs);
  const before = existsSync(file) ? readFileSync(file, "utf8") : "";
  writeFileSync(file, page(report, options, keptSection(before)));
  writeInto("README.md", "npm run bench -- --write", await summary(report));
}

/** The section of a page that `--couchdb` wrote. */
export function keptSection(page: string): string {
  const [, rest = ""] = page.split(`<!-- Written by ${command} -->`);
  const [section = ""] = rest.split("<!-- Up to here -->");
  return section.trim() || `Not measured yet: run \`${command}\`.`;
}
