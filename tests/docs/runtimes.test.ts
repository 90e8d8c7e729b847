import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { chosen } from "../runtimes/suite.js";

const page = readFileSync(new URL("../../docs/runtimes.md", import.meta.url), "utf8");

test("what docs/runtimes.md says is tried by a case is tried by one", () => {
  const cases = chosen({ only: "" }).map(([name]) => name);
  const rows = page.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| |"));
  expect(rows.length).toBeGreaterThan(10);
  for (const row of rows) expect(cases).toContain(row.split(" | ").at(-1)?.replace(/ \|$/, ""));
});
