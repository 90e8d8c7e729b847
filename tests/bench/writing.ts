import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { writeInto } from "../written.js";
import type { Options, Report } from "./bench.js";
import { command, couchdbSection, page } from "./document.js";
import { peerSizes } from "./peer-sizes.js";
import { picture } from "./picture.js";
import { summarize, summaryTable } from "./summary.js";

const docs = new URL("../../docs/", import.meta.url);

/** Writes what was measured into the documentation. */
export async function write(report: Report, options: Options): Promise<void> {
  if (report.couchdb) {
    writeInto("docs/benchmarks.md", command, couchdbSection(report, options));
    return;
  }
  const summary = summarize(report, await peerSizes());
  const file = new URL("benchmarks.md", docs);
  const before = existsSync(file) ? readFileSync(file, "utf8") : "";
  writeFileSync(file, page(report, options, keptSection(before)));
  // A part of the workloads may lack the scan.
  if (summary.runtimes.length === 0) return;
  writeFileSync(new URL("benchmarks.svg", docs), picture(summary, options.documents));
  writeInto("README.md", "npm run bench -- --write", summaryTable(summary));
}

/** The section of a page that `--couchdb` wrote. */
export function keptSection(page: string): string {
  const [, rest = ""] = page.split(`<!-- Written by ${command} -->`);
  const [section = ""] = rest.split("<!-- Up to here -->");
  return section.trim() || `Not measured yet: run \`${command}\`.`;
}
