import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { rollup } from "rollup";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { limit, weigh, weights } from "./size.js";

const dist = fileURLToPath(new URL("../../dist/index.js", import.meta.url));

test(`dist/index.js has at most ${limit} kB, minified and gzipped`, async () => {
  const { raw, minified, gzipped } = await weigh();
  expect(gzipped).toBeLessThanOrEqual(limit * 1000);
  expect(gzipped).toBeGreaterThan(1000);
  expect(minified).toBeGreaterThan(gzipped);
  expect(raw).toBeGreaterThan(minified);
  const sum = (await weights()).reduce((total, [, bytes]) => total + bytes, 0);
  expect(sum / minified).toBeCloseTo(1, 1);
});

describe("an application that imports an error class gets next to nothing beside it, from", () => {
  let folder: string;
  let entry: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "couchfetch-"));
    entry = join(folder, "entry.js");
    writeFileSync(
      entry,
      `import { NotFoundError } from ${JSON.stringify(dist)};
       globalThis.is = (error) => error instanceof NotFoundError;`,
    );
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  // Two classes, and what an error says.
  const most = 1_500;

  test("esbuild", async () => {
    const options = { bundle: true, minify: true, format: "esm", target: "es2022" } as const;
    const { outputFiles } = await build({ ...options, entryPoints: [entry], write: false });
    expect(outputFiles[0]?.text).toContain("NotFoundError");
    expect(outputFiles[0]?.text.length).toBeLessThan(most);
  });

  test("Rollup", async () => {
    const bundle = await rollup({ input: entry });
    const { output } = await bundle.generate({ format: "esm" });
    expect(output[0].code).toContain("NotFoundError");
    expect(output[0].code.length).toBeLessThan(most);
    await bundle.close();
  });
});
