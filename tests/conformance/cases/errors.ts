import { assert } from "chai";
import {
  ConflictError,
  CouchDB,
  CouchDBError,
  designDoc,
  NetworkError,
  NotFoundError,
  resolveConflicts,
  security,
} from "couchfetch";
import { type Case, type Context, fill, rejects } from "../case.js";
import { type RemoteProxy, throughProxy } from "../proxies.js";

/** Calls that fail without a response of the error's status, and the message of the error. */
const found: Record<string, [message: string, fail: (context: Context) => Promise<unknown>]> = {
  "fetch of a changed document": [
    "`cat` has unsaved changes; pass `discardChanges: true` to drop them",
    async ({ db }) => {
      const cat = await db.get("cat");
      cat.data.legs = 3;
      await cat.fetch();
    },
  ],
  "delete of a changed document": [
    "`cat` has unsaved changes; pass `discardChanges: true` to drop them",
    ({ db }) => db.document("cat", { legs: 3 }).delete(),
  ],
  "update of a changed document": [
    "`cat` has unsaved changes; pass `discardChanges: true` to drop them",
    async ({ db }) => {
      const cat = await db.get("cat");
      cat.data.legs = 3;
      await cat.update(() => {});
    },
  ],
  "create of a document that exists": ["`cat` exists already", ({ db }) => db.create("cat")],
  "info of a missing document": ["`dog` is missing", ({ db }) => db.document("dog").info()],
  "info of a deleted document": ["`ant` is deleted", ({ db }) => db.document("ant").info()],
  "docs with a missing id": ["`dog` is missing", ({ db }) => db.docs({ ids: ["dog"] }).toArray()],
  "docs with a deleted id": ["`ant` is deleted", ({ db }) => db.docs({ ids: ["ant"] }).toArray()],
  "updateDocs with a missing id": [
    "`dog` is missing",
    ({ db }) => db.updateDocs(["cat", "dog"], () => {}),
  ],
  "deleting an attachment of a new document": [
    "`dog` must be read or saved first",
    ({ db }) => db.document("dog").attachment("photo").delete(),
  ],
  "info of a missing attachment": [
    "`photo` is missing",
    ({ db }) => db.document("cat").attachment("photo").info(),
  ],
  "resolving the conflicts of a deleted document": [
    "`ant` is deleted",
    ({ db }) => resolveConflicts(db.document("ant"), () => undefined),
  ],
  "a view that exists": [
    "`legs` exists already among the views",
    async ({ db }) => {
      const zoo = await designDoc(db, "zoo", { existsOk: true });
      await zoo.createView("legs", { map: "function () {}" });
    },
  ],
  "removing a member who is none": [
    "`jan` is not among the names of the members",
    async ({ db }) => (await security(db)).removeMember("jan"),
  ],
};

/** What runtimes say of a connection that was refused. */
const refusal =
  /ECONNREFUSED 127\.0\.0\.1:\d+$|Connection refused|Unable to connect|Network connection lost|blocked, or no CORS headers; see docs\/cors\.md$/;

/** What they say of a certificate that nobody trusts. */
const untrusted =
  /self.signed certificate|UnknownIssuer|certificate|blocked, or no CORS headers; see docs\/cors\.md$|Network connection lost|internal error/i;

export const errorCases: Case[] = [
  {
    name: "errors: what was found without such a response is said in words, without a status line",
    async run(context) {
      const { db, url } = context;
      const views = { legs: { map: "function () {}" } };
      await fill(db, { cat: { legs: 4 }, ant: {}, "_design/zoo": { views } });
      await (await db.get("ant")).delete();
      for (const [what, [message, fail]] of Object.entries(found)) {
        const error = await rejects(fail(context), CouchDBError);
        assert.equal(error.message, message, what);
        // The class and the status agree nevertheless.
        const isConflict = error instanceof ConflictError;
        assert.isTrue(isConflict || error instanceof NotFoundError, what);
        assert.equal(error.status, isConflict ? 409 : 404, what);
        assert.isTrue(error.url.startsWith(url), what);
      }
    },
  },
  {
    name: "errors: a lost save that another save preceded says so",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 } });
      const rules = [{ of: "^PUT .*cat", fault: { how: "cut" } as const }];
      await throughProxy(context, rules, async ({ db }) => {
        const cat = await db.get("cat");
        await (await context.db.get("cat")).update((data) => void Object.assign(data, { legs: 8 }));
        cat.data.legs = 3;
        const { message } = await rejects(cat.save(), ConflictError);
        assert.equal(message, "`cat` was saved by another client first");
      });
    },
  },
  {
    name: "errors: a response's own message has its status line",
    async run({ db }) {
      const { message, url } = await rejects(db.get("dog"), NotFoundError);
      assert.equal(message, `GET ${url}: 404 not_found (missing)`);
    },
  },
  ...(
    [
      ["a refused connection", refusal, false],
      ["a certificate that is not trusted", untrusted, true],
    ] as const
  ).map(
    ([what, expected, isSecure]): Case => ({
      name: `errors: a NetworkError names its cause: ${what}`,
      async run(context) {
        const read = async ({ couch, refuse, url }: RemoteProxy) => {
          if (!isSecure) await refuse(true);
          const { message, reason } = await rejects(couch.info(), NetworkError);
          assert.equal(message, `GET ${url.replace(/\/?$/, "/")}: ${reason}`);
          assert.match(`${reason}`, expected);
          assert.notMatch(`${reason}`, /https?:|undefined/);
          assert.notInclude(message, context.password);
          if (!isSecure) await refuse(false);
        };
        await throughProxy(context, [], read, { retry: { limit: 0 } }, isSecure);
      },
    }),
  ),
  {
    name: "errors: a NetworkError shows no URL of its cause, nor a cause without a message",
    async run({ url }) {
      const { host } = new URL(url);
      const failing = async (thrown: unknown) => {
        const fetch = () => Promise.reject(thrown);
        const couch = new CouchDB(url, { fetch, retry: { limit: 0 } });
        return (await rejects(couch.info(), NetworkError)).reason;
      };
      const secret = `http://admin:secret@${host}/`;
      for (const thrown of [
        new TypeError(`no ${secret} today`),
        new TypeError("a", { cause: new Error(secret) }),
      ])
        assert.notMatch(`${await failing(thrown)}`, /secret|http/);
      for (const thrown of [
        undefined,
        null,
        "lost",
        new Error(),
        { message: 1 },
        { errors: [null] },
      ])
        assert.match(`${await failing(thrown)}`, /^the connection failed/);
    },
  },
];
