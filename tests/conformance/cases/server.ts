import { assert } from "chai";
import {
  basic,
  CouchDB,
  ForbiddenError,
  NotFoundError,
  PreconditionFailedError,
  UnauthorizedError,
} from "couchfetch";
import { type Case, rejects } from "../case.js";

export const server: Case[] = [
  {
    name: "checkCredentials resolves to the user context",
    async run({ url, user, password }) {
      const couch = new CouchDB(url, { auth: basic(user, password) });
      assert.deepEqual(await couch.checkCredentials(), { name: user, roles: ["_admin"] });
    },
  },
  {
    name: "checkCredentials rejects a wrong password, and the error shows none",
    async run({ url }) {
      // CouchDB locks out a user after some of these.
      const couch = new CouchDB(url, { auth: basic(`nobody-${crypto.randomUUID()}`, "hunter2") });
      const error = await rejects(couch.checkCredentials(), UnauthorizedError);
      assert.equal(error.status, 401);
      assert.equal(error.reason, "Name or password is incorrect.");
      assert.notInclude(`${error} ${error.url} ${error.stack}`, "hunter2");
    },
  },
  {
    name: "a session without credentials is anonymous",
    async run({ url }) {
      const couch = new CouchDB(url);
      assert.deepEqual(await couch.checkCredentials(), { name: null, roles: [] });
      await rejects(couch.create("conformance_forbidden"), UnauthorizedError);
    },
  },
  {
    name: "get gives a database that exists, and rejects one that does not",
    async run({ couch, db }) {
      assert.equal((await couch.get(db.id)).id, db.id);
      const error = await rejects(couch.get("conformance_none"), NotFoundError);
      assert.equal(error.status, 404);
      assert.equal(error.method, "GET");
    },
  },
  {
    name: "create rejects a database that exists, unless existsOk",
    async run({ couch, db }) {
      const error = await rejects(couch.create(db.id), PreconditionFailedError);
      assert.equal(error.error, "file_exists");
      assert.equal((await couch.create(db.id, { existsOk: true })).id, db.id);
    },
  },
  {
    name: "create takes shards and partitions",
    async run({ couch }) {
      const name = `conformance_${crypto.randomUUID()}`;
      const db = await couch.create(name, { q: 1, partitioned: true });
      try {
        assert.equal((await db.info()).props.partitioned, true);
      } finally {
        await couch.delete(name);
      }
    },
  },
  {
    name: "keys lists the databases, also a range of them",
    async run({ couch, db }) {
      assert.include(await couch.keys(), db.id);
      assert.deepEqual(await couch.keys({ startkey: db.id, endkey: db.id }), [db.id]);
    },
  },
  {
    name: "delete removes a database, and rejects one that is not there",
    async run({ couch }) {
      const name = `conformance_${crypto.randomUUID()}`;
      await couch.create(name);
      await couch.delete(name);
      await rejects(couch.get(name), NotFoundError);
      await rejects(couch.delete(name), NotFoundError);
    },
  },
  {
    name: "a name with every character that is allowed reaches its database",
    async run({ couch }) {
      const name = `conformance_${crypto.randomUUID()}/a+b-c(d)$e_f`;
      const db = await couch.create(name);
      try {
        assert.equal((await db.info()).db_name, name);
        assert.include(await couch.keys(), name);
      } finally {
        await db.delete();
      }
    },
  },
  {
    name: "a closed session refuses work, and ends what is under way",
    async run({ url, user, password, db }) {
      const couch = new CouchDB(url, { auth: basic(user, password) });
      const live = couch.database(db.id).changes({ feed: "continuous", since: "now" });
      const caught = (work: Promise<unknown>) =>
        work.then(
          () => new Error("nothing was thrown"),
          (error: Error) => error,
        );
      const waiting = [caught(live[Symbol.asyncIterator]().next()), caught(couch.info())];
      await couch.close();
      const later = [
        caught(couch.info()),
        caught(couch.database(db.id).keys().toArray()),
        caught(couch.database(db.id).changes()[Symbol.asyncIterator]().next()),
      ];
      for (const error of await Promise.all([...waiting, ...later])) {
        assert.equal(error.name, "AbortError");
        assert.match(error.message, /closed/);
      }
    },
  },
  {
    name: "an anonymous user may not read a database",
    async run({ url, db }) {
      const error = await new CouchDB(url)
        .database(db.id)
        .info()
        .catch((thrown) => thrown);
      assert.isTrue(error instanceof UnauthorizedError || error instanceof ForbiddenError);
    },
  },
];
