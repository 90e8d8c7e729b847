import { describe, expect, test } from "vitest";
import {
  coreSizes,
  entrySizes,
  errorSizes,
  featureSizes,
  limits,
  type Measured,
  wholeSize,
} from "./size.js";

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

  test("everything", async () => {
    const size = await wholeSize();
    expect(over([size])).toEqual([]);
    expect(size.bytes).toBeGreaterThan(limits.core);
  });

  test("each other entry", async () => {
    const sizes = await entrySizes();
    expect(over(sizes)).toEqual([]);
    for (const { name, bytes } of sizes) expect(bytes, name).toBeGreaterThan(1_000);
  });
});
