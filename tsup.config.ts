import { copyFile } from "node:fs/promises";
import { defineConfig } from "tsup";

export default defineConfig({
  entry: ["src/index.ts"],
  format: "esm",
  target: "es2022",
  platform: "neutral",
  // One file that runs as it is everywhere: ky is bundled in, and nothing else may be.
  noExternal: ["ky"],
  // ky's own mark says no more than the banner.
  esbuildOptions: (options) => {
    options.legalComments = "none";
  },
  banner: { js: "/*! couchfetch, MIT. Contains ky, MIT, (c) Sindre Sorhus: see LICENSE-ky.txt */" },
  // Not every `lib` that users compile with knows `Symbol.asyncDispose`.
  dts: { banner: '/// <reference lib="esnext.disposable" />' },
  sourcemap: true,
  clean: true,
  // ky travels in the file, and so must its licence.
  onSuccess: () => copyFile("node_modules/ky/license", "dist/LICENSE-ky.txt"),
});
