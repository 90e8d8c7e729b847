/** Bundles what an application imports, as each of the common bundlers does. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { rollup } from "rollup";

const dist = (file: string) => fileURLToPath(new URL(`../../dist/${file}`, import.meta.url));

/** A program that imports these names, and uses each. */
export function programOf(names: readonly string[], file = "index.js"): string {
  const list = names.join(", ");
  return `import { ${list} } from ${JSON.stringify(dist(file))};\nglobalThis.used = [${list}];`;
}

type Bundle = (entry: string, folder: string) => Promise<string>;

const minifying = { minify: true, format: "esm", target: "es2022" } as const;

async function minified(code: string): Promise<string> {
  const options = { ...minifying, write: false, stdin: { contents: code } } as const;
  return (await build(options)).outputFiles[0]?.text ?? "";
}

export const bundlers: Record<string, Bundle> = {
  async esbuild(entry) {
    const { outputFiles } = await build({
      ...minifying,
      bundle: true,
      entryPoints: [entry],
      write: false,
    });
    return outputFiles[0]?.text ?? "";
  },

  async Rollup(entry) {
    const bundle = await rollup({ input: entry });
    const { output } = await bundle.generate({ format: "esm" });
    await bundle.close();
    return minified(output[0].code);
  },

  async Vite(entry) {
    const vite = await import("vite");
    const built = await vite.build({
      configFile: false,
      logLevel: "silent",
      build: { lib: { entry, formats: ["es"] }, write: false, minify: true, target: "es2022" },
    });
    const [result] = [built].flat() as unknown as { output: [{ code: string }] }[];
    // In library mode, Vite leaves white space in ES modules.
    return minified(result?.output[0].code ?? "");
  },

  async webpack(entry, folder) {
    const { default: webpack } = await import("webpack");
    const compiler = webpack({
      mode: "production",
      entry,
      output: { path: folder, filename: "webpack.js" },
    });
    await new Promise<void>((resolve, reject) => {
      compiler.run((error, stats) => {
        const failure = error ?? stats?.compilation.errors[0];
        compiler.close(() => (failure ? reject(failure) : resolve()));
      });
    });
    return readFileSync(join(folder, "webpack.js"), "utf8");
  },
};

export interface Size {
  /** Bytes: minified, and that as a web server sends it. */
  minified: number;
  gzipped: number;
}

/** What a program weighs with a bundler. */
export async function weigh(program: string, bundler: keyof typeof bundlers): Promise<Size> {
  const folder = mkdtempSync(join(tmpdir(), "couchfetch-"));
  const entry = join(folder, "entry.js");
  writeFileSync(entry, program);
  try {
    const code = (await bundlers[bundler]?.(entry, folder)) ?? "";
    if (code === "") throw new Error(`${bundler} made nothing`);
    return {
      minified: Buffer.byteLength(code),
      gzipped: gzipSync(code, { level: 9 }).length,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
