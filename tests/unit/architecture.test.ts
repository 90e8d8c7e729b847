import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../src/", import.meta.url));

/** The layers, the highest first. A file imports from its own layer's folder and from lower layers. */
const layers = [
  ["."],
  ["admin"],
  ["features"],
  ["client"],
  ["changes"],
  ["queries"],
  ["documents"],
  ["http"],
  ["auth", "streams"],
  ["shared"],
];

const folderOf = (file: string) => (file.includes("/") ? file.split("/", 1)[0] : ".");
const layerOf = (file: string) =>
  layers.findIndex((folders) => folders.includes(folderOf(file) ?? ""));

const files = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.replaceAll("\\", "/"));

/** Every import of every file, types included. */
const imports = files.flatMap((from) => {
  const text = readFileSync(join(root, from), "utf8");
  const found = text.matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g);
  return Array.from(found, ([, path = ""]) => {
    const to = posix.normalize(posix.join(dirname(from), path)).replace(/\.js$/, ".ts");
    return { from, to };
  });
});

test("every file is in a folder that is a layer", () => {
  expect(imports.length).toBeGreaterThan(200);
  expect(files.filter((file) => layerOf(file) === -1)).toEqual([]);
});

test("no import points upward or sideways, types included", () => {
  const wrong = imports.filter(
    ({ from, to }) => layerOf(to) <= layerOf(from) && folderOf(to) !== folderOf(from),
  );
  expect(wrong.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
});

test("there are no import cycles, types included", () => {
  const targets = new Map(files.map((file) => [file, imports.filter(({ from }) => from === file)]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: string[]) => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(" → "));
    if (done.has(file) || path.includes(file)) return;
    for (const { to } of targets.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  expect(cycles).toEqual([]);
});
