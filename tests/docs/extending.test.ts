import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";
import { blocks } from "./blocks.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
  types: [],
  strict: true,
  noUncheckedIndexedAccess: true,
  noEmit: true,
  paths: { couchfetch: [`${root}dist/index.d.ts`] },
};

// Names of earlier blocks.
const given = `
  declare const couch: import("couchfetch").CouchDB;
  declare const animals: import("couchfetch").Database;
  export {};
`;

/** A typed database, and one whose schema transforms, are databases, too. */
const typed = `
  declare const plain: import("couchfetch").Database<{ legs: number }>;
  declare const checked: import("couchfetch").Database<{ born: Date }, { born: string }>;
  deletions(plain);
  deletions(checked);
`;

/** What TypeScript reports about a program in the root of the repository. */
function errorsOf(code: string): string[] {
  const file = `${root}extending.ts`;
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.getSourceFile = (name, ...rest) =>
    name === file
      ? ts.createSourceFile(name, code, ts.ScriptTarget.ES2022)
      : getSourceFile.call(host, name, ...rest);
  host.fileExists = (name) => name === file || fileExists.call(host, name);
  host.readFile = (name) => (name === file ? code : readFile.call(host, name));
  return ts
    .getPreEmitDiagnostics(ts.createProgram([file], options, host))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}

const shown = blocks().filter(({ page, language }) => {
  return page === "docs/extending.md" && language === "ts";
});

test("docs/extending.md has programs", () => expect(shown.length).toBeGreaterThan(2));

test.each(shown)("the program of docs/extending.md, line $line, compiles", ({ code }) => {
  const isWhole = code.includes("new CouchDB(");
  expect(errorsOf(isWhole ? code + typed : given + code)).toEqual([]);
});

test("a program with a wrong type does not", () => {
  expect(errorsOf(`${given}await animals.get(1);`)).toHaveLength(1);
});
