import { copyFile, readFile } from "node:fs/promises";
import { build, type Plugin } from "esbuild";
import { defineConfig, type Options } from "tsup";

/** The parts of ky's class that couchfetch never runs, and how often each pattern occurs. */
const unused: [pattern: RegExp, times: number][] = [
  // Retries and progress.
  [/^ {4}(async )?_(calculateRetryDelay|retry|stream)\([\s\S]*?^ {4}}\n/gm, 3],
  // Hooks, errors for HTTP statuses and progress, when there is a response.
  [
    /^ {12}(for \(const hook|if \(!response\.ok|if \(ky\._options\.onDownload)[\s\S]*?^ {12}}\n/gm,
    3,
  ],
  // Shortcuts such as `json()`; hooks and options before a request.
  [/^ {8}for \(const (\[type|hook)[\s\S]*?^ {8}}\n/gm, 2],
  [/^ {8}if \(this\._options\.(prefixUrl|searchParams|json)[\s\S]*?^ {8}}\n/gm, 3],
  // Declarations of fields that are assigned.
  [/^ {8}Object\.defineProperty\(this[\s\S]*?^ {8}}\);\n/gm, 5],
];

/** Stands for modules of ky that couchfetch never runs, or that would only check its options. */
const unusedModule = `
  const identity = (value) => value;
  export {
    identity as findUnknownOptions, identity as normalizeRequestMethod, identity as normalizeRetryOptions,
  };
  export const HTTPError = undefined, TimeoutError = undefined;
  export default undefined;
`;

/**
 * Drops the parts of ky that couchfetch never runs, as it has its own retries, timeouts, errors and progress:
 * bundlers cannot remove them from a class. `src/http/send.ts` passes the options that this relies on.
 */
const withoutUnused: Plugin = {
  name: "ky-without-unused",
  setup({ onLoad }) {
    onLoad(
      { filter: /[\\/](HTTPError|TimeoutError|delay|normalize|options|timeout)\.js$/ },
      () => ({
        contents: unusedModule,
      }),
    );
    onLoad({ filter: /[\\/]Ky\.js$/ }, async ({ path }) => {
      let contents = await readFile(path, "utf8");
      for (const [pattern, times] of unused) {
        if (contents.match(pattern)?.length !== times)
          throw new Error(`ky has changed: adapt ${pattern}`);
        contents = contents.replace(pattern, "");
      }
      return { contents };
    });
  },
};

/**
 * Puts ky into one expression without side effects. ky looks at the runtime when it is loaded: without this,
 * bundlers would keep all of it for an application that imports an error class.
 */
export const pureKy: Plugin = {
  name: "pure-ky",
  setup({ onLoad }) {
    onLoad({ filter: /[/]ky[/]distribution[/]index\.js$/ }, async ({ path }) => {
      const { outputFiles } = await build({
        stdin: { contents: `export { default } from ${JSON.stringify(path)}`, resolveDir: "." },
        bundle: true,
        plugins: [withoutUnused],
        // Its private members.
        mangleProps: /^_/,
        define: { "Number.POSITIVE_INFINITY": "Infinity" },
        format: "esm",
        target: "es2022",
        legalComments: "none",
        write: false,
      });
      // The last statement of the module becomes that of a function.
      const body = outputFiles[0]?.text.replace(
        /export {\s*(\w+) as default\s*};\s*$/,
        "return $1;",
      );
      return { contents: `export default /* @__PURE__ */ (() => {\n${body}\n})();` };
    });
  },
};

/**
 * Marks the classes with methods such as `[Symbol.asyncIterator]` as free of side effects: for webpack's minifier,
 * looking up a symbol is one, and what such a class refers to would be kept with it.
 */
const pureClasses: NonNullable<Options["plugins"]>[number] = {
  name: "pure-classes",
  renderChunk(code) {
    const marked = code.replace(/^(var \w+ = )(class [\s\S]*?^});$/gm, (whole, name, body) =>
      body.includes("[Symbol.") ? `${name}/* @__PURE__ */ (() => ${body})();` : whole,
    );
    return { code: marked };
  },
};

/**
 * Names of internal members that the build shortens, since bundlers cannot. None may be public, belong to the
 * runtime, or be sent to CouchDB.
 */
export const internalNames =
  "canResume client codec context cutUrls draft effect expects feedRetries forget hasChanges hasResponded inDatabase inPlace incomplete isCapped isComplete isInCallback isLike isLast isLive isNewRev isOfIds isOurs isRenewed isStream knownRev madeOf mergeBack moves noteAttachment onEnd opening operation original readBefore remaining repeated requestedAt respondedAt saved sequenceOf session settle skips sleep snapshot stateOf texts toCodec toError toEvent toRequest unfinished unreadable unsavedChanges validateRead validateRows validateWrite wantsBytes wasConnected".split(
    " ",
  );

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** The same names in each entry, because admin.js uses the members of index.js. */
const shortNames = Object.fromEntries(
  internalNames.map((name, at) => [
    name,
    (letters[Math.floor(at / 52) - 1] ?? "") + letters[at % 52],
  ]),
);

const shared: Options = {
  format: "esm",
  target: "es2022",
  platform: "neutral",
  esbuildPlugins: [pureKy],
  plugins: [pureClasses],
  // The banner names ky's license.
  esbuildOptions: (options) => {
    options.legalComments = "none";
    options.mangleProps = new RegExp(`^(${internalNames.join("|")})$`);
    options.mangleCache = shortNames;
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
/*! couchfetch, MIT; ky, MIT, (c) Sindre Sorhus */`,
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
