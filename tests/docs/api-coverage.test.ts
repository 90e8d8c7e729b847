import { readFileSync } from "node:fs";
import * as couchfetch from "couchfetch";
import { admin } from "couchfetch/admin";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ServerUnderTest, serverUnderTest } from "../server-under-test.js";

const { basic, cookie, CouchDB, CouchDBError, designDoc, security } = couchfetch;
const read = (file: string) => readFileSync(new URL(file, import.meta.url), "utf8");
const page = read("../../docs/api-coverage.md");
const endpoints = read("endpoints.txt").trim().split("\n");

const AsyncFunction = (async () => {}).constructor as FunctionConstructor;

/** A row of the page: the endpoint, our code, and what the others have. */
const rows = Array.from(
  page.matchAll(/^\| ([A-Z]+ \/\S*) \| `(.+?)`(?: \(.+\))? \| (.+) \| (.+) \| (.+) \|$/gm),
  ([, endpoint = "", code = "", ...others]) => ({ endpoint, code, others }),
);

// What CouchDB has only with a service beside it, or does not do twice; and pages that it may have been built without.
const refused = /_search|_nouveau|_cluster_setup$|_utils|favicon/;
const refusals: string[] = [];

/** Whether a request asks for an endpoint. Searches are asked for by POST, which CouchDB takes as well. */
function asksFor(endpoint: string, request: string): boolean {
  const [method = "", path = ""] = endpoint.split(" ");
  const methods =
    method === "ANY" ? "[A-Z]+" : /_(search|nouveau)\/\{/.test(path) ? "(GET|POST)" : method;
  const pattern = path
    .replace(/[.()]/g, "\\$&")
    .replace("{path}", ".+")
    // Neither a design document nor an endpoint is a document.
    .replace(/(?<=^\/\{db\}\/)\{docid\}/, "(?!_)[^/?]+")
    .replace(/\{[^}]+\}/g, "[^/?]+");
  return new RegExp(`^${methods} ${pattern}(\\?|$)`).test(request);
}

let server: ServerUnderTest;
let plain: couchfetch.CouchDB;

beforeAll(async () => {
  server = await serverUnderTest();
  plain = new CouchDB(server.url, { auth: basic(server.user, server.password) });
  for (const name of ["_users", "_replicator"]) await plain.create(name, { existsOk: true });
});

afterAll(async () => {
  console.log(
    `asked for, and refused by this server: ${refusals.length}\n  ${refusals.join("\n  ")}`,
  );
  await plain.close();
  await server.close();
});

const map = "function (doc) { emit(doc.legs, doc._id); }";

const zoo = {
  views: { by_legs: { map, reduce: "_count" } },
  updates: { touch: "function (doc, req) { return [doc || { _id: req.uuid }, 'done']; }" },
  rewrites: [{ from: "/cat", to: "../../cat" }],
  shows: { page: "function (doc, req) { return 'page'; }" },
  lists: { html: "function (head, req) { while (getRow()) send('row'); }" },
};

