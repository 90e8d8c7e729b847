import { readFileSync } from "node:fs";
import * as couchfetch from "couchfetch";
import * as administration from "couchfetch/admin";
import * as live from "couchfetch/live";
import * as schema from "couchfetch/schema";
import * as tanstackDb from "couchfetch/tanstack-db";
import * as transfer from "couchfetch/transfer";
import { transform } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { undici } from "../faults/undici.js";
import { type ServerUnderTest, serverUnderTest } from "../server-under-test.js";
import { type Block, blocks } from "./blocks.js";
import { openTelemetry } from "./open-telemetry.js";

const { basic, CouchDB, Database, NotFoundError } = couchfetch;

const AsyncFunction = (async () => {}).constructor as FunctionConstructor;

let server: ServerUnderTest;
let couch: couchfetch.CouchDB;

beforeAll(async () => {
  server = await serverUnderTest();
  couch = new CouchDB(server.url, { auth: basic(server.user, server.password) });
  for (const name of ["_users", "_replicator", "_global_changes"]) {
    await couch.create(name, { existsOk: true });
  }
});

afterAll(async () => {
  await couch.close();
  await server.close();
});

// A live feed has no end, and a page's program is to have one: here it ends after one change.
const { changes } = Database.prototype;
Database.prototype.changes = function (options: couchfetch.ChangesOptions = {}) {
  return changes.call(this, endingSoon(options)) as never;
};
const dbUpdates: typeof couchfetch.dbUpdates = (session, options = {}) =>
  couchfetch.dbUpdates(session, endingSoon(options));

/** What a page imports. */
const library = { ...couchfetch, dbUpdates };

const modules: Record<string, () => unknown> = {
  couchfetch: () => library,
  "./couchfetch.js": () => library,
  "https://esm.sh/couchfetch": () => library,
  "couchfetch/admin": () => administration,
  "couchfetch/schema": () => schema,
  "couchfetch/live": () => live,
  "couchfetch/tanstack-db": () => tanstackDb,
  "couchfetch/transfer": () => transfer,
  "@tanstack/db": () => import("@tanstack/db"),
  zod: () => import("zod"),
  "lossless-json": () => import("lossless-json"),
  undici,
  "@opentelemetry/api": () => openTelemetry().api,
};

function endingSoon<O extends couchfetch.FeedOptions>(options: O): O {
  return options.feed === "continuous" ? { limit: 1, ...options } : options;
}

/** The pages' names of databases, and ours for them. */
function namesFor(): Map<string, string> {
  return new Map(
    ["animals", "zoo", "copy"].map((name) => [name, `${name}_${crypto.randomUUID()}`]),
  );
}

/** A block as the body of a function, to whom `modules` are given. */
async function programOf({ code, language }: Block, names: Map<string, string>) {
  const script =
    language === "html" ? (/<script[^>]*>(.*)<\/script>/s.exec(code)?.[1] ?? "") : code;
  let program = (await transform(script, { loader: "ts", format: "esm", target: "es2022" })).code;
  program = program.replace(
    /^import (?:\* as (\w+)|(\{[^}]*\})) from "([^"]+)";$/gm,
    (_, whole, some, from) =>
      `const ${whole ?? some.replaceAll(" as ", ": ")} = await modules["${from}"]();`,
  );
  program = program.replaceAll(/http:\/\/localhost:5984\/?/g, server.url.replace(/\/$/, ""));
  program = program
    .replaceAll('basic("admin", "secret")', `basic("${server.user}", "${server.password}")`)
    .replaceAll('cookie("jan", "secret")', `cookie("${server.user}", "${server.password}")`);
  for (const [name, ours] of names)
    program = program.replaceAll(RegExp(`"${name}(?=["/])`, "g"), `"${ours}`);
  // In a block: its names may be those of the scope.
  return `{ ${program} }`;
}

const zoo = {
  cat: { legs: 4, type: "mammal", born: "2020-01-02T03:04:05Z" },
  dog: { legs: 4, type: "mammal" },
  whale: { legs: 0, type: "mammal", weight: 190_000 },
  "_design/zoo": {
    views: { by_type: { map: "function (doc) { emit(doc.type, 1); }", reduce: "_sum" } },
    shows: { page: "function (doc) { return doc._id; }" },
  },
};

// What the embedded server has not, and what changes a server that may be somebody's: a server that says yes to all is
// asked instead.
const beyond = /_show\/|setConfig/;

