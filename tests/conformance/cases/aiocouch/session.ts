import { assert } from "chai";
import {
  basic,
  CouchDB,
  type Fetch,
  NotFoundError,
  PreconditionFailedError,
  UnauthorizedError,
} from "couchfetch";
import { type Case, fill, rejects, watch, withUser } from "../../case.js";

/** Somebody unknown: CouchDB locks known users out. */
const stranger = () => basic(`nobody-${crypto.randomUUID()}`, "wrong");

export const session: Case[] = [
  {
    name: "CouchDB: a session that is made can be used",
    async run({ url, user, password }) {
      const couch = new CouchDB(url, { auth: basic(user, password) });
      assert.equal((await couch.checkCredentials()).name, user);
    },
  },
  {
    name: "CouchDB: await using closes the session where its scope ends",
    async run({ url, user, password }) {
      let kept: CouchDB;
      {
        await using couch = new CouchDB(url, { auth: basic(user, password) });
        await couch.checkCredentials();
        kept = couch;
      }
      const error = await kept.checkCredentials().catch((thrown) => thrown);
      assert.match(error.message, /closed/);
    },
  },
  {
    name: "CouchDB.close: a session in a variable can be used until it is closed by hand",
    async run({ url, user, password }) {
      const couch = new CouchDB(url, { auth: basic(user, password) });
      await couch.checkCredentials();
      await couch.checkCredentials();
      await couch.close();
      const error = await couch.checkCredentials().catch((thrown) => thrown);
      assert.match(error.message, /closed/);
    },
  },
  {
    name: "CouchDB.close: ends what is still connected to the server",
    async run(context) {
      const { couch, db } = watch(context);
      const feed = db.changes({ feed: "continuous", since: "now" });
      const waiting = feed[Symbol.asyncIterator]()
        .next()
        .catch((thrown) => thrown);
      await couch.close();
      assert.match((await waiting).message, /closed/);
    },
  },
  {
    name: "CouchDB: every request of what comes from a session is made in it",
    async run(context) {
      const { couch, sent } = watch(context);
      const db = await couch.get(context.db.id);
      const cat = await db.create("cat", { legs: 4 });
      await cat.save();
      await db.keys().toArray();
      assert.deepEqual(sent, [
        "GET ",
        "GET /_all_docs?keys=%5B%22cat%22%5D",
        "PUT /cat",
        "GET /_all_docs",
      ]);
    },
  },
  {
    name: "CouchDB: speaks with the server of its URL",
    async run({ url }) {
      const urls: string[] = [];
      const fetch: Fetch = (request, init) => {
        urls.push(request.url);
        return globalThis.fetch(request, init);
      };
      await new CouchDB(url, { fetch }).checkCredentials();
      assert.deepEqual(urls, [`${url.replace(/\/+$/, "")}/_session`]);
    },
  },
  {
    name: "CouchDB: user and password are who the session is",
    async run(context) {
      await withUser(context, { roles: ["keeper"] }, async ({ name, password }) => {
        const couch = new CouchDB(context.url, { auth: basic(name, password) });
        assert.deepEqual(await couch.checkCredentials(), { name, roles: ["keeper"] });
      });
    },
  },
  {
    name: "CouchDB: user and password may hold any characters",
    async run(context) {
      await withUser(context, { name: "üser 🛋️" }, async ({ name, session }) => {
        assert.equal((await session.checkCredentials()).name, name);
      });
    },
  },
  {
    name: "CouchDB: a session cookie is who the session is",
    needs: "Cookie headers",
    async run(context) {
      await withUser(context, {}, async ({ name, password }) => {
        const response = await fetch(new URL("_session", context.url), {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ name, password }),
        });
        await response.text();
        const [cookie = ""] = response.headers.getSetCookie()[0]?.split(";") ?? [];
        const couch = new CouchDB(context.url, { headers: { cookie } });
        assert.equal((await couch.checkCredentials()).name, name);
      });
    },
  },
  {
    name: "CouchDB: what else it is given is for its HTTP requests",
    async run({ url }) {
      const languages: (string | null)[] = [];
      const fetch: Fetch = (request, init) => {
        languages.push(request.headers.get("accept-language"));
        return globalThis.fetch(request, init);
      };
      const couch = new CouchDB(url, { fetch, headers: { "accept-language": "la" } });
      await couch.info();
      await couch.checkCredentials();
      assert.deepEqual(languages, ["la", "la"]);
    },
  },
  {
    name: "CouchDB: with wrong credentials, work is Unauthorized",
    async run({ url }) {
      const couch = new CouchDB(url, { auth: stranger() });
      await rejects(couch.get("conformance_none"), UnauthorizedError);
    },
  },
  {
    name: "CouchDB.checkCredentials: resolves if the server takes them",
    async run({ couch }) {
      await couch.checkCredentials();
    },
  },
  {
    name: "CouchDB.checkCredentials: rejects with Unauthorized if the server does not take them",
    async run({ url }) {
      await rejects(new CouchDB(url, { auth: stranger() }).checkCredentials(), UnauthorizedError);
    },
  },
  {
    name: "CouchDB.create: creates a database on the server",
    async run({ couch }) {
      const name = `conformance_${crypto.randomUUID()}`;
      await rejects(couch.get(name), NotFoundError);
      await couch.create(name);
      await couch.get(name);
      await couch.delete(name);
    },
  },
  {
    name: "CouchDB.create: gives the database that it has created",
    async run({ couch }) {
      const name = `conformance_${crypto.randomUUID()}`;
      const db = await couch.create(name);
      assert.equal((await db.info()).db_name, name);
      await db.delete();
    },
  },
  {
    name: "CouchDB.create: rejects a database that exists with PreconditionFailed",
    async run({ couch, db }) {
      await rejects(couch.create(db.id), PreconditionFailedError);
    },
  },
  {
    name: "CouchDB.create: rejects a database that exists, whatever its parameters are",
    async run({ couch, db }) {
      await rejects(couch.create(db.id, { partitioned: true }), PreconditionFailedError);
    },
  },
  {
    name: "CouchDB.create: with existsOk, gives a database that exists as it is",
    async run({ couch, db }) {
      await fill(db, { cat: {} });
      const same = await couch.create(db.id, { existsOk: true });
      assert.deepEqual(await same.keys().toArray(), ["cat"]);
    },
  },
  {
    name: "CouchDB.create: with existsOk, several at once do not mind one another",
    async run({ couch }) {
      const name = `conformance_${crypto.randomUUID()}`;
      const five = [1, 2, 3, 4, 5].map(() => couch.create(name, { existsOk: true }));
      for (const db of await Promise.all(five)) assert.equal(db.id, name);
      await couch.delete(name);
    },
  },
  {
    name: "CouchDB.create: takes CouchDB's parameters",
    async run({ couch, db }) {
      assert.notEqual((await db.info()).cluster?.q, 3);
      const name = `conformance_${crypto.randomUUID()}`;
      const { cluster } = await (await couch.create(name, { q: 3 })).info();
      await couch.delete(name);
      assert.equal(cluster?.q, 3);
    },
  },
  {
    name: "CouchDB.get: gives a database that exists",
    async run({ couch, db }) {
      await fill(db, { cat: {} });
      const same = await couch.get(db.id);
      assert.deepEqual(await same.keys().toArray(), ["cat"]);
    },
  },
  {
    name: "CouchDB.get: rejects a database that does not exist with NotFound",
    async run({ couch, db }) {
      await rejects(couch.get(`${db.id}-not`), NotFoundError);
    },
  },
  {
    name: "CouchDB.keys: gives the names of all databases",
    async run({ couch, db }) {
      const name = `conformance_${crypto.randomUUID()}`;
      assert.notInclude(await couch.keys(), name);
      const other = await couch.create(name);
      assert.includeMembers(await couch.keys(), [db.id, name]);
      await other.delete();
      assert.notInclude(await couch.keys(), name);
    },
  },
  {
    name: "CouchDB.info: gives what the server tells about itself",
    async run({ couch, url }) {
      const welcome = await (await fetch(url)).json();
      assert.deepEqual(await couch.info(), welcome);
      assert.isAtLeast(Number.parseInt((await couch.info()).version, 10), 2);
    },
  },
  {
    name: "CouchDB: session, database, document, and what is in it",
    async run({ couch, db }) {
      await fill(db, { "apple pie": { parts: ["apples", "flour"] } });
      const recipes = await couch.get(db.id);
      const pie = await recipes.get("apple pie");
      assert.deepEqual(pie.data.parts, ["apples", "flour"]);
    },
  },
  {
    name: "CouchDB: a new document is made of its content, and saved",
    async run({ db }) {
      const data = { title: "Grandmother's biscuits", rating: "★★★★★" };
      const biscuits = await db.create("biscuits", data);
      await biscuits.save();
      assert.deepEqual((await db.get("biscuits")).json, data);
    },
  },
];
