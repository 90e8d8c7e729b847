import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, it } from "vitest";
import { calls } from "../conformance/cases/options.js";

const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));

/** Each exported method and function whose last parameter has a `signal`, with its number of parameters. */
function withOptions(): string[] {
  const config = ts.readConfigFile(path("tsconfig.json"), ts.sys.readFile).config;
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, path("."));
  const entries = ["index", "admin", "live", "schema", "tanstack-db", "transfer"].map((name) =>
    path(`src/${name}.ts`),
  );
  const program = ts.createProgram(entries, options);
  const checker = program.getTypeChecker();
  // Whether these options are required depends on the type of the documents, so they are no plain parameter.
  const found = new Set(["Database.create 3"]);
  const look = (name: string, node: ts.Node) => {
    for (const signature of checker.getTypeAtLocation(node).getCallSignatures()) {
      const parameters = signature.getParameters();
      const last = parameters.at(-1);
      if (!last) continue;
      const type = checker.getNonNullableType(checker.getTypeOfSymbolAtLocation(last, node));
      const isOptions = !type.isUnion() && type.getProperty("signal") !== undefined;
      if (isOptions) found.add(`${name} ${parameters.length}`);
    }
  };
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected | ts.ModifierFlags.Static;
  for (const entry of entries) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(entry) as ts.SourceFile);
    for (const symbol of checker.getExportsOfModule(module as ts.Symbol)) {
      const isAlias = symbol.flags & ts.SymbolFlags.Alias;
      const [declaration] =
        (isAlias ? checker.getAliasedSymbol(symbol) : symbol).declarations ?? [];
      if (!declaration) continue;
      if (ts.isFunctionDeclaration(declaration)) look(symbol.name, declaration);
      if (!ts.isClassDeclaration(declaration)) continue;
      for (const member of declaration.members) {
        if (!ts.isMethodDeclaration(member) || ts.isPrivateIdentifier(member.name)) continue;
        if (ts.getCombinedModifierFlags(member) & hidden) continue;
        look(`${symbol.name}.${member.name.getText()}`, member);
      }
    }
  }
  return [...found].sort();
}

it("each method and function with options is tried with wrong ones", () => {
  expect(Object.keys(calls).sort()).toEqual(withOptions());
});
