import { copyFile, readFile } from "node:fs/promises";
import { type Plugin, transform } from "esbuild";
import { defineConfig, type Options } from "tsup";

const ky = /[\\/]ky[\\/]distribution[\\/].*\.js$/;
const constant = /^((?:export )?const \w+ = )/.source;

/**
 * Says of all that ky does when it is loaded that nobody misses it who does not use ky. Without this,
 * whoever imports no more than an error class gets all of ky.
 */
export const shakable: Plugin = {
  name: "shakable",
  setup({ onLoad }) {
    onLoad({ filter: ky }, async ({ path }) => {
      // Without comments, which have examples.
      const { code } = await transform(await readFile(path, "utf8"));
      const contents = code
        .replaceAll(RegExp(`${constant}(?=\\(\\(|new |[\\w.]+\\()`, "gm"), "$1/* @__PURE__ */ ")
        .replaceAll(RegExp(`${constant}(typeof .*);$`, "gm"), "$1/* @__PURE__ */ (() => $2)();")
        .replaceAll(/^\w+\(\);$/gm, "");
      return { contents };
    });
  },
};

const shared: Options = {
  format: "esm",
  target: "es2022",
  platform: "neutral",
  esbuildPlugins: [shakable],
  // ky's own mark says no more than the banner.
  esbuildOptions: (options) => {
    options.legalComments = "none";
  },
  dts: true,
  sourcemap: true,
};

export default defineConfig([
  {
    ...shared,
    entry: ["src/index.ts"],
    // One file that runs as it is everywhere: ky is bundled in, and nothing else may be.
    noExternal: ["ky"],
    banner: {
      // The first line is for Deno, which reads no package.json of JSR's.
      js: `/* @ts-self-types="./index.d.ts" */
/*! couchfetch, MIT. Contains ky, MIT, (c) Sindre Sorhus: see LICENSE-ky.txt */`,
    },
    // ky travels in the file, and so must its licence.
    onSuccess: () => copyFile("node_modules/ky/license", "dist/LICENSE-ky.txt"),
  },
  {
    ...shared,
    entry: ["src/admin.ts"],
    // Beside the other: its errors are those, and a session is one.
    external: ["./index.js"],
    banner: { js: '/* @ts-self-types="./admin.d.ts" */\n/*! couchfetch, MIT */' },
  },
]);
