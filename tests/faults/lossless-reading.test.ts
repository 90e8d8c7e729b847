import type { Database, Document } from "couchfetch";
import { bulkGet, designDoc, purge, security } from "couchfetch";
import { afterEach, describe, expect, test } from "vitest";
import { type Answers, type Exact, parsers, serving } from "./exact.js";

let server: Exact | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

// Too many ids for a URL.
const manyIds = Array.from({ length: 200 }, (_, n) => `a rather long id ${n}`);

/** What a server has whose every number is one of these. */
function answersOf(numbers: string): Answers {
  const stub = `{"a":{"content_type":"a/b","revpos":1,"length":${numbers},"stub":true}}`;
  const cat = `{"_id":"cat","_rev":"1-a","_attachments":${stub},"n":${numbers}}`;
  const row = `{"id":"cat","key":${numbers},"value":${numbers},"doc":${cat}}`;
  const view = `{"total_rows":${numbers},"offset":${numbers},"rows":[\r\n${row}\r\n]}\n`;
  const event = `{"seq":${numbers},"id":"cat","changes":[{"rev":"1-a"}],"doc":${cat}}`;
  const changes = `{"results":[\n${event}\n],"last_seq":${numbers},"pending":0}\n`;
  const lines = `${event}\n{"last_seq":${numbers},"pending":0}\n`;
  const feed = (request: string) => (request.includes("continuous") ? lines : changes);
  const found = `{"docs":[\r\n${cat}],"bookmark":"nil","warning":${numbers}}\n`;
  return {
    "GET /": `{"couchdb":"Welcome","n":${numbers}}`,
    "GET /_session": `{"ok":true,"userCtx":{"name":null,"roles":[],"n":${numbers}}}`,
    "GET /animals": `{"db_name":"animals","doc_count":${numbers}}`,
    "GET /animals/cat": cat,
    "PUT /animals/cat": `{"ok":true,"id":"cat","rev":"2-b","n":${numbers}}`,
    "COPY /animals/cat": `{"ok":true,"id":"dog","rev":"1-a","n":${numbers}}`,
    "DELETE /animals/cat": `{"ok":true,"id":"cat","rev":"2-b","n":${numbers}}`,
    "PUT /animals/cat/a": '{"ok":true,"id":"cat","rev":"2-b"}',
    "GET /animals/_all_docs": view,
    "POST /animals/_all_docs": view,
    "GET /animals/_design/zoo/_view/by_n": view,
    "POST /animals/_design/zoo/_view/by_n": view,
    "POST /animals/_find": found,
    "POST /animals/_index": `{"result":"created","id":"_design/a","name":"a","n":${numbers}}`,
    "POST /animals/_bulk_get": `{"results":[{"id":"cat","docs":[{"ok":${cat}}]}]}`,
    "POST /animals/_bulk_docs": `[{"ok":true,"id":"cat","rev":"2-b","n":${numbers}}]`,
    "POST /animals/_purge": `{"purge_seq":${numbers},"purged":{}}`,
    "GET /animals/_changes": feed,
    "POST /animals/_changes": feed,
    "GET /animals/_security": `{"quota":${numbers}}`,
    "GET /animals/_design/zoo": `{"_id":"_design/zoo","_rev":"1-a","lib":{"n":${numbers}}}`,
  };
}

const data = (document: Document) => document.data;
const json = (document: Document) => document.json;

async function event(db: Database, options: Parameters<Database["changes"]>[0]) {
  const feed = db.changes(options);
  for await (const change of feed) return change;
  throw new Error("no event came");
}

async function documentOf(db: Database, options: Parameters<Database["changes"]>[0]) {
  const change = await event(db, options);
  if (change.deleted) throw new Error("a document was expected");
  return [await change.doc()];
}

/** Every way to read documents. */
const documents: Record<string, (db: Database) => Promise<Document[]>> = {
  get: async (db) => [await db.get("cat")],
  "create with existsOk": async (db) => [await db.create("cat", {}, { existsOk: true })],
  "document().fetch": async (db) => {
    const cat = db.document("cat");
    await cat.fetch({ discardChanges: true });
    return [cat];
  },
  docs: (db) => db.docs().toArray(),
  values: (db) => db.values().toArray(),
  "docs of ids, by GET": (db) => db.docs({ ids: ["cat"] }).toArray(),
  "docs of ids, by POST": (db) => db.docs({ ids: manyIds }).toArray(),
  "allDocs.get().docs": async (db) => (await db.allDocs.get({ include_docs: true })).docs(),
  "allDocs.get({ keys }).docs": async (db) => (await db.allDocs.get({ keys: manyIds })).docs(),
  "view.docs": (db) => db.view("zoo", "by_n").docs().toArray(),
  find: (db) => db.find({}).toArray(),
  updateDocs: async (db) => [...(await db.updateDocs(["cat"], () => {}))],
  "changes, normal": (db) => documentOf(db, { include_docs: true }),
  "changes, longpoll": (db) => documentOf(db, { feed: "longpoll", include_docs: true }),
  "changes, continuous": (db) => documentOf(db, { feed: "continuous", include_docs: true }),
  "changes by selector": (db) => documentOf(db, { selector: {}, include_docs: true }),
  "changes, the document fetched": async (db) => {
    const change = await event(db, { doc_ids: ["cat"] });
    if (change.deleted) throw new Error("a document was expected");
    delete change.json.doc;
    return [await change.doc()];
  },
};

