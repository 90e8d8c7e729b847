/** `npm version minor` runs this: the other places that name the version follow package.json. */

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

const read = (file) => readFileSync(file, "utf8");
const { version } = JSON.parse(read("package.json"));

const jsr = read("jsr.json").replace(/"version": "[^"]+"/, `"version": "${version}"`);
writeFileSync("jsr.json", jsr);

const changelog = read("CHANGELOG.md");
const heading = /^## .* \(not released\)$/m;
if (!heading.test(changelog)) {
  throw new Error("CHANGELOG.md has no heading that ends with (not released): what is new?");
}
const today = new Date().toISOString().slice(0, 10);
writeFileSync("CHANGELOG.md", changelog.replace(heading, `## ${version} (${today})`));

execFileSync("git", ["add", "jsr.json", "CHANGELOG.md"]);
