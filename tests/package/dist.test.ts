import { execFile } from "node:child_process";
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { internalNames } from "../../tsup.config.js";
import { json, startAnswering } from "../faults/answering.js";

const dist = new URL("../../dist/", import.meta.url);
const run = promisify(execFile);

/** A folder with the built file and a program that uses it, and nothing else around them. */
let folder: string;
let server: Awaited<ReturnType<typeof startAnswering>>;

beforeAll(async () => {
  server = await startAnswering((response) => json(response, 200, { couchdb: "Welcome" }));
  folder = mkdtempSync(join(tmpdir(), "couchfetch-"));
  copyFileSync(new URL("index.js", dist), join(folder, "couchfetch.mjs"));
  writeFileSync(
    join(folder, "program.mjs"),
    `import { CouchDB } from "./couchfetch.mjs";
     console.log((await new CouchDB("${server.url}").info()).couchdb);`,
  );
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await server.close();
});

describe("dist/index.js", () => {
  test("imports nothing, and carries ky's licence", () => {
    const code = readFileSync(new URL("index.js", dist), "utf8");
    expect(code).not.toMatch(/^\s*(import|export)\b[^\n]*\bfrom\b/m);
    // A method may be called so.
    expect(code).not.toMatch(/(?<!async |\.)\b(require|import)\s*\(/);
    expect(readFileSync(new URL("LICENSE-ky.txt", dist), "utf8")).toContain("Sindre Sorhus");
  });

  test.each(["admin.js", "live.js", "transfer.js"])(
    "dist/%s imports it, and nothing else",
    (name) => {
      const code = readFileSync(new URL(name, dist), "utf8");
      const imported = [...code.matchAll(/^\s*(?:import|\})[^"]* from "(.*)";$/gm)];
      expect(new Set(imported.map(([, from]) => from))).toEqual(new Set(["./index.js"]));
      // Errors of its own would be no CouchDBErrors.
      expect(code).not.toMatch(/extends Error|\bky\b/);
    },
  );

  test("dist/tanstack-db.js imports it and dist/live.js, and nothing else", () => {
    const code = readFileSync(new URL("tanstack-db.js", dist), "utf8");
    const imported = [...code.matchAll(/^\s*(?:import|\})[^"]* from "(.*)";$/gm)];
    expect(new Set(imported.map(([, from]) => from))).toEqual(new Set(["./index.js", "./live.js"]));
  });

  test("exports what other entries need without showing it in its types", async () => {
    const library = await import(new URL("index.js", dist).href);
    const types = readFileSync(new URL("index.d.ts", dist), "utf8");
    const shown = /^export \{(.*)\};$/m
      .exec(types)?.[1]
      ?.split(",")
      .map((name) => name.trim());
    const hidden = Object.keys(library).filter((name) => !shown?.includes(name));
    expect(hidden).toContain("documentWrite");
    const uses = ["admin.js", "live.js", "tanstack-db.js", "transfer.js"].map((name) =>
      readFileSync(new URL(name, dist), "utf8"),
    );
    for (const name of hidden) expect(uses.join(), name).toMatch(new RegExp(`\\b${name}\\b`));
  });

  test("dist/schema.js imports nothing, and has no part of a session", () => {
    const code = readFileSync(new URL("schema.js", dist), "utf8");
    expect(code).not.toMatch(/^\s*import\b/m);
    expect(code).not.toMatch(/CouchDBError|\bfetch\b/);
  });

  test("has types that show no ky, and import nothing", () => {
    const types = readFileSync(new URL("index.d.ts", dist), "utf8");
    expect(types).not.toMatch(/\bky\b|^import\b/im);
  });

  test("shortens internal names only, all of which exist", () => {
    const read = (name: string) => readFileSync(new URL(name, dist), "utf8");
    const withoutComments = (code: string) => code.replace(/\/\*[\s\S]*?\*\//g, "");
    const types = withoutComments(
      ["index", "admin", "live", "schema", "tanstack-db", "transfer"]
        .map((name) => read(`${name}.d.ts`))
        .join(""),
    );
    const code = withoutComments(
      ["index", "admin", "live", "schema", "tanstack-db", "transfer"]
        .map((name) => read(`${name}.js`))
        .join(""),
    );
    const sources = readdirSync(new URL("../src/", dist), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => readFileSync(new URL(`../src/${name}`, dist), "utf8"))
      .join();
    for (const name of internalNames) {
      expect(types).not.toMatch(new RegExp(`\\b${name}\\b`));
      // Not looked up as a string, which stays as it is.
      expect(code).not.toMatch(new RegExp(`["'\`]${name}["'\`]`));
      expect(sources).toMatch(new RegExp(`\\b${name}\\b`));
    }
  });

  test("runs as it is in Node", async () => {
    const { stdout } = await run(process.execPath, [join(folder, "program.mjs")]);
    expect(stdout).toBe("Welcome\n");
  });
});
