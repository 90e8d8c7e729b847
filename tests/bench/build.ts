import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/**
 * The contenders as every runtime takes them, with nothing done to them but types removed. As deep as
 * their source: `dist/index.js` is imported as it is, from the same place.
 */
export const built = new URL(".built/", import.meta.url);

export async function buildContenders(): Promise<void> {
  await rm(built, { recursive: true, force: true });
  await build({
    entryPoints: [fileURLToPath(new URL("contenders/*.ts", import.meta.url))],
    outdir: fileURLToPath(built),
    format: "esm",
    target: "es2022",
  });
}

/** Makes one file, `….bundle.js`, of a contender and the packages that it imports, for browsers. */
export async function bundle(contender: string): Promise<void> {
  await build({
    entryPoints: [fileURLToPath(new URL(`contenders/${contender}.ts`, import.meta.url))],
    outfile: fileURLToPath(new URL(`${contender}.bundle.js`, built)),
    bundle: true,
    format: "esm",
    target: "es2022",
  });
}
