import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { build, type Plugin, transformSync } from "esbuild";
import MagicString from "magic-string";
import { defineConfig, type Options } from "tsup";

/** The parts of ky that couchfetch does not need, and how often each pattern occurs. */
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
  // Checks of the input and of a timeout, an AbortController, streams as bodies.
  [/^ {8}if \((typeof this\._input|supports)[\s\S]*?^ {8}}\n/gm, 3],
  [/^ {12}if \(typeof ky\._options\.timeout[\s\S]*?^ {12}}\n/gm, 1],
  // A parser of JSON, and settings of all these.
  [/^.*_decorateResponse\(response\);\n/gm, 1],
  [/^ {4}_decorateResponse\([\s\S]*?^ {4}}\n/gm, 1],
  [/^ {8}const credentials = [\s\S]*?;\n/gm, 1],
  [
    /^ {12}(\.\.\.\(credentials|hooks: [\s\S]*?^ {12}}|(fetch|headers|method|prefixUrl|retry|throwHttpErrors|timeout):).*\n/gm,
    9,
  ],
  [/^ {8}const (isRetriableMethod|nonRequestOptions) = .*\n/gm, 2],
  [/isRetriableMethod \? ky\._retry\(function_\) : /g, 1],
  // A pause for them, and a check of the options.
  [/^ {12}await Promise\.resolve\(\);\n/gm, 1],
  [/validateAndMerge\(defaults, (?=options\))|(?<=validateAndMerge\(defaults, options\))\)/g, 2],
  [/, nonRequestOptions(?=\))|^ {8}return timeout\(.*\n/gm, 2],
  // A function that would be called again for a retry.
  [
    /^ {8}const function_ = .*\n|(?<=let response = )await |^ {8}};\n {8}const result = [\s\S]*?;\n.*\n/gm,
    3,
  ],
  // A copy of the options.
  [/{\s+\.\.\.(?=options,)|(?<=\.\.\.options),\s+\/\/.*\s+}(?=;)|(?<=options) = {}/g, 3],
  // A Request for `fetch`, which makes its own.
  [/^ {8}this\.(_input|request) = .*\n/gm, 2],
  [/this\.request\.clone\(\)/g, 1],
  [/^ {8}if \(this\._options\.timeout === false\) {\n|(?<=_options\.fetch\(.*\n) {8}}\n/gm, 2],
  // Instances with other defaults, and shortcuts such as `ky.get()`.
  [/^ {4}(for \(const method[\s\S]*?^ {4}}|ky\.(create|extend|stop) = .*)\n/gm, 4],
  [/^const createInstance = .*\n|^ {4}return ky;\n};\n.*\n/gm, 2],
];

/** Stands for modules of ky that couchfetch never runs, or that would only check and merge its options. */
const unusedModule = `
  export const validateAndMerge = (defaults, options) => options;
  const none = undefined;
  export {
    none as HTTPError, none as TimeoutError, none as deepMerge, none as findUnknownOptions, none as maxSafeTimeout,
    none as mergeHeaders, none as normalizeRequestMethod, none as normalizeRetryOptions, none as requestMethods,
    none as responseTypes, none as stop, none as supportsAbortController, none as supportsFormData,
    none as supportsRequestStreams, none as supportsResponseStreams,
  };
  export default none;
`;

/**
 * Drops the parts of ky that couchfetch never runs, as it has its own retries, timeouts, errors, hooks and
 * progress: bundlers cannot remove them from a class. `src/http/ky-options.ts` has the options that this relies
 * on, and is dropped, too.
 */
