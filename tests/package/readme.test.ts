import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { startServer } from "../server/server.js";

const root = new URL("../../", import.meta.url);

test("the README's program does what it says", async () => {
  const server = await startServer();
  try {
    const readme = readFileSync(new URL("README.md", root), "utf8");
    const [, program = ""] = /```js\n(.*?)```/s.exec(readme) ?? [];
    const code = program.replace("http://localhost:5984", server.url);
    // Resolved from the package's own folder, where "couchfetch" is the package itself.
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--input-type=module", "--eval", code],
      { cwd: fileURLToPath(root) },
    );
    expect(stdout.split("\n").slice(0, 2)).toEqual(["cat 4", "cat"]);
    expect(stdout).toMatch(/^cat \{.*legs: 5/ms);
  } finally {
    await server.close();
  }
});
