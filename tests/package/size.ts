/** `npm run size`: what an application pays for what it imports. Fails over the limits. */

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, transform } from "esbuild";
import { pureKy } from "../../tsup.config.js";
import { install } from "../install.js";
import { bundlers, programOf, weigh } from "./bundles.js";

/** Bytes, minified; except for one error class, as a web server sends them compressed. */
export const limits = {
  /** `import { CouchDB, basic }`, with ky. */
  core: 25_000,
  /** `dist/index.js`. */
  whole: 40_000,
  /** Each other entry, on top of the core; `tanstack-db` on top of that and `live`. */
  entries: { admin: 6_000, live: 5_000, schema: 6_000, "tanstack-db": 2_000, transfer: 6_000 },
  /** A function, on top of the core. */
  feature: 3_000,
  /** `import { NotFoundError }`, which has two classes. Not compressed. */
  error: 1_500,
};

const core = ["CouchDB", "basic"];
const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const minifying = { minify: true, format: "esm", target: "es2022" } as const;

export interface Measured {
  name: string;
  bytes: number;
  limit: number;
}

/** The core, by bundler. */
export async function coreSizes(): Promise<Measured[]> {
  return inEach(core, "gzipped", limits.core);
}

/** One error class, by bundler. */
export async function errorSizes(): Promise<Measured[]> {
  return inEach(["NotFoundError"], "minified", limits.error);
}

async function inEach(names: string[], kind: "minified" | "gzipped", limit: number) {
  install(new URL("./", import.meta.url), "the bundlers");
  const measured: Measured[] = [];
  for (const name of Object.keys(bundlers)) {
    measured.push({ name, bytes: (await weigh(programOf(names), name))[kind], limit });
  }
  return measured;
}

/** All of `dist/index.js`. */
export async function wholeSize(): Promise<Measured> {
  const { code } = await transform(await readFile(path("../../dist/index.js"), "utf8"), minifying);
  const bytes = gzipSync(code, { level: 9 }).length;
  return { name: "dist/index.js", bytes, limit: limits.whole };
}

/** All of each other entry, on top of the core. */
export async function entrySizes(): Promise<Measured[]> {
  const sizes = Object.entries(limits.entries).map(async ([entry, limit]): Promise<Measured> => {
    const below = entry === "tanstack-db" ? ["live"] : [];
    const base = await weigh(withEntries(below), "esbuild");
    const { gzipped } = await weigh(withEntries([...below, entry]), "esbuild");
    return { name: `dist/${entry}.js`, bytes: gzipped - base.gzipped, limit };
  });
  return Promise.all(sizes);
}

/** A program with the core and all of some entries. */
function withEntries(entries: string[]): string {
  const exports = entries.map(
    (entry) => `export * from ${JSON.stringify(path(`../../dist/${entry}.js`))};`,
  );
  return [programOf(core), ...exports].join("\n");
}

/** Each public function of `dist/index.js`, on top of the core. */
export async function featureSizes(): Promise<Measured[]> {
  const library: Record<string, unknown> = await import(path("../../dist/index.js"));
  const types = await readFile(path("../../dist/index.d.ts"), "utf8");
  const [, exported = ""] = /^export \{(.*)\};$/m.exec(types) ?? [];
  const names = exported
    .split(",")
    .map((name) => name.trim())
    .filter((name) => isFunction(library[name]) && name !== "basic");
  const base = await weigh(programOf(core), "esbuild");
  const sizes = names.map(async (name): Promise<Measured> => {
    const { gzipped } = await weigh(programOf([...core, name]), "esbuild");
    return { name, bytes: gzipped - base.gzipped, limit: limits.feature };
  });
  return (await Promise.all(sizes)).sort((one, other) => other.bytes - one.bytes);
}

function isFunction(value: unknown): boolean {
  return typeof value === "function" && !/^class\b/.test(Function.prototype.toString.call(value));
}

/** Minified bytes of each module in the core, the largest first. */
async function moduleSizes(): Promise<[string, number][]> {
  const { metafile } = await build({
    ...minifying,
    stdin: {
      contents: `export { CouchDB, basic } from ${JSON.stringify(path("../../src/index.ts"))}`,
      resolveDir: path("."),
    },
    bundle: true,
    write: false,
    metafile: true,
    plugins: [pureKy],
  });
  const [output] = Object.values(metafile.outputs);
  return Object.entries(output?.inputs ?? {})
    .map(([file, { bytesInOutput }]): [string, number] => [file, bytesInOutput])
    .filter(([, bytes]) => bytes > 0)
    .sort(([, one], [, other]) => other - one);
}

/** @param bytes - shown in kB, of a thousand */
const kB = (bytes: number) => `${(bytes / 1000).toFixed(2).padStart(7)} kB`;

function show(title: string, sizes: Measured[]): void {
  console.log(`\n${title}`);
  for (const { name, bytes, limit } of sizes) {
    console.log(`${kB(bytes)}  ${name}${bytes > limit ? `  OVER THE LIMIT of ${kB(limit)}` : ""}`);
  }
  if (sizes.some(({ bytes, limit }) => bytes > limit)) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  show("import { CouchDB, basic }, minified and gzipped, by bundler:", await coreSizes());
  show("Everything, minified and gzipped:", [await wholeSize()]);
  show("Each other entry on top of what it imports, minified and gzipped:", await entrySizes());
  show("import { NotFoundError }, minified, by bundler:", await errorSizes());
  show("Each function on top of the core, minified and gzipped:", await featureSizes());
  const modules = await moduleSizes();
  console.log("\nThe modules of the core, minified:");
  for (const [file, bytes] of modules)
    console.log(`${kB(bytes)}  ${file.replace(/^.*?(?=src\/|node_modules\/)/, "")}`);
}