const withoutUnused: Plugin = {
  name: "ky-without-unused",
  setup({ onLoad, onEnd }) {
    const found = unused.map(() => 0);
    onLoad({ filter: /[\\/](errors|utils)[\\/]|constants\.js$/ }, () => ({
      contents: unusedModule,
    }));
    onLoad({ filter: /[\\/](Ky|index)\.js$/ }, async ({ path }) => {
      let contents = await readFile(path, "utf8");
      for (const [at, [pattern]] of unused.entries()) {
        found[at] = (found[at] ?? 0) + (contents.match(pattern)?.length ?? 0);
        contents = contents.replace(pattern, "");
      }
      return { contents };
    });
    onEnd(() => {
      const changed = unused.findIndex(([, times], at) => times !== found[at]);
      if (changed !== -1) throw new Error(`ky has changed: adapt ${unused[changed]?.[0]}`);
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
    onLoad({ filter: /[\\/]http[\\/]send\.ts$/ }, async ({ path }) => {
      const contents = await readFile(path, "utf8");
      return { contents: contents.replace("...kyOptions, ", ""), loader: "ts" };
    });
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
    const marked = code.replace(
      /^(var (\w+) = )class( \w+)?( (?:extends|{)[\s\S]*?^});$/gm,
      (whole, start, name, own = ` ${name}`, body) =>
        /\[(\/\* @__PURE__ \*\/ )?Symbol\./.test(body)
          ? `${start}/* @__PURE__ */ (() => class${own}${body})();`
          : whole,
    );
    return { code: marked };
  },
};

/** The pieces of a text that gzip can find elsewhere. */
function piecesOf(text: string): Set<string> {
  return new Set(Array.from({ length: text.length - 5 }, (_, at) => text.slice(at, at + 6)));
}

/** Sorts texts so that each is as much like the one before it as possible, the longest first. */
function alikeInTurn<M extends { 0: string }>(texts: M[]): M[] {
  const left = new Map(
    texts.map((text) => [text, piecesOf(transformSync(text[0], { minifySyntax: true }).code)]),
  );
  const likeness = (text: M, other: Set<string>) => {
    const pieces = [...(left.get(text) ?? [])];
    return pieces.filter((piece) => other.has(piece)).length / pieces.length;
  };
  const sorted: M[] = [];
  let next = texts.toSorted((one, other) => other[0].length - one[0].length)[0];
  while (next) {
    const last = left.get(next) ?? new Set();
    sorted.push(next);
    left.delete(next);
    let highest = -1;
    next = undefined;
    for (const text of left.keys()) {
      const alike = likeness(text, last);
      if (alike > highest) [highest, next] = [alike, text];
    }
  }
  return sorted;
}

/**
 * Moves functions to the end of the file, next to those that are like them. A function declaration may stand anywhere,
 * and gzip, which looks back only 32 kB, finds more of what it knows.
 */
const sortedFunctions: NonNullable<Options["plugins"]>[number] = {
  name: "sorted-functions",
  renderChunk(code, { path }) {
    const sorted = new MagicString(code);
    const functions = [...code.matchAll(/^(async )?function\*? \w+\([\s\S]*?^}\n/gm)];
    for (const { 0: text, index } of alikeInTurn(functions))
      sorted.move(index, index + text.length, code.length);
    // esbuild writes an import for each module that imports from `dist/index.js`: one is enough.
    const imports = [...code.matchAll(/^import {([^}]*)} from "\.\/index\.js";\n/gm)];
    const names = imports.flatMap(([, list = ""]) => list.split(",").map((name) => name.trim()));
    for (const [at, { 0: text, index }] of imports.entries()) {
      const one = `import { ${names.join(", ")} } from "./index.js";\n`;
      sorted.overwrite(index, index + text.length, at === 0 ? one : "");
    }
    // Comments with the names of files.
    sorted.replace(/^\n?\/\/ (src|node_modules)\/.*\n/gm, "");
    // Bundlers other than esbuild keep `const`, and one keyword compresses better than two.
    sorted.replace(/(?<=^[^*\n]*)\bconst /gm, "let ");
    return { code: sorted.toString(), map: sorted.generateMap({ source: path, hires: true }) };
  },
};

/**
 * Names of internal members that the build shortens, since bundlers cannot: the most frequent first, as the first
 * 52 become one letter. None may be public, belong to the runtime, or be sent to CouchDB.
 */
export const internalNames =
  "client context limits expects session throwReason texts position codec begin was during open effect wasAborted operation saved depth original isOfIds retries listen base kind snapshot incomplete skips onEnd toRequest opening notFound sleep moves knownRev authServer delivered parent noteAttachment canResume isLike respondedAt isOurs isNew stateOf move last check note draft settle uploadTime cutUrls isNewRev isInCallback sequenceOf unsavedChanges isComplete events seen rest requestedAt repeated isLive moveTo isRenewed toError isStream wasConnected validateWrite timing wantsBytes isCapped feedRetries readBefore forget hasResponded inPlace madeOf toEvent unfinished unreadable validateRows validateOne toCodec isLast inDatabase chunk validateRead mergeBack partsOf contextOf pathOf clientOf isValid selects keysOf pick byId readAgain refresh receive isLeader lead follow ask failWith scope need keyOf leave isShared post compareEntries sortKeys reached enter onChanges show".split(
    " ",
  );

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** The same names in each entry, because these files use each other's members. */
const shortNames = Object.fromEntries(
  internalNames.map((name, at) => [
    name,
    (letters[Math.floor(at / 52) - 1] ?? "") + letters[at % 52],
  ]),
);

const types = { compilerOptions: { stripInternal: true } };

function shortening(names: string[]): NonNullable<Options["esbuildOptions"]> {
  return (options) => {
    // The banner names ky's license.
    options.legalComments = "none";
    options.define = { "Number.NaN": "NaN" };
    options.mangleProps = new RegExp(`^(${names.join("|")})$`);
    options.mangleCache = shortNames;
  };
}

/** Members of TanStack DB that have the name of an internal one. */
const tanstackNames = ["begin", "original"];

const shared: Options = {
  format: "esm",
  target: "es2022",
  platform: "neutral",
  esbuildPlugins: [pureKy],
  plugins: [pureClasses, sortedFunctions],
  esbuildOptions: shortening(internalNames),
  dts: types,
  sourcemap: true,
};

/** The layers that `dist/index.js` has. */
const core = /[\\/]src[\\/](client|changes|queries|documents|http|auth|streams|shared)[\\/]/;

/** Lets an entry import the core from `dist/index.js`: a session and an error are instances of its classes. */
const coreFromIndex: Plugin = {
  name: "core-from-index",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir }) =>
      core.test(join(resolveDir, path)) ? { path: "./index.js", external: true } : undefined,
    );
  },
};

