import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { json, startAnswering } from "../faults/answering.js";
import { startServer } from "../server/server.js";

const root = new URL("../../", import.meta.url);

const blocks = Array.from(
  readFileSync(new URL("README.md", root), "utf8").matchAll(/```js\n(.*?)```/gs),
  ([, code = ""]) => code,
);

/** The block that has this text. */
const blockWith = (text: string) => blocks.find((block) => block.includes(text)) ?? "";

/** What a program prints that is run where "couchfetch" is the package itself. */
async function run(
  program: string,
  start: () => Promise<{ url: string; close(): Promise<void> }> = startServer,
): Promise<string> {
  const server = await start();
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

const opened = blocks[0]?.split("// Documents as they arrive")[0];

test("the README's program does what it says", async () => {
  const stdout = await run(blocks[0] ?? "");
  expect(stdout.split("\n").slice(0, 2)).toEqual(["cat 4", "cat"]);
  expect(stdout).toMatch(/^cat \{.*legs: 5/ms);
});

test("so do its calls for one document, and its pages", async () => {
  const print = `
    console.log((await animals.get("visits")).data.count, rows.length, next, more.rows.length);
    await couch.close();`;
  const parts = [opened, blockWith("upsert"), blockWith("page(animals"), print];
  expect(await run(parts.join("\n"))).toMatch(/^(cat|fox)\n1 2 undefined 2\n$/);
});

test("so do its bulk write and its attachment", async () => {
  const bulk = blockWith("updateDocs");
  const attachment = blockWith("attachment(");
  const print = `
    console.log(ok.map(({ id }) => id), error, response.length, picture.type, await picture.text());
    await couch.close();`;
  // The cat has moved on.
  const again = "await cat.fetch();";
  const stdout = await run([opened, bulk, again, attachment, print].join("\n"));
  expect(stdout).toBe("[ 'cat', 'dog', 'fish' ] [] 3 image/svg+xml <svg/>\n");
});

test("so does its import, of what its export gives, too", async () => {
  const given = `
    const source = [{ _id: "cat", legs: 3 }, { _id: "dog", legs: 4 }];
    const copy = await couch.create("copy");`;
  const print = `
    console.log(read, written, conflicts, failed, await copy.keys().toArray());
    await couch.close();`;
  const stdout = await run([opened, given, blockWith("importDocs"), print].join("\n"));
  expect(stdout).toBe("2 2 0 0 [ 'cat', 'dog' ]\n");
});

test("docs/getting-started.md is a program, which can be run again", async () => {
  const page = readFileSync(new URL("docs/getting-started.md", root), "utf8");
  const parts = Array.from(page.matchAll(/```js\n(.*?)```/gs), ([, code = ""]) => code);
  const server = await startServer();
  const again = async () => ({ url: server.url, close: async () => {} });
  const first = await run(parts.join("\n"), again);
  expect(first).toMatch(/^cat 4\ncat\n/m);
  expect(first).toContain("count: 1");
  expect(await run(parts.join("\n"), again)).toContain("count: 2");
  await server.close();
});

test("so do its numbers, digit for digit", async () => {
  const program = blockWith("lossless-json");
  // The embedded server keeps doubles.
  const whale = '{"_id":"whale","_rev":"1-a","weight":12345678901234567890,"age":1.0}';
  let saved = "";
  const start = () =>
    startAnswering((response, _before, { method }, body) => {
      if (method !== "PUT") return response.end(whale);
      saved = body;
      json(response, 201, { ok: true, id: "whale", rev: "2-b" });
    });
  await run(
    `import { CouchDB, basic } from "couchfetch";\n${program}\nawait exact.close();`,
    start,
  );
  expect(saved).toBe(`${whale.slice(0, -1)},"krill":9007199254740993}`);
});
