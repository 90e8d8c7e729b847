import { assert } from "chai";
import {
  BadRequestError,
  ConflictError,
  CouchDB,
  CouchDBError,
  ExpectationFailedError,
  ForbiddenError,
  NotFoundError,
  PreconditionFailedError,
  ServerError,
  UnauthorizedError,
  UnsupportedMediaTypeError,
} from "couchfetch";
import { answering, type Case, fill, rejects, withUser } from "../../case.js";

export const statuses = [
  [400, BadRequestError],
  [401, UnauthorizedError],
  [403, ForbiddenError],
  [404, NotFoundError],
  [409, ConflictError],
  [412, PreconditionFailedError],
  [415, UnsupportedMediaTypeError],
  [417, ExpectationFailedError],
] as const;

const said = { error: "because", reason: "the moon is full" };

export const errors: Case[] = [
  ...statuses.map(
    ([status, Class]): Case => ({
      name: `${Class.name}: stands for an answer with status ${status}`,
      async run() {
        const error = await rejects(answering(status, said).info(), Class);
        assert.equal(error.constructor, Class);
        assert.equal(error.status, status);
      },
    }),
  ),
  {
    name: "CouchDBError: is what every error of a request is",
    async run() {
      for (const [status] of statuses) {
        const error = await rejects(answering(status, said).info(), CouchDBError);
        assert.instanceOf(error, Error);
      }
    },
  },
  {
    name: "CouchDBError: has CouchDB's words, in its message, too",
    async run() {
      for (const [status] of statuses) {
        const error = await rejects(answering(status, said).info(), CouchDBError);
        assert.deepInclude({ ...error }, said);
        assert.include(error.message, said.reason);
      }
    },
  },
  {
    name: "CouchDBError: does without words, if CouchDB says none",
    async run() {
      for (const status of [401, 403]) {
        const error = await rejects(answering(status, {}).info(), CouchDBError);
        assert.isUndefined(error.reason);
        assert.include(error.message, `${status}`);
      }
    },
  },
  {
    name: "CouchDBError: is thrown by what gives rows, too",
    async run() {
      const db = answering(400, said).database("animals");
      await rejects(db.keys().toArray(), BadRequestError);
      await rejects(db.find({}).toArray(), BadRequestError);
      await rejects(db.changes()[Symbol.asyncIterator]().next(), BadRequestError);
    },
  },
  {
    name: "ServerError: stands for a server that failed",
    async run() {
      const error = await rejects(answering(500, said).create("animals"), ServerError);
      assert.equal(error.status, 500);
    },
  },
  {
    name: "BadRequestError: is CouchDB's answer to what it does not understand",
    async run({ db }) {
      await rejects(db.keys({ limit: "x" as never }).toArray(), BadRequestError);
    },
  },
  {
    name: "UnauthorizedError: is CouchDB's answer to who does not say a name",
    async run({ url }) {
      await rejects(new CouchDB(url).create("conformance_forbidden"), UnauthorizedError);
    },
  },
  {
    name: "ForbiddenError: is CouchDB's answer to who may not read",
    async run(context) {
      await fill(context.db, { cat: {} });
      await withUser(context, {}, async ({ session }) => {
        await rejects(session.database(context.db.id).get("cat"), ForbiddenError);
      });
    },
  },
  {
    name: "NotFoundError: is CouchDB's answer to who asks for what is not there",
    async run({ db }) {
      await rejects(db.get("cat"), NotFoundError);
    },
  },
  {
    name: "ConflictError: is CouchDB's answer to who saves over what he has not seen",
    async run({ db }) {
      const [first, second] = [await db.create("cat"), await db.create("cat")];
      await first.save();
      await rejects(second.save(), ConflictError);
    },
  },
  {
    name: "PreconditionFailedError: is CouchDB's answer to who creates a database twice",
    async run({ couch, db }) {
      await rejects(couch.create(db.id), PreconditionFailedError);
    },
  },
];
