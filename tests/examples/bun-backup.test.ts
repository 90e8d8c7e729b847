import { mkdtempSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { basic, CouchDB, type Database } from "couchfetch";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { findProgram, installPrograms } from "../runtimes/programs.js";
import { type ServerUnderTest, serverUnderTest } from "../server-under-test.js";
import { startProgram } from "./program.js";

let server: ServerUnderTest;
let couch: CouchDB;
let db: Database;
let copy: Database;
let folder: string;

beforeAll(installPrograms, 300_000);

beforeEach(async () => {
  server = await serverUnderTest();
  couch = new CouchDB(server.url, { auth: basic(server.user, server.password) });
  db = await couch.create(`backup_${crypto.randomUUID()}`);
  copy = couch.database(`copy_${crypto.randomUUID()}`);
  folder = mkdtempSync(join(tmpdir(), "couchfetch-backup-"));
});

afterEach(async () => {
  for (const each of [db, copy]) await each.delete().catch(() => {});
  await couch.close();
  await server.close();
  rmSync(folder, { recursive: true });
});

const runtimes = { bun: [findProgram("bun") ?? ""], node: [process.execPath, "--import", "tsx"] };

async function contents(of: Database) {
  const docs = await of.docs({ includeDesignDocs: true, attachments: true }).toArray();
  return docs.map(({ data }) => data);
}

describe.each(Object.entries(runtimes))("the backup, in %s", (name, runtime) => {
  const reason = runtime[0] ? undefined : `there is no ${name} here`;
  if (reason) console.warn(`examples/bun-backup is not tried: ${reason}`);

  const run = async (command: string, of: Database, file: string) => {
    const address = new URL(of.id, `${server.url.replace(/\/?$/, "/")}`);
    address.username = server.user;
    address.password = server.password;
    const parameters = [command, address.href, file];
    const { ended, printed } = startProgram("examples/bun-backup/backup.ts", {
      runtime,
      parameters,
    });
    expect(`${await ended} ${printed()}`).toMatch(/^0 /);
    return printed();
  };

  test.skipIf(reason)(
    "brings everything back, as it was, and goes on where it ended",
    {
      timeout: 60_000,
    },
    async () => {
      await db.import(Array.from({ length: 1200 }, (_, n) => ({ _id: `d/${n}`, n, text: "é\n" })));
      await (await db.get("d/7")).attachment("a.txt").save("hello", "text/plain");
      await db.document("_design/zoo", { views: {} }).save();
      const file = join(folder, "file.ndjson");
      expect(await run("save", db, file)).toContain("1201 saved");
      const whole = readFileSync(file, "utf8");
      expect(await run("save", db, file)).toContain("1201 saved");
      expect(readFileSync(file, "utf8")).toBe(whole);

      // Killed in the middle of a line, when a part was written.
      truncateSync(file, Math.floor(whole.length / 3));
      expect(await run("save", db, file)).toContain("1201 saved");
      expect(readFileSync(file, "utf8")).toBe(whole);

      // A part is there already, as after a run that was killed.
      await couch.create(copy.id);
      await copy.import(db.export({ limit: 500 }), { new_edits: false });
      expect(await run("restore", copy, file)).toContain("1201 restored");
      expect(await contents(copy)).toEqual(await contents(db));
      expect(await run("restore", copy, file)).toContain("1201 restored");
      expect((await copy.info()).doc_count).toBe(1201);
    },
  );
});
