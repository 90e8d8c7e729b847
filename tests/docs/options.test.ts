import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";

const folder = fileURLToPath(new URL("../../src/", import.meta.url));
const entries = ["index.ts", "admin.ts"].map((name) => folder + name);
const program = ts.createProgram(entries, {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  allowImportingTsExtensions: true,
  noEmit: true,
});

/** The names of the types that users can import. */
const exported = new Set(
  entries.flatMap((entry) => {
    const checker = program.getTypeChecker();
    const file = program.getSourceFile(entry);
    const module = file && checker.getSymbolAtLocation(file);
    return module ? checker.getExportsOfModule(module).map(({ name }) => name) : [];
  }),
);

/** What users give, by the names of its types. */
const options = program
  .getSourceFiles()
  .filter(({ fileName }) => fileName.startsWith(folder))
  .flatMap((file) => file.statements)
  .filter((node) => ts.isInterfaceDeclaration(node))
  .filter(({ name }) => exported.has(name.text))
  .filter(({ name }) => /(Options|Params|Definition|Setup|Start)$/.test(name.text));

// CouchDB knows nothing of these.
const ours = new Set([
  "CouchDBOptions",
  "OperationOptions",
  "PageOptions",
  "ParamsOptions",
  // For any endpoint, as RequestOptions are.
  "ReadRowsOptions",
  "RequestOptions",
  "RetryOptions",
  "SchemaOptions",
  "TransferOptions",
]);

test("every option says what it means, where it is typed", () => {
  expect(options.length).toBeGreaterThan(30);
  const silent = options.flatMap(({ name, members }) =>
    members
      .filter((member) => ts.isPropertySignature(member))
      .filter((member) => ts.getJSDocCommentsAndTags(member).length === 0)
      .map((member) => `${name.text}.${member.name.getText()}`),
  );
  expect(silent).toEqual([]);
});

test("options that go to CouchDB lead to where it tells of them", () => {
  const loose = options.filter(
    (each) =>
      !ours.has(each.name.text) &&
      !ts.getJSDocTags(each).some(({ tagName }) => tagName.text === "see"),
  );
  expect(loose.map(({ name }) => name.text)).toEqual([]);
});
