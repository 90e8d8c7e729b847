import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../src/", import.meta.url));

/**
 * What may know of what: each of those below it. Files of one line know each other only in one direction, which
 * the linter looks after: it refuses cycles.
 */
const layers = [
  "index admin admin/*",
  "couchdb",
  "users database",
  "documents partition import bulk deploy security design updates",
  "find search queries view changes local-checkpoint existence",
  "pages scan export feed view-response view-rows follow events import-entry import-options",
  "checkpoint feed-options patience document-source",
  "document",
  "reading",
  "attachment revisions save-with content",
  "related upload fate border outgoing request",
  "multipart multipart-reader response stubs scope",
  "auth/*",
  "transport/*",
  "auth/auth json-values bytes hex errors define-view selector validation-error standard-schema row-types",
  "streams/*",
  "types",
].map((line) => line.split(" "));

const nameOf = (file: string) => file.replace(/\.[jt]s$/, "");
const layerOf = (file: string) => {
  const named = layers.findIndex((names) => names.includes(file));
  if (named !== -1) return named;
  return layers.findIndex((names) => names.includes(`${posix.dirname(file)}/*`));
};

const files = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.replaceAll("\\", "/"));

interface Import {
  from: string;
  to: string;
  /** Of types alone: nothing of it is left when it runs. */
  isType: boolean;
}

const imports = files.flatMap((file): Import[] => {
  const text = readFileSync(join(root, file), "utf8");
  const found = text.matchAll(/^(?:import|export) (type )?[^;]*?from "(\.[^"]+)";/gm);
  return Array.from(found, ([, type, path = ""]) => {
    const to = nameOf(posix.normalize(posix.join(posix.dirname(file), path)));
    return { from: nameOf(file), to, isType: type !== undefined };
  });
});

test("each file of src has its place", () => {
  expect(imports.length).toBeGreaterThan(200);
  expect(files.map(nameOf).filter((file) => layerOf(file) === -1)).toEqual([]);
});

test("imports lead in one direction", () => {
  const upwards = imports.filter(({ from, to, isType }) => !isType && layerOf(to) < layerOf(from));
  expect(upwards.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
});

test("bytes and HTTP know nothing of documents, not even their types", () => {
  const upwards = imports.filter(
    ({ from, to }) => /^(transport|streams)\//.test(from) && layerOf(to) < layerOf(from),
  );
  expect(upwards.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
});
