import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../src/", import.meta.url));
const mostLines = { file: 300, function: 60 };

const files = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => ({ file, text: readFileSync(join(root, file), "utf8") }));

const linesOf = (text: string) => text.trimEnd().split("\n").length;

test(`no file has more than ${mostLines.file} lines`, () => {
  expect(files.length).toBeGreaterThan(100);
  const long = files.filter(({ text }) => linesOf(text) > mostLines.file);
  expect(long.map(({ file, text }) => `${file}: ${linesOf(text)}`)).toEqual([]);
});

test(`no function has more than ${mostLines.function} lines`, () => {
  const long: string[] = [];
  for (const { file, text } of files) {
    const visit = (node: ts.Node): void => {
      if (ts.isFunctionLike(node) && linesOf(node.getText()) > mostLines.function) {
        long.push(`${file}: ${node.name?.getText() ?? "anonymous"}`);
      }
      ts.forEachChild(node, visit);
    };
    visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
  }
  expect(long).toEqual([]);
});
