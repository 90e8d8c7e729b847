import { copyFile } from "node:fs/promises";
import { build, type Plugin } from "esbuild";
import { defineConfig, type Options } from "tsup";

/**
 * Puts ky into one expression without side effects. ky looks at the runtime when it is loaded: without this,
 * bundlers would keep all of it for an application that imports an error class.
 */
export const pureKy: Plugin = {
  name: "pure-ky",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]ky[\\/]distribution[\\/]index\.js$/ }, async ({ path }) => {
      const { outputFiles } = await build({
        stdin: { contents: `export { default } from ${JSON.stringify(path)}`, resolveDir: "." },
        bundle: true,
        format: "iife",
        globalName: "bundle",
        target: "es2022",
        legalComments: "none",
        write: false,
      });
      const [file] = outputFiles;
      const contents = `export default /* @__PURE__ */ (() => {\n${file?.text}return bundle.default;\n})();`;
      return { contents };
    });
  },
};

const shared: Options = {
  format: "esm",
  target: "es2022",
  platform: "neutral",
  esbuildPlugins: [pureKy],
  // The banner names ky's license.
  esbuildOptions: (options) => {
    options.legalComments = "none";
  },
  dts: { compilerOptions: { stripInternal: true } },
  sourcemap: true,
};

export default defineConfig([
  {
    ...shared,
    entry: ["src/index.ts"],
    // One self-contained file: ky is bundled, and nothing else may be.
    noExternal: ["ky"],
    banner: {
      // The first line is for Deno, which does not read JSR's package.json.
      js: `/* @ts-self-types="./index.d.ts" */
/*! couchfetch, MIT. Contains ky, MIT, (c) Sindre Sorhus: see LICENSE-ky.txt */`,
    },
    onSuccess: () => copyFile("node_modules/ky/license", "dist/LICENSE-ky.txt"),
  },
  {
    ...shared,
    entry: ["src/admin.ts"],
    // The classes of index.js: a session and an error are instances of those.
    external: ["./index.js"],
    banner: { js: '/* @ts-self-types="./admin.d.ts" */\n/*! couchfetch, MIT */' },
  },
]);