/** Everything else that tells numbers. */
const others: Record<string, (exact: Exact) => unknown> = {
  "CouchDB.info": ({ couch }) => couch.info(),
  checkCredentials: ({ couch }) => couch.checkCredentials(),
  info: ({ db }) => db.info(),
  json: async ({ db }) => json(await db.get("cat")),
  "attachments' stubs": async ({ db }) => {
    const cat = await db.get("cat");
    await cat.attachment("a").save("text");
    return cat.data._attachments;
  },
  update: async ({ db }) => {
    const seen: unknown[] = [];
    const cat = await db.get("cat");
    await cat.update((draft) => void seen.push(draft.n));
    return seen;
  },
  "save's result": async ({ db }) => {
    const cat = await db.get("cat");
    cat.data.legs = 4;
    return cat.save();
  },
  "copy's result": async ({ db }) => (await db.get("cat")).copy("dog"),
  "delete's result": async ({ db }) => (await db.get("cat")).delete(),
  "allDocs.rows": ({ db }) => db.allDocs.rows().toArray(),
  "allDocs.rows' summary": ({ db }) => db.allDocs.rows().summary,
  "view.rows": ({ db }) => db.view("zoo", "by_n").rows().toArray(),
  "view.rows by POST": ({ db }) => db.view("zoo", "by_n").rows({ keys: manyIds }).toArray(),
  "view.keys": ({ db }) => db.view("zoo", "by_n").keys().toArray(),
  "view.values": ({ db }) => db.view("zoo", "by_n").values().toArray(),
  "view.items": ({ db }) => db.view("zoo", "by_n").items().toArray(),
  "ViewResponse.rows": async ({ db }) => (await db.view("zoo", "by_n").get()).rows,
  "ViewResponse.keys": async ({ db }) => (await db.view("zoo", "by_n").get()).keys(),
  "ViewResponse.values": async ({ db }) => (await db.view("zoo", "by_n").get()).values(),
  "ViewResponse.items": async ({ db }) => (await db.view("zoo", "by_n").get()).items(),
  "ViewResponse.total_rows": async ({ db }) => (await db.allDocs.get()).total_rows,
  "ViewResponse.offset": async ({ db }) => (await db.allDocs.get()).offset,
  query: ({ db }) => db.query({}).toArray(),
  "find's summary": ({ db }) => db.find({}).summary,
  index: ({ db }) => db.index({ fields: ["n"] }),
  bulkGet: ({ db }) => bulkGet(db, [{ id: "cat" }]).toArray(),
  "a bulk write's response": async ({ db }) => (await db.createDocs(["cat"])).response,
  purge: ({ db }) => purge(db, { cat: ["1-a"] }),
  "an event's json": async ({ db }) => (await event(db, { feed: "continuous" })).json,
  "an event's sequence": async ({ db }) => (await event(db, {})).sequence,
  "a feed's sequence": async ({ db }) => {
    const feed = db.changes();
    for await (const _change of feed);
    return feed.sequence;
  },
  security: async ({ db }) => (await security(db)).data,
  designDoc: async ({ db }) => (await designDoc(db, "zoo", { existsOk: true })).data,
};

describe.each(parsers)("every number arrives as it was written: $name", (parser) => {
  const start = async () => {
    server = await serving(answersOf(parser.numbers), parser.json);
    return server;
  };

  test.each(Object.entries(documents))("in the documents of %s", async (_, read) => {
    const [cat, ...more] = await read((await start()).db);
    expect(more).toEqual([]);
    expect(parser.json.stringify(cat && [data(cat).n, data(cat)._attachments?.a?.length])).toBe(
      `[${parser.numbers},${parser.numbers}]`,
    );
  });

  test.each(Object.entries(documents))("unchanged, nothing is sent: %s", async (_, read) => {
    const { db, sent } = await start();
    const given = await read(db);
    const before = sent.length;
    for (const document of given) {
      expect(document.dirty).toBe(false);
      expect(await document.save()).toBeUndefined();
    }
    await db.createDocs((docs) => {
      for (const document of given) docs.append(document);
    });
    expect(sent.slice(before)).toEqual([]);
  });

  test.each(Object.entries(others))("in %s", async (_, read) => {
    expect(parser.json.stringify(await read(await start()))).toContain(parser.numbers);
  });
});
