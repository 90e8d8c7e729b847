import { readdirSync, readFileSync } from "node:fs";
import * as couchfetch from "couchfetch";
import { admin } from "couchfetch/admin";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ServerUnderTest, serverUnderTest } from "../server-under-test.js";
import { parse, type Row } from "./page.js";

const { basic, CouchDB, NotFoundError } = couchfetch;
const docs = new URL("../../docs/", import.meta.url);

const AsyncFunction = (async () => {}).constructor as FunctionConstructor;

/** Runs a row's code: an expression, whose rows are read to the end, or else statements. */
async function run({ code = "", gives }: Row, scope: Record<string, unknown>): Promise<void> {
  const names = Object.keys(scope);
  const evaluate = (body: string) => new AsyncFunction(...names, body)(...Object.values(scope));
  let expression = `return (${code}\n)`;
  try {
    new AsyncFunction(...names, expression);
  } catch {
    // In a block, whose names may be those of the scope.
    expression = `{ ${code}\n}`;
  }
  const value = await evaluate(expression);
  if (typeof value?.[Symbol.asyncIterator] === "function") for await (const _ of value);
  if (gives) expect(value).toEqual(await evaluate(`return (${gives})`));
}

let server: ServerUnderTest;
let couch: couchfetch.CouchDB;

beforeAll(async () => {
  server = await serverUnderTest();
  couch = new CouchDB(server.url, { auth: basic(server.user, server.password) });
  // Which every CouchDB has, once it is set up.
  for (const name of ["_users", "_replicator"]) await couch.create(name, { existsOk: true });
});

afterAll(async () => {
  await couch.close();
  await server.close();
});

const animals = {
  cat: {
    legs: 4,
    _attachments: { "note.txt": { content_type: "text/plain", data: btoa("miaow") } },
  },
  dog: { legs: 4 },
  "bird:owl": { legs: 2 },
  "_design/zoo": {
    views: { by_legs: { map: "function (doc) { emit(doc.legs, doc._id); }", reduce: "_count" } },
    updates: { update: "function (doc, req) { return [doc, 'done']; }" },
    filters: { legs: "function (doc, req) { return doc.legs == req.query.legs; }" },
  },
};

// What only CouchDB itself has.
const beyond = /\b(replicate|replicator|search|explain|partition|callUpdate)\(|_show|_list/;

/** What the pages say is there. */
async function prepare(
  session: couchfetch.CouchDB,
  name: string,
  other: string,
  partitioned: boolean,
) {
  const { url, user, password } = server;
  const db = await session.create(name, { partitioned });
  await db.createDocs((docs) => {
    for (const [id, data] of Object.entries(animals))
      if (!partitioned || /[:/]/.test(id)) docs.create(id, data);
  });
  const doc = await db.get(partitioned ? "bird:owl" : "cat");
  const error = await db.get("unicorn").catch((reason: unknown) => reason);
  const silent = { log() {} };
  const names = { couch: session, db, name, other, doc, rev: doc.rev, error };
  const scope = { admin, url, user, password, ...names, console: silent };
  // A row may call every function of the package.
  for (const each of Object.keys(scope)) expect(couchfetch).not.toHaveProperty(each);
  return { ...couchfetch, ...scope };
}

/** What a row may leave behind: databases and documents that bear its names. */
async function cleanUp(name: string, other: string): Promise<void> {
  const ignoreMissing = (error: unknown) => {
    if (!(error instanceof NotFoundError)) throw error;
  };
  for (const each of [name, other]) {
    // A database that was just deleted is beyond CouchDB: ask it, or delete it again, and it may answer 500.
    const names = await couch.keys({ startkey: each, endkey: each });
    for (const left of names) await couch.delete(left).catch(ignoreMissing);
    for (const [system, id] of [
      ["_users", `org.couchdb.user:${each}`],
      ["_replicator", each],
    ] as const) {
      const doc = await couch.database(system).get(id).catch(ignoreMissing);
      // Again, if the replicator writes to it meanwhile.
      await doc?.update((data) => {
        data._deleted = true;
      });
    }
  }
}

test.each([
  ["no rows", "| theirs | couchfetch |\n|---|---|"],
  ["another header", "| theirs | ours |\n|---|---|\n| `a` | `b` |"],
  ["a cell too many", "| theirs | couchfetch |\n|---|---|\n| `a` | `b` | c |"],
  ["a row without an end", "| theirs | couchfetch |\n|---|---|\n| `a` | `b`"],
  ["words for code", "| theirs | couchfetch |\n|---|---|\n| `a` | b |"],
  ["no reason", "| theirs | couchfetch | notes |\n|---|---|---|\n| `a` | — | |"],
  ["no value", "| theirs | couchfetch | notes |\n|---|---|---|\n| `a` | `b` | gives four |"],
  ["an open block", "| theirs | couchfetch |\n|---|---|\n| `a` | `b` |\n```"],
])("a page is refused for %s", (_, page) => {
  expect(() => parse(page)).toThrow();
});

for (const file of readdirSync(docs).filter((each) => each.startsWith("from-"))) {
  describe(file, () => {
    const rows = parse(readFileSync(new URL(file, docs), "utf8"));
    const untried = rows.filter(({ missing }) => missing);
    console.log(`${file}: ${rows.length} rows, of which ${untried.length} cannot be tried`);
    for (const row of rows) {
      const title = `${row.line}: ${row.theirs}`;
      const isBeyond = !process.env.COUCHDB_URL && beyond.test(row.code ?? "");
      const reason = row.missing ?? (isBeyond ? "the embedded server has none of it" : undefined);
      if (reason) console.log(`not tried: ${file}:${title}: ${reason}`);
      const isRefused = /\bsearch\(|_show|_list/.test(row.code ?? "");
      const isPartitioned = /\bpartition\(/.test(row.code ?? "");
      test.skipIf(reason)(title, async () => {
        const [name, other] = [`zoo_${crypto.randomUUID()}`, `zoo_${crypto.randomUUID()}`];
        const session = new CouchDB(server.url, { auth: basic(server.user, server.password) });
        try {
          const done = run(row, await prepare(session, name, other, isPartitioned));
          // There is no search without a service of its own, and here no such function.
          if (isRefused) await expect(done).rejects.toThrow(couchfetch.CouchDBError);
          else await done;
        } finally {
          await session.close();
          await cleanUp(name, other);
        }
      });
    }
  });
}
