/** `npm run server`, as a process. */

import { execFile } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { promisify } from "node:util";
import { afterEach, expect, test } from "vitest";
import { Client } from "./client.js";
import { cwd, start, stop, stopAll } from "./command.js";

const file = "tests/server/main.ts";

afterEach(stopAll);

interface Ending {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs the command until it ends. */
function run(command: string, parameters: string[]): Promise<Ending> {
  return promisify(execFile)(command, parameters, { cwd }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error) => error as Ending,
  );
}

test("it starts on a free port, with the databases and users that it was given", async () => {
  const account = ["--user", "jan", "--password", "a:b"];
  const { url } = await start(
    ...account,
    "--database",
    "zoo",
    "--database",
    "a+b/c",
    "--database=zoo",
  );
  const client = new Client(url.replace("//", "//jan:a%3Ab@"));
  const expected = ["_replicator", "_users", "a+b/c", "zoo"];
  expect(await client.json("GET", "/_all_dbs")).toEqual(expected);
  expect((await fetch(`${url}/_all_dbs`)).status).toBe(401);
});

test("`--cors-credentials` lets pages send cookies, and is off otherwise", async () => {
  const credentialsAt = async (url: string) => {
    const { headers } = await fetch(url, { headers: { origin: "https://app.example.org" } });
    expect(headers.get("access-control-allow-origin")).toBe("https://app.example.org");
    return headers.get("access-control-allow-credentials");
  };
  const [without, having] = await Promise.all([start(), start("--cors-credentials")]);
  expect(await credentialsAt(without.url)).toBe(null);
  expect(await credentialsAt(having.url)).toBe("true");
});

test("a signal ends it, with a feed open", async () => {
  const { child, url } = await start("--database", "zoo");
  const { credentials } = new Client(url.replace("//", "//admin:secret@"));
  const feed = await fetch(`${url}/zoo/_changes?feed=continuous`, { headers: credentials });
  expect(feed.status).toBe(200);
  await stop(child);
  await expect(fetch(url)).rejects.toThrow();
});

test("`--help` prints each option", async () => {
  const { code, stdout, stderr } = await run("npm", ["run", "server", "--", "--help"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const options = stdout.match(/^ {2}--[\w-]+/gm)?.map((option) => option.trim());
  const all = ["port", "host", "user", "password", "database", "cors-credentials", "help"];
  expect(options).toEqual(all.map((name) => `--${name}`));
});

test("a port that is taken is one line, and exit code 1", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  try {
    const { port } = other.address() as AddressInfo;
    expect(
      await run("npm", ["run", "--silent", "server", "--", "--port", `${port}`]),
    ).toMatchObject({
      code: 1,
      stdout: "",
      stderr: `server: 127.0.0.1:${port} is taken, pass another --port; see "npm run server -- --help"\n`,
    });
  } finally {
    other.close();
  }
});

const wrong: [parameters: string, reason: string][] = [
  ["--prot 1", "Unknown option '--prot'"],
  ["-p 1", "Unknown option '-p'"],
  ["5984", "Unexpected argument '5984'"],
  ["--port", "--port needs a value"],
  ["--port --cors-credentials", "--port needs a value"],
  ["--port abc", '--port must be a number from 0 to 65535, got "abc"'],
  ["--port=", '--port must be a number from 0 to 65535, got ""'],
  ["--port=-1", '--port must be a number from 0 to 65535, got "-1"'],
  ["--port 65536", '--port must be a number from 0 to 65535, got "65536"'],
  ["--port 1e3", '--port must be a number from 0 to 65535, got "1e3"'],
  ["--cors-credentials=yes", "Option '--cors-credentials' does not take an argument"],
  ["--user a:b", '--user must be a name without a colon, got "a:b"'],
  ["--password=", "--password must not be empty"],
  ["--database", "--database needs a value"],
  [
    "--database Zoo",
    "--database must be of a-z, 0-9 and _$()+-/, and begin with a letter, got 'Zoo'",
  ],
  // An address that no machine has (RFC 5737).
  [
    "--port 0 --host 192.0.2.1",
    "cannot listen: listen EADDRNOTAVAIL: address not available 192.0.2.1",
  ],
];

test.each(wrong)("`%s` is one line on stderr, and exit code 1", async (parameters, reason) => {
  const { code, stdout, stderr } = await run(process.execPath, [
    ...["--import", "tsx", file],
    ...parameters.split(" "),
  ]);
  expect({ code, stdout, stderr }).toEqual({
    code: 1,
    stdout: "",
    stderr: `server: ${reason}; see "npm run server -- --help"\n`,
  });
});
