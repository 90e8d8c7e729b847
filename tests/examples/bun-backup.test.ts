import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { basic, CouchDB, type Database } from "couchfetch";
import { exportDocs, importDocs } from "couchfetch/transfer";
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

  const start = (command: string, of: Database, file: string) => {
    const address = new URL(of.id, `${server.url.replace(/\/?$/, "/")}`);
    address.username = server.user;
    address.password = server.password;
    const parameters = [command, address.href, file];
    return startProgram("examples/bun-backup/backup.ts", { runtime, parameters });
  };

  const run = async (command: string, of: Database, file: string) => {
    const { ended, printed } = start(command, of, file);
    expect(`${await ended} ${printed()}`).toMatch(/^0 /);
    return printed();
  };

  test.skipIf(reason)(
    "brings everything back, as it was, and goes on where it ended",
    {
      timeout: 60_000,
    },
    async () => {
      // What other readers take for the end of a line, among others.
      const text = "é\n\u2028\u2029\u0085\r";
      await importDocs(
        db,
        Array.from({ length: 1200 }, (_, n) => ({ _id: `d/${n}`, n, text })),
      );
      await (await db.get("d/7")).attachment("a.txt").save("hello", "text/plain");
      await db.document("_design/zoo", { views: {} }).save();
      const file = join(folder, "file.ndjson");
      expect(await run("save", db, file)).toContain("1201 saved");
      const whole = readFileSync(file);

      // It is not taken for one that was interrupted.
      const again = start("save", db, file);
      expect(await again.ended).not.toBe(0);
      expect(again.printed()).toContain("is there already");

      // Killed at any byte of it.
      const cuts = [0, 1, whole.indexOf("é") + 1, Math.floor(whole.length / 3), whole.length - 1];
      for (const bytes of cuts) {
        writeFileSync(`${file}.part`, whole.subarray(0, bytes));
        rmSync(file);
        expect(await run("save", db, file)).toContain("1201 saved");
        expect(readFileSync(file)).toEqual(whole);
      }

      // A part is there already, as after a run that was killed.
      await couch.create(copy.id);
      await importDocs(copy, exportDocs(db, { limit: 500 }), { new_edits: false });
      const told = await run("restore", copy, file);
      expect(told).toContain("1201 restored");
      expect(told).toContain("500 of them were known already");
      expect(await contents(copy)).toEqual(await contents(db));
      expect(await run("restore", copy, file)).toContain("1201 of them were known");
      expect((await copy.info()).doc_count).toBe(1201);

      // What is left of a broken file comes back, and it says so.
      await copy.delete();
      truncateSync(file, whole.length - 5);
      const broken = await run("restore", copy, file);
      expect(broken).toContain("The last line is not complete");
      expect(broken).toContain("1200 restored");
      expect((await copy.info()).doc_count).toBe(1200);
    },
  );
});
