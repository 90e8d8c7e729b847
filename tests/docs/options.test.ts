import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const files = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) =>
    ts.createSourceFile(
      file,
      readFileSync(join(root, "src", file), "utf8"),
      ts.ScriptTarget.Latest,
      true,
    ),
  );

/** What users give, by the names of its types. */
const options = files
  .flatMap((file) => file.statements)
  .filter((node) => ts.isInterfaceDeclaration(node))
  .filter(({ name }) => /(Options|Params|Definition|Setup|Start)$/.test(name.text));

// CouchDB knows nothing of these.
const ours = new Set([
  "CouchDBOptions",
  "OperationOptions",
  "RequestOptions",
  "RetryOptions",
  "SchemaOptions",
  "TransferOptions",
]);

test("every option says what it means, where it is typed", () => {
  expect(options.length).toBeGreaterThan(25);
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
