/** What the changelog says of the version that package.json names. */

import { readFileSync } from "node:fs";

const { version } = JSON.parse(readFileSync("package.json", "utf8"));
const sections = readFileSync("CHANGELOG.md", "utf8").split(/^## /m);
const own = sections.find((section) => section.startsWith(`${version} (`));
if (!own) throw new Error(`CHANGELOG.md says nothing of ${version}`);
console.log(own.slice(own.indexOf("\n")).trim());