const bannerOf = (name: string, rest = "") => ({
  // The first line is for Deno, which does not read JSR's package.json.
  js: `/* @ts-self-types="./${name}.d.ts" */\n/*! couchfetch, MIT${rest} */`,
});

export default defineConfig([
  {
    ...shared,
    entry: { index: "src/internals.ts" },
    // One self-contained file: ky is bundled, and nothing else may be.
    noExternal: ["ky"],
    banner: bannerOf("index", "; ky, MIT, (c) Sindre Sorhus"),
    dts: { ...types, entry: { index: "src/index.ts" } },
    onSuccess: () => copyFile("node_modules/ky/license", "dist/LICENSE-ky.txt"),
  },
  {
    ...shared,
    entry: ["src/admin.ts"],
    esbuildPlugins: [coreFromIndex],
    external: ["./index.js"],
    banner: bannerOf("admin"),
  },
  { ...shared, entry: ["src/schema.ts"], banner: bannerOf("schema") },
  {
    ...shared,
    entry: ["src/live.ts"],
    esbuildPlugins: [coreFromIndex],
    external: ["./index.js"],
    banner: bannerOf("live"),
  },
  {
    ...shared,
    entry: ["src/tanstack-db.ts"],
    esbuildPlugins: [coreFromIndex],
    external: ["./index.js", "./live.js"],
    esbuildOptions: shortening(internalNames.filter((name) => !tanstackNames.includes(name))),
    banner: bannerOf("tanstack-db"),
  },
  {
    ...shared,
    entry: ["src/transfer.ts"],
    esbuildPlugins: [coreFromIndex],
    external: ["./index.js"],
    banner: bannerOf("transfer"),
  },
]);
