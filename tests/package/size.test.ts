import { describe, expect, test } from "vitest";
import { coreSizes, errorSizes, featureSizes, fileSizes, limits, type Measured } from "./size.js";

// Bundlers are installed and run.
const timeout = 300_000;

const over = (sizes: Measured[]) => sizes.filter(({ bytes, limit }) => bytes > limit);

describe("an application pays for what it imports", () => {
  test("a session with documents, queries and changes", { timeout }, async () => {
    const sizes = await coreSizes();
    expect(sizes.map(({ name }) => name)).toEqual(["esbuild", "Rollup", "Vite", "webpack"]);
    for (const { bytes } of sizes) expect(bytes).toBeGreaterThan(10_000);
    expect(over(sizes)).toEqual([]);
  });

  test("an error class costs next to nothing", { timeout }, async () => {
    const sizes = await errorSizes();
    for (const { bytes } of sizes) expect(bytes).toBeGreaterThan(300);
    expect(over(sizes)).toEqual([]);
  });

  test("each function", { timeout }, async () => {
    const sizes = await featureSizes();
    expect(sizes.length).toBeGreaterThan(25);
    for (const { name, bytes } of sizes) expect(bytes, name).toBeGreaterThan(0);
    expect(over(sizes)).toEqual([]);
  });

  test("each file of dist", async () => {
    const sizes = await fileSizes();
    expect(over(sizes)).toEqual([]);
    expect(sizes[0]?.bytes).toBeGreaterThan(limits.core);
    for (const { name, bytes } of sizes) expect(bytes, name).toBeGreaterThan(2_000);
  });
});