/** Runs a row's code where the names of the page are, and gives the requests that it made. */
async function requestsOf(code: string): Promise<string[]> {
  const { url, user, password } = server;
  const [name, other, apart] = ["a", "b", "c"].map((part) => `api_${part}_${crypto.randomUUID()}`);
  const requests: string[] = [];
  let isWatched = false;
  const watching = (request: Request) => {
    const { pathname, search } = new URL(request.url);
    if (isWatched) requests.push(`${request.method} ${pathname}${search}`);
    // It would end what other tests need.
    if (pathname.endsWith("/_restart")) return Promise.resolve(Response.json({ ok: true }));
    return fetch(request);
  };
  class Watched extends CouchDB {
    constructor(at: string, options: couchfetch.CouchDBOptions = {}) {
      super(at, { ...options, fetch: watching });
    }
  }
  const couch = new Watched(url, { auth: basic(user, password) });
  const session = new Watched(url, { auth: cookie(user, password) });
  const db = await couch.create(name as string);
  const parts = await couch.create(apart as string, { partitioned: true });
  try {
    await db.createDocs((docs) => {
      docs.create("cat", { legs: 4 });
      docs.create("_design/zoo", zoo);
    });
    await parts.createDocs((docs) => {
      docs.create("land:cat", { legs: 4 });
      docs.create("_design/zoo", { views: zoo.views });
    });
    const doc = await db.get("cat");
    const design = await designDoc(db, "zoo", { existsOk: true });
    for (const each of [doc, design]) await each.attachment("a.txt").save("text", "text/plain");
    await db.index({ fields: ["legs"] }, { ddoc: "indexes", name: "legs" });
    const local = db.document("_local/a", { n: 1 });
    await local.save();
    const rules = await security(db);
    rules.addMemberRole("keeper");
    await session.info();
    const names = {
      ...{ couch, session, db, parts, doc, zoo: design, local, rules, name, other, map },
      ...{ url, user, password, admin, rev: doc.rev },
      ids: ["cat", ...Array.from({ length: 100 }, () => crypto.randomUUID())],
      job: "none",
    };
    // A row may call every function of the package.
    for (const each of Object.keys(names)) expect(couchfetch).not.toHaveProperty(each);
    const scope = { ...couchfetch, ...names, CouchDB: Watched };
    if (/config/i.test(code)) {
      await admin(couch)
        .node()
        .setConfig("zoo", "opens", "8")
        .catch(() => {});
    }
    if (/\bjob\b/.test(code)) {
      const jobs = await admin(couch)
        .resharding.start({ type: "split", db: name })
        .catch(() => []);
      scope.job = jobs[0]?.id ?? scope.job;
    }
    if (code.includes('.get("a").state')) {
      await admin(couch)
        .replicator()
        .create(name as string, other as string, { _id: "a", create_target: true })
        .catch(() => {});
    }
    isWatched = true;
    const run = new AsyncFunction(
      ...Object.keys(scope),
      `return (async () => ${withAwait(code)})()`,
    );
    await readAll(await run(...Object.values(scope)));
    return requests;
  } finally {
    isWatched = false;
    await admin(couch)
      .replicator()
      .get("a")
      .cancel()
      .catch(() => {});
    if (/reshard/i.test(code)) await removeJobs(couch, name as string).catch(() => {});
    for (const left of [name, other, apart]) await couch.delete(left as string).catch(() => {});
    await session.close().catch(() => {});
    await couch.close();
  }
}

/** They outlive their database, and a server takes no more than 48. */
async function removeJobs(couch: couchfetch.CouchDB, name: string): Promise<void> {
  const { resharding } = admin(couch);
  for (const { id = "", source } of await resharding.jobs()) {
    if (`${source}`.includes(name)) await resharding.remove(id);
  }
}

/** Statements and expressions alike. */
const withAwait = (code: string) => (code.startsWith("await ") ? `{ ${code}; }` : `(${code})`);

/** Rows and feeds send nothing before they are read. */
async function readAll(value: unknown): Promise<void> {
  if (typeof Object(value)[Symbol.asyncIterator] !== "function") return;
  for await (const each of value as AsyncIterable<unknown>) {
    if (each instanceof couchfetch.Rows) await each.toArray();
  }
}

test("each endpoint of CouchDB has one row, and there is none beside them", () => {
  expect(rows.map(({ endpoint }) => endpoint)).toEqual(endpoints);
});

test("the totals are those of the rows", () => {
  const byRequest = rows.filter(({ code }) => code.startsWith("couch.request(")).length;
  const [nano, pouchdb, cloudant] = [0, 1, 2].map(
    (at) => rows.filter(({ others }) => others[at] !== "—").length,
  );
  const ours = rows.length - byRequest;
  expect(page).toContain(
    `| endpoints with a method or function, of ${rows.length} | ${ours} | ${nano} | ${pouchdb} | ${cloudant} |`,
  );
  expect(page).toContain(`| by \`couch.request\` | ${byRequest} | | | |`);
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  expect(readme).toContain(
    `with a method or function | ${ours} of ${rows.length} | ${nano} | ${pouchdb} | ${cloudant} |`,
  );
});

describe("our code asks for its endpoint", () => {
  test.each(rows)("$endpoint", { timeout: 60_000 }, async ({ endpoint, code }) => {
    let failure: unknown;
    const requests = await requestsOf(code).catch((error: unknown) => {
      failure = error;
      const { method, url } = Object(error);
      return url ? [`${method} ${new URL(url).pathname}`] : [];
    });
    expect(
      requests.some((request) => asksFor(endpoint, request)),
      requests.join("\n"),
    ).toBe(true);
    if (failure === undefined) return;
    expect(failure).toBeInstanceOf(CouchDBError);
    refusals.push(endpoint);
    // The embedded server has not all of CouchDB.
    if (process.env.COUCHDB_URL) expect(endpoint).toMatch(refused);
  });
});