/** What the pages take for granted. */
async function scopeOf(names: Map<string, string>, printed: unknown[][], isBeyond: boolean) {
  const open: couchfetch.CouchDB[] = [];
  class Session extends CouchDB {
    constructor(url: string, options: couchfetch.CouchDBOptions = {}) {
      super(url, { auth: basic(server.user, server.password), ...options });
      open.push(this);
    }
  }
  const session = new Session(server.url);
  const agreeing: couchfetch.Fetch = async ({ url }) =>
    Response.json(url.includes("/_config/") ? "" : { ok: true });
  const [animals, , copy] = await Promise.all(
    Array.from(names.values(), (name) => session.create(name)),
  );
  if (!animals || !copy) throw new Error("the pages have no databases");
  for (const db of [animals, session.database(names.get("zoo") ?? "")]) {
    await db.createDocs((docs) => {
      for (const [id, data] of Object.entries(zoo)) docs.create(id, data);
    });
  }
  const cat = await animals.get("cat");
  const print = (...values: unknown[]) => void printed.push(values);
  const scope = {
    ...library,
    ...administration,
    ...live,
    ...transfer,
    CouchDB: Session,
    modules,
    couch: isBeyond ? new Session(server.url, { fetch: agreeing }) : session,
    url: server.url,
    animals,
    cat,
    copy,
    error: new NotFoundError({ method: "GET", url: server.url, status: 404 }),
    source: [{ _id: "emu", legs: 2 }],
    index: { put() {}, remove() {} },
    light: {},
    show: print,
    console: { log: print, warn: print, error: print },
  };
  const close = async () => {
    for (const each of open) await each.close().catch(() => {});
    for (const name of names.values()) await couch.delete(name);
  };
  return { scope, close };
}

/** Somebody who writes, for those who wait for a change. */
function somebody(names: Iterable<string>): () => Promise<void> {
  const dbs = Array.from(names, (name) => couch.database(name));
  let isOver = false;
  const writing = (async () => {
    for (let n = 0; !isOver; n += 1) {
      for (const db of dbs) await db.document(`lynx-${n}`, { legs: 4 }).save();
    }
  })();
  return () => {
    isOver = true;
    return writing.catch((error) => {
      if (!(error instanceof NotFoundError)) throw error;
    });
  };
}

async function runBlock(block: Block): Promise<unknown[][]> {
  const names = namesFor();
  const program = await programOf(block, names);
  const printed: unknown[][] = [];
  const { scope, close } = await scopeOf(names, printed, beyond.test(block.code));
  const stop = block.code.includes("feed") ? somebody(names.values()) : undefined;
  try {
    await new AsyncFunction(...Object.keys(scope), program)(...Object.values(scope));
    return printed;
  } finally {
    await stop?.();
    await close();
  }
}

/** Why a block is not run here. */
function reasonFor({ language, code, page }: Block): string | undefined {
  if (["py"].includes(language) || /^\/\/ (nano|PouchDB)/.test(code)) return "another client's";
  if (["js", "ts", "html"].includes(language)) return undefined;
  if (language === "sh") return "its npm scripts are looked up";
  return `${language || "text"}, for others to read (${page})`;
}

const all = blocks();
const ran = all.filter((block) => reasonFor(block) === undefined);
console.log(`${all.length} blocks of code on the pages, of which ${ran.length} are run here`);

for (const block of all) {
  const reason = reasonFor(block);
  const title = `${block.page}:${block.line}`;
  if (beyond.test(block.code)) console.log(`run with a server that says yes to all: ${title}`);
  if (reason) console.log(`not run: ${title}: ${reason}`);
  else
    test(title, { timeout: 30_000 }, async () => {
      await runBlock(block);
    });
}

test("the function that docs/extending.md shows lists what was deleted", async () => {
  const [block] = ran.filter(({ page }) => page === "docs/extending.md");
  const printed = await runBlock(block as Block);
  expect(printed).toEqual([["cat", expect.stringMatching(/^2-/)], [[]]]);
});

test("the commands that pages name are there", () => {
  const { scripts } = JSON.parse(
    readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
  );
  const named = all
    .filter(({ language }) => language === "sh")
    .flatMap(({ code }) => Array.from(code.matchAll(/npm run ([\w:]+)/g), ([, name]) => name));
  expect(named.length).toBeGreaterThan(1);
  expect(named.filter((name) => !(name && name in scripts))).toEqual([]);
});
