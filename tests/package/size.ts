/** `npm run size`: what `dist/index.js` weighs, and which module how much of it. */

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, transform } from "esbuild";
import { shakable } from "../../tsup.config.js";

/**
 * kB, gzipped. Three quarters of it are couchfetch, the rest is ky. What makes it more must be worth that
 * to everybody who loads a page.
 */
export const limit = 42;

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const minifying = { minify: true, format: "esm", target: "es2022" } as const;

export interface Sizes {
  /** Bytes: as it is; as a bundler makes it; and as a web server sends that. */
  raw: number;
  minified: number;
  gzipped: number;
}

export async function weigh(): Promise<Sizes> {
  const source = await readFile(path("../../dist/index.js"), "utf8");
  const { code } = await transform(source, minifying);
  const gzipped = gzipSync(code, { level: 9 }).length;
  return { raw: Buffer.byteLength(source), minified: Buffer.byteLength(code), gzipped };
}

/** Minified bytes of each module, the heaviest first. */
export async function weights(): Promise<[string, number][]> {
  const { metafile } = await build({
    ...minifying,
    entryPoints: [path("../../src/index.ts")],
    bundle: true,
    write: false,
    metafile: true,
    plugins: [shakable],
  });
  const [output] = Object.values(metafile.outputs);
  return Object.entries(output?.inputs ?? {})
    .map(([file, { bytesInOutput }]): [string, number] => [file, bytesInOutput])
    .filter(([, bytes]) => bytes > 0)
    .sort(([, one], [, other]) => other - one);
}

/** @param bytes - shown in kB, of a thousand */
const show = (bytes: number) => (bytes / 1000).toFixed(1).padStart(7);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const modules = await weights();
  const part = (isPart: (file: string) => boolean) =>
    modules.reduce((sum, [file, bytes]) => sum + (isPart(file) ? bytes : 0), 0);
  const isKy = (file: string) => file.startsWith("node_modules/ky/");
  const { raw, minified, gzipped } = await weigh();
  console.log(`${show(raw)} kB  dist/index.js`);
  console.log(`${show(minified)} kB  minified`);
  console.log(`${show(gzipped)} kB  minified and gzipped; the limit is ${limit} kB\n`);
  console.log("Minified, of these:");
  console.log(`${show(part(isKy))} kB  ky\n${show(part((file) => !isKy(file)))} kB  couchfetch\n`);
  for (const [file, bytes] of modules) console.log(`${show(bytes)} kB  ${file}`);
  if (gzipped > limit * 1000) {
    console.error(`\ndist/index.js is over its limit of ${limit} kB`);
    process.exitCode = 1;
  }
}
