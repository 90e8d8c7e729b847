import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { basic, CouchDB } from "couchfetch";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { freePort } from "../free-port.js";
import { findProgram } from "../runtimes/programs.js";
import { type ServerUnderTest, serverUnderTest } from "../server-under-test.js";
import { blocks } from "./blocks.js";

const patience = { timeout: 10_000 };

let server: ServerUnderTest;
let folder: string;
let child: ChildProcess | undefined;

beforeEach(async () => {
  server = await serverUnderTest();
  folder = mkdtempSync(join(tmpdir(), "couchfetch-proxies-"));
});

afterEach(async () => {
  if (child && child.exitCode === null) {
    child.kill();
    await once(child, "exit");
  }
  child = undefined;
  await server.close();
  rmSync(folder, { recursive: true });
});

/** How each is started with a configuration of the page. */
const programs: Record<string, (config: string) => { file: string; parameters: string[] }> = {
  nginx(config) {
    const file = join(folder, "nginx.conf");
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map((name) => `${name}_temp_path ${folder};`)
      .join("\n");
    writeFileSync(
      file,
      `daemon off;\npid ${folder}/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n${temporary}\n${config}}\n`,
    );
    return { file, parameters: ["-c", file, "-p", folder] };
  },
  haproxy(config) {
    const file = join(folder, "haproxy.cfg");
    writeFileSync(file, config);
    return { file, parameters: ["-f", file] };
  },
};

const shown = blocks().filter(({ page }) => page === "docs/proxies.md");

describe.each(["nginx", "haproxy"])("%s", (name) => {
  const program = findProgram(name);
  if (!program) {
    console.warn(
      `${name} of docs/proxies.md is not tried: there is none here (Debian: apt-get install ${name})`,
    );
  }
  const configs = shown.filter(({ language }) => language === name);

  test("is on the page", () => expect(configs.length).toBeGreaterThan(0));

  for (const { line, code } of configs) {
    test.skipIf(!program)(`line ${line} passes everything on, and at once`, async () => {
      const port = await freePort();
      const config = code
        .replaceAll("127.0.0.1:5984", new URL(server.url).host)
        .replace(/(listen |bind :)8080/, (_, word) =>
          word.startsWith("listen") ? `listen 127.0.0.1:${port}` : `bind 127.0.0.1:${port}`,
        );
      const { parameters } = programs[name]?.(config) ?? { parameters: [] };
      child = spawn(program ?? "", parameters, { stdio: "ignore" });
      const path = code.includes("/db/") ? "/db" : "";
      const auth = basic(server.user, server.password);
      const couch = new CouchDB(`http://127.0.0.1:${port}${path}`, { auth });
      const isUp = () => couch.info().then(({ couchdb }) => couchdb, String);
      await expect.poll(isUp, patience).toBe("Welcome");

      const db = await couch.create(`proxies_${crypto.randomUUID()}`);
      try {
        const feed = db.changes({ feed: "continuous", since: "now" });
        const changes = feed[Symbol.asyncIterator]();
        const first = changes.next();
        await expect.poll(() => feed.sequence, patience).toBeDefined();
        const doc = await db.create("a/b c%2Fd+é", { n: 1 });
        await doc.save();
        expect((await first).value?.id).toBe(doc.id);
        // Each as it happens: what is gathered would come with the next.
        for (const n of [2, 3]) {
          const next = changes.next();
          await doc.update((data) => {
            data.n = n;
          });
          expect((await next).value?.rev).toBe(doc.rev);
        }
        await feed.close();
        expect((await db.keys({ prefix: "a/b" }).toArray())[0]).toBe(doc.id);
        // More than nginx takes of itself.
        const large = new Blob([new Uint8Array(3_000_000)]);
        await doc.attachment("x/y.bin").save(large, "application/octet-stream");
        const answer = await doc.attachment("x/y.bin").fetch();
        expect((await answer.blob()).size).toBe(large.size);
      } finally {
        await db.delete();
        await couch.close();
      }
    });
  }
});
