import { assert } from "chai";
import {
  basic,
  bearer,
  CouchDB,
  CouchDBError,
  cookie,
  type Database,
  designDoc,
  NetworkError,
  partition,
  proxy,
  security,
  users,
} from "couchfetch";
import { type Case, type Context, fill, rejects } from "../case.js";

type Inspect = (value: unknown, options?: object) => string;

/** What a runtime prints of values, where it can be asked for that. */
const { Deno, Bun, process } = globalThis as {
  Deno?: { inspect: Inspect };
  Bun?: { inspect: Inspect };
  process?: { getBuiltinModule?(name: string): { inspect: Inspect } | undefined };
};

/** Objects that are being printed by hand. */
const open = new Set<unknown>();

/** Prints by the method that Node, Deno and Bun call, where there is none of them. */
const byHand: Inspect = (value, options) => {
  if (Object(value) !== value) return JSON.stringify(value) ?? "undefined";
  if (open.has(value)) return "[Circular]";
  open.add(value);
  try {
    const { [Symbol.for("nodejs.util.inspect.custom")]: print } = value as {
      [name: symbol]: (depth: number, options: object | undefined, inspect: Inspect) => string;
    };
    if (print) return print.call(value, 2, options, byHand);
    if (Array.isArray(value)) return `[${value.map((each) => byHand(each, options)).join(", ")}]`;
    const members = Object.entries(value as object);
    return `{ ${members.map(([name, each]) => `${name}: ${byHand(each, options)}`).join(", ")} }`;
  } finally {
    open.delete(value);
  }
};

const own = Bun?.inspect ?? Deno?.inspect ?? process?.getBuiltinModule?.("node:util")?.inspect;
const inspect = own ?? byHand;

/** What is printed of a value, in one line, with the quotes of JSON and no commas but those between members. */
function printed(value: unknown, options?: object): string {
  return inspect(value, options)
    .replace(/(?<=[{,]\s*)"?([$_a-z]\w*)"?:\s*/gi, "$1: ")
    .replaceAll("'", '"')
    .replace(/,?\s+(?=[}\]])/g, " ")
    .replace(/,(?=\S)/g, ", ")
    .replace(/\s+/g, " ")
    .replace(/{ ?/g, "{ ")
    .replace(/ ?}/g, " }");
}

/** A database of a session with this base URL. */
const zooOf = ({ url }: Context, couch: CouchDB): [string, Database] => [
  url.replace(/\/+$/, ""),
  couch.database("zoo"),
];

export const inspection: Case[] = [
  {
    name: "printing a document shows its id, revision, data, and whether it is dirty",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      const cat = await db.get("cat");
      const { rev } = cat;
      const data = (legs: number) => `data: { _id: "cat", _rev: "${rev}", legs: ${legs} }`;
      assert.equal(printed(cat), `Document { id: "cat", rev: "${rev}", ${data(4)}, dirty: false }`);
      cat.data.legs = 3;
      assert.include(
        printed([cat]),
        `Document { id: "cat", rev: "${rev}", ${data(3)}, dirty: true }`,
      );
      const dog = db.document("dog");
      dog.data.self = dog.data;
      assert.include(printed(dog, { depth: 1 }), 'id: "dog"');
      assert.match(printed(await designDoc(db, "zoo")), /^DesignDocument { id: "_design\/zoo"/);
    },
  },
  {
    name: "printing a session, a database and a view shows their URLs",
    async run(context) {
      const url = new URL(context.url);
      url.username = context.user;
      url.password = context.password;
      const couch = new CouchDB(url);
      const [base, zoo] = zooOf(context, couch);
      assert.equal(printed(couch), `CouchDB { url: "${base}" }`);
      assert.equal(printed(zoo), `Database { id: "zoo", url: "${base}/zoo" }`);
      const path = `${base}/zoo/_design/animals/_view/by_type`;
      assert.equal(printed(zoo.view("animals", "by_type")), `View { url: "${path}" }`);
      assert.equal(printed(zoo.allDocs), `AllDocsView { url: "${base}/zoo/_all_docs" }`);
      await couch.close();
    },
  },
  {
    name: "printing rows and a feed shows whether they are read",
    async run({ db }) {
      await fill(db, { cat: {}, dog: {} });
      const rows = db.keys();
      assert.equal(printed(rows), 'Rows { state: "not read" }');
      for await (const _id of rows) assert.equal(printed(rows), 'Rows { state: "reading" }');
      assert.equal(printed(rows), 'Rows { state: "ended" }');
      const feed = db.changes({ since: 0 });
      assert.match(printed(feed), /^ChangesFeed { state: "not read", sequence: 0 }$/);
      for await (const { sequence } of feed) {
        assert.match(printed(feed), /^ChangesFeed { state: "(catchingUp|live)", sequence: /);
        assert.isNotNull(sequence);
      }
      assert.match(printed(feed), /^ChangesFeed { state: "closed", sequence: .+ }$/);
    },
  },
  {
    name: "printing a bulk operation shows its documents",
    async run({ db }) {
      await db.createDocs((docs) => {
        docs.create("cat", { legs: 4 });
        const text = printed(docs, { depth: 5 });
        assert.match(text, /^BulkOperation { documents: \[ ?Document { id: "cat"/);
        assert.match(text, /ok: \[\], error: \[\], response: \[\] }$/);
      });
    },
  },
  {
    name: "printing shows no credential, however deep and hidden",
    async run(context) {
      const { url } = context;
      const secret = "t0p-secret";
      const basicAuth = btoa(`jan:${secret}`);
      const auths = {
        basic: basic("jan", secret),
        cookie: cookie("jan", secret),
        bearer: bearer(secret),
        proxy: proxy("jan", { secret }),
      };
      for (const auth of Object.values(auths)) {
        const couch = new CouchDB(url, { auth, headers: { "x-key": secret }, retry: { limit: 0 } });
        const refused = await rejects(couch.get(`none-${crypto.randomUUID()}`), CouchDBError);
        const nobody = new CouchDB(`http://jan:${secret}@localhost:1`, { retry: { limit: 0 } });
        const lost = await rejects(nobody.info(), NetworkError);
        const db = couch.database("zoo");
        const doc = db.document("cat");
        const feed = db.changes();
        const all: unknown[] = [
          couch,
          db,
          doc,
          doc.attachment("photo"),
          db.view("a", "b"),
          db.keys(),
          feed,
          refused,
          lost,
          nobody,
        ];
        all.push(partition(db, "land"), users(couch), auth);
        for (const value of [all, ...all]) {
          const text = inspect(value ?? {}, { showHidden: true, depth: Number.POSITIVE_INFINITY });
          assert.notInclude(text, secret);
          assert.notInclude(text, basicAuth);
        }
        await couch.close().catch(() => {});
      }
      const roles = await security(context.db);
      assert.notInclude(inspect(roles, { showHidden: true, depth: 9 }), context.password);
    },
  },
];
