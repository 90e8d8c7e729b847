import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { isGood, outcomeTable, report } from "./outcome.js";
import { chosen } from "./suite.js";

const main = fileURLToPath(new URL("main.ts", import.meta.url));

/** What comes of three cases in a "Bun" that is this program. */
async function runIn(program: string): Promise<{ code: number; stdout: string }> {
  const folder = mkdtempSync(join(tmpdir(), "couchfetch-"));
  try {
    const path = join(folder, "program.mjs");
    writeFileSync(
      path,
      `#!${process.execPath}
      if (process.argv[2] === "--version") console.log("1.2.3");
      else {
        const { results } = JSON.parse(process.env.ORDER);
        const tell = (body) => fetch(results, { method: "POST", body });
        ${program}
      }`,
    );
    chmodSync(path, 0o755);
    const run = promisify(execFile)(
      process.execPath,
      ["--import", "tsx", main, "--runtime", "bun", "--only", "a scan goes on"],
      { env: { ...process.env, BUN_PATH: path } },
    );
    return await run.then(
      ({ stdout }) => ({ code: 0, stdout }),
      ({ code, stdout }: { code: number; stdout: string }) => ({ code, stdout }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const [passed, failed, lost] = chosen({ only: "a scan goes on" }).map(([name]) => ({ name }));

test("a result that did not come back is a failure, and so is one that says so", async () => {
  const { code, stdout } = await runIn(`
    await tell(${JSON.stringify(JSON.stringify(passed))});
    await tell(${JSON.stringify(JSON.stringify({ ...failed, failed: "Error: it did not" }))});
    await tell("end");`);
  expect(code).toBe(1);
  expect(stdout).toContain(`FAILED ${failed?.name}\n    Error: it did not`);
  expect(stdout).toContain(`FAILED ${lost?.name}\n    no result came back`);
  expect(stdout).toMatch(/^bun +1\.2\.3 +1 +2 +0 +\d/m);
});

test("a runtime that breaks down has failed in all that was left, and says what it said", async () => {
  const { code, stdout } = await runIn(`
    console.error("out of memory");
    process.exitCode = 7;`);
  expect(code).toBe(1);
  expect(stdout).toMatch(/FAILED .*\n.* ended with 7:\n +out of memory/);
  expect(stdout).toMatch(/^bun +1\.2\.3 +0 +3 +0 +\d/m);
});

test("a runtime that is missing is named, and a failure where all are required", () => {
  const missing = { name: "deno", missing: "npm has it" };
  expect(report(missing)).toBe("deno is MISSING: npm has it");
  expect(outcomeTable([missing])).toMatch(/^deno +missing/m);
  expect(isGood(missing, false)).toBe(true);
  expect(isGood(missing, true)).toBe(false);
});

test("what was left out is told, with its reason, and nothing passed is no success", () => {
  const skipped = new Map([["it cannot", ["one", "other"]]]);
  const run = { name: "deno", version: "1.2.3", passed: 0, failed: [], skipped, seconds: 1 };
  expect(report(run)).toMatch(/2 skipped: it cannot\n +one\n +other/);
  expect(isGood(run, false)).toBe(false);
});

test("no two cases have one name", () => {
  const names = chosen({ only: "" }).map(([name]) => name);
  expect(new Set(names).size).toBe(names.length);
});
