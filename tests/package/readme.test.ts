import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { startServer } from "../server/server.js";

const root = new URL("../../", import.meta.url);

const blocks = Array.from(
  readFileSync(new URL("README.md", root), "utf8").matchAll(/```js\n(.*?)```/gs),
  ([, code = ""]) => code,
);

/** What a program prints that is run where "couchfetch" is the package itself. */
async function run(program: string): Promise<string> {
  const server = await startServer();
  try {
    const code = program.replace("http://localhost:5984", server.url);
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--input-type=module", "--eval", code],
      { cwd: fileURLToPath(root) },
    );
    return stdout;
  } finally {
    await server.close();
  }
}

test("the README's program does what it says", async () => {
  const stdout = await run(blocks[0] ?? "");
  expect(stdout.split("\n").slice(0, 2)).toEqual(["cat 4", "cat"]);
  expect(stdout).toMatch(/^cat \{.*legs: 5/ms);
});

test("so do its bulk write and its attachment", async () => {
  const [program = "", bulk = "", attachment = ""] = blocks;
  const opened = program.split("// Documents as they arrive")[0];
  const print = `
    console.log(ok.map(({ id }) => id), error, response.length, picture.type, await picture.text());
    await couch.close();`;
  // The cat has moved on.
  const again = "await cat.fetch();";
  const stdout = await run([opened, bulk, again, attachment, print].join("\n"));
  expect(stdout).toBe("[ 'cat', 'dog', 'fish' ] [] 3 image/svg+xml <svg/>\n");
});
