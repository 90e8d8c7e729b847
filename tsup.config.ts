import { defineConfig } from "tsup";

export default defineConfig({
  entry: ["src/index.ts"],
  format: "esm",
  target: "es2022",
  platform: "neutral",
  // One file that runs as it is everywhere: ky is bundled in, and nothing else may be.
  noExternal: ["ky"],
  dts: true,
  sourcemap: true,
  clean: true,
});
