import { copyFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { json, startAnswering } from "../faults/answering.js";
import { install } from "../install.js";
import { findProgram, installPrograms } from "../runtimes/programs.js";
import { model } from "./model.js";
import { type Project, root, run, startProject } from "./project.js";

// Packages are installed, perhaps from far away.
const patience = 300_000;

const read = (file: string) => JSON.parse(readFileSync(join(root, file), "utf8"));

let project: Project;

beforeAll(async () => {
  project = await startProject();
}, patience);

afterAll(() => project.remove());

describe("the package for npm", () => {
  const bin = (name: string) => fileURLToPath(new URL(`node_modules/${name}`, import.meta.url));

  beforeAll(() => install(new URL("./", import.meta.url), "what checks the package"), patience);

  /** What a check says, if it is not content. */
  const complaints = (script: string, ...parameters: string[]) =>
    run(process.execPath, [bin(script), project.tarball, ...parameters]).then(
      () => "",
      ({ stdout, stderr }) => `${stdout}${stderr}`,
    );

  test("publint has nothing to say", { timeout: patience }, async () => {
    expect(await complaints("publint/src/cli.js", "--strict")).toBe("");
  });

  test("its types are not wrong", { timeout: patience }, async () => {
    // It is an ES module, and nothing else: `require` of one is for Node to allow.
    const profile = ["--profile", "esm-only"];
    expect(await complaints("@arethetypeswrong/cli/dist/index.js", ...profile)).toBe("");
  });

  const types = fileURLToPath(new URL("../types/", import.meta.url));
  const files = readdirSync(types).filter((file) => file.endsWith(".ts"));
  const refusals = files
    .flatMap((file) => readFileSync(join(types, file), "utf8").split("\n"))
    .filter((line) => line.includes("@ts-expect-error:")).length;

  test("every export is documented, and the API's reference has no loose end", {
    timeout: patience,
  }, async () => {
    const out = join(project.folder, "site");
    const typedoc = [
      join(root, "node_modules/typedoc/bin/typedoc"),
      "--out",
      out,
      "--logLevel",
      "Warn",
    ];
    const said = await run(process.execPath, typedoc, { cwd: root }).then(
      ({ stdout, stderr }) => stdout + stderr,
      ({ stdout, stderr }) => stdout + stderr,
    );
    expect(said).toBe("");
    // All guides are part of it.
    const guides = readdirSync(join(root, "docs")).filter((file) => file.endsWith(".md"));
    const pages = readdirSync(join(out, "documents"));
    expect(pages.length).toBeGreaterThanOrEqual(guides.length);
  });

  const compilerOptions = {
    ...{ strict: true, noEmit: true, target: "es2022", module: "esnext", types: [] },
    moduleResolution: "bundler",
    lib: ["es2023", "dom", "dom.iterable"],
  };

  // The README says which is the oldest.
  test.each(["typescript-oldest", "typescript-newest"])(
    `what must compile does, and what must not, ${refusals} things, does not: %s`,
    { timeout: patience },
    async (name) => {
      const { folder } = project;
      for (const file of files) copyFileSync(join(types, file), join(folder, file));
      writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
      const tsc = [bin(`${name}/bin/tsc`), "-p", folder];
      const { stdout } = await run(process.execPath, tsc).catch((error) => error);
      expect(stdout).toBe("");
    },
  );

  // Not the time, which is the machine's, but how often types are made of others: that is what grows.
  const mostInstantiations = 400_000;

  test("a model of a thousand lines is checked without ado", {
    timeout: patience,
  }, async () => {
    const { folder } = project;
    const source = model();
    writeFileSync(join(folder, "model.ts"), source);
    const config = { compilerOptions, files: ["model.ts"] };
    writeFileSync(join(folder, "tsconfig.model.json"), JSON.stringify(config));
    const tsc = [bin("typescript-oldest/bin/tsc"), "-p", join(folder, "tsconfig.model.json")];
    const { stdout } = await run(process.execPath, [...tsc, "--extendedDiagnostics"]).catch(
      (error) => error,
    );
    const told = (name: string) => new RegExp(`^${name}: +([\\d.]+)`, "m").exec(stdout)?.[1];
    const lines = source.split("\n").length;
    const instantiations = Number(told("Instantiations"));
    console.log(
      `${lines} lines: ${instantiations} instantiations, ${told("Check time")} s of ${told("Total time")}`,
    );
    expect(lines).toBeGreaterThan(1_000);
    expect(stdout).not.toContain("error TS");
    expect(instantiations).toBeLessThan(mostInstantiations);
  });

  test("has what it needs, and nothing of ours beside it", async () => {
    const { stdout } = await run("tar", ["tzf", project.tarball]);
    expect(stdout.trim().split("\n").sort()).toEqual([
      "package/CHANGELOG.md",
      "package/LICENSE",
      "package/README.md",
      "package/dist/LICENSE-ky.txt",
      "package/dist/admin.d.ts",
      "package/dist/admin.js",
      "package/dist/admin.js.map",
      "package/dist/index.d.ts",
      "package/dist/index.js",
      "package/dist/index.js.map",
      "package/dist/live.d.ts",
      "package/dist/live.js",
      "package/dist/live.js.map",
      "package/dist/schema.d.ts",
      "package/dist/schema.js",
      "package/dist/schema.js.map",
      "package/dist/tanstack-db.d.ts",
      "package/dist/tanstack-db.js",
      "package/dist/tanstack-db.js.map",
      "package/dist/transfer.d.ts",
      "package/dist/transfer.js",
      "package/dist/transfer.js.map",
      "package/npm.d.ts",
      "package/package.json",
    ]);
    expect(read("package.json")).not.toHaveProperty("dependencies");
  });

  test("works from JavaScript, in a project where it is installed", async () => {
    const server = await startAnswering((response) =>
      json(response, 200, { couchdb: "Welcome", version: "3.5.0" }),
    );
    const program = join(project.folder, "program.js");
    writeFileSync(
      program,
      `import { CouchDB } from "couchfetch";
       import { admin } from "couchfetch/admin";
       import about from "couchfetch/package.json" with { type: "json" };
       const couch = new CouchDB("${server.url}");
       console.log(about.name, (await couch.info()).couchdb, await admin(couch).up().catch(String));`,
    );
    const warnings = ["--no-warnings"];
    const { stdout } = await run(process.execPath, [...warnings, program]);
    expect(stdout).toMatch(/^couchfetch Welcome InvalidResponseError: GET .*_up/);
    await server.close();
  });
});

describe("the package for JSR", () => {
  test("has the version of the one for npm", () => {
    expect(read("jsr.json").version).toBe(read("package.json").version);
  });

  test("can be published, as far as that can be tried", { timeout: patience }, async ({ skip }) => {
    if (findProgram("deno") === undefined) installPrograms();
    const deno = findProgram("deno");
    const reason = deno ? "" : "there is no Deno, which publishes to JSR";
    if (reason) console.log(`skipped: JSR: ${reason}`);
    skip(deno === undefined, reason);
    const dryRun = ["publish", "--dry-run", "--allow-dirty", "--quiet", "--no-check=remote"];
    const options = { cwd: root, env: { ...process.env, NO_COLOR: "1" } };
    const said = await run(deno ?? "", dryRun, options).then(
      () => "",
      ({ stderr }: { stderr: string }) => stderr,
    );
    expect(said).toBe("");
  });
});
