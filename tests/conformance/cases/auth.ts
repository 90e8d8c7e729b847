import { assert } from "chai";
import {
  type Auth,
  BadRequestError,
  basic,
  bearer,
  CouchDB,
  CouchDBError,
  cookie,
  ForbiddenError,
  proxy,
  ServerError,
  TimeoutError,
  UnauthorizedError,
} from "couchfetch";
import {
  type Case,
  type Context,
  eventually,
  fill,
  isBrowser,
  rejects,
  withUser,
} from "../case.js";
import { answer, type ProxyStatus, throughProxy } from "../proxies.js";

const unauthorized =
  '{"error":"unauthorized","reason":"You are not authorized to access this db."}';
const malformed =
  '{"error":"bad_request","reason":"Malformed AuthSession cookie. Please clear your cookies."}';

/** How often each request was made; a page's preflights are not its. */
function counted({ requests }: ProxyStatus): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const each of requests) {
    if (!each.startsWith("OPTIONS")) counts[each] = (counts[each] ?? 0) + 1;
  }
  return counts;
}

type Inspect = (value: unknown, options?: object) => string;

/** What a runtime prints of values, where it can be asked for that. */
const { Deno, Bun, process } = globalThis as {
  Deno?: { inspect: Inspect };
  Bun?: { inspect: Inspect };
  process?: { getBuiltinModule?(name: string): { inspect: Inspect } };
};
const inspections = [Deno?.inspect, Bun?.inspect, process?.getBuiltinModule?.("node:util")?.inspect]
  .filter((each) => each !== undefined)
  .map((each) => (value: unknown) => each(value, { depth: 9, showHidden: true }))
  .concat((value) => `${value} ${JSON.stringify(value)} ${(value as Error)?.stack}`);

/** A JSON Web Token that the server takes. */
async function token(
  { secret = "" }: Pick<Context, "secret">,
  claims: object,
  header = {},
): Promise<string> {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const encode = (data: Uint8Array) =>
    btoa(String.fromCharCode(...data)).replace(/[+/=]/g, (c) => ({ "+": "-", "/": "_" })[c] ?? "");
  const part = (json: object) => encode(bytes(JSON.stringify(json)));
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", bytes(secret), hmac, false, ["sign"]);
  const signed = `${part({ alg: "HS256", typ: "JWT", ...header })}.${part(claims)}`;
  const proof = await crypto.subtle.sign(hmac, key, bytes(signed));
  return `${signed}.${encode(new Uint8Array(proof))}`;
}

// Of one address, a browser reads one at a time.
const cats = { cat1: {}, cat2: {}, cat3: {}, cat4: {} };

const later = () => Math.floor(Date.now() / 1000) + 600;

export const auth: Case[] = [
  {
    name: "cookie: logs in once, at the first request, for all who wait; and sends no password else",
    needs: "cookies across origins",
    async run(context) {
      const { user, password, db } = context;
      await fill(db, { cat: { legs: 4 } });
      const options = { auth: cookie(user, password) };
      await throughProxy(
        context,
        [],
        async ({ couch, db, status }) => {
          const reads = Array.from({ length: 20 }, () => db.get("cat"));
          for (const { data } of await Promise.all(reads)) assert.equal(data.legs, 4);
          assert.deepEqual(await couch.checkCredentials(), { name: user, roles: ["_admin"] });
          await db.document("dog").save();
          const { requests, headers } = await status();
          assert.deepEqual(counted({ requests } as ProxyStatus), {
            "POST /_session": 1,
            [`GET /${db.id}/cat`]: 20,
            "GET /_session": 1,
            [`PUT /${db.id}/dog`]: 1,
          });
          for (const [at, request] of requests.entries()) {
            assert.notProperty(headers[at], "authorization");
            if (/^(GET|PUT)/.test(request))
              assert.match(headers[at]?.cookie ?? "", /AuthSession=./);
          }
        },
        options,
      );
    },
  },
  {
    name: "cookie: close logs out, if it was logged in",
    needs: "cookies across origins",
    async run(context) {
      const { user, password } = context;
      await throughProxy(context, [], async ({ url, status }) => {
        const couch = new CouchDB(url, { auth: cookie(user, password) });
        await couch.close();
        assert.deepEqual(counted(await status()), {});
        const other = new CouchDB(url, { auth: cookie(user, password) });
        await other.info();
        await other.close();
        await other.close();
        assert.equal(counted(await status())["DELETE /_session"], 1);
        const anonymous = new CouchDB(url);
        assert.isNull((await anonymous.checkCredentials()).name);
      });
    },
  },
  {
    name: "cookie: close logs out, also while it logs in, and no request goes on",
    needs: "cookies across origins",
    async run(context) {
      const { user, password } = context;
      const rules = [{ of: "^POST .*_session", fault: { hold: 1 } }];
      await throughProxy(context, rules, async ({ url, status }) => {
        const couch = new CouchDB(url, { auth: cookie(user, password) });
        const asked = rejects(couch.info(), DOMException);
        await eventually(async () => counted(await status())["POST /_session"] === 1);
        await couch.close();
        assert.equal((await asked).name, "AbortError");
        const { "POST /_session": logins, "DELETE /_session": logouts } = counted(await status());
        assert.deepEqual([logins, logouts], [1, 1]);
      });
    },
  },
  ...[
    ["an expired session", 401, unauthorized],
    ["a malformed cookie", 400, malformed],
  ].map(
    ([what, status, body]): Case => ({
      name: `cookie: logs in again after ${what}, once for all, and sends what was refused anew`,
      needs: "cookies across origins",
      async run(context) {
        const { user, password, db } = context;
        await fill(db, cats);
        const refuse = answer(Number(status), String(body));
        const rules = [{ of: "^(GET|PUT) .*(cat|dog)", times: 5, together: 5, fault: refuse }];
        await throughProxy(
          context,
          rules,
          async ({ couch, db, status }) => {
            await couch.info();
            const reads = Object.keys(cats).map((id) => db.get(id));
            await Promise.all([...reads, db.document("dog", { legs: 3 }).save()]);
            assert.deepEqual(counted(await status()), {
              "POST /_session": 2,
              "GET /": 1,
              ...Object.fromEntries(Object.keys(cats).map((id) => [`GET /${db.id}/${id}`, 2])),
              [`PUT /${db.id}/dog`]: 2,
            });
          },
          { auth: cookie(user, password) },
        );
        assert.equal((await db.get("dog")).data.legs, 3);
      },
    }),
  ),
  {
    name: "cookie: what is refused twice is refused",
    needs: "cookies across origins",
    async run(context) {
      const rules = [{ of: "^GET .*cat", fault: answer(401, unauthorized) }];
      const options = { auth: cookie(context.user, context.password) };
      await throughProxy(
        context,
        rules,
        async ({ db, status }) => {
          const error = await rejects(db.get("cat"), UnauthorizedError);
          assert.equal(error.reason, "You are not authorized to access this db.");
          assert.deepEqual(counted(await status()), {
            "POST /_session": 2,
            [`GET /${db.id}/cat`]: 2,
          });
        },
        options,
      );
    },
  },
  {
    name: "cookie: a 401 about what a known user does neither logs in again nor sends a write twice",
    needs: "cookies across origins",
    async run(context) {
      const { db, user, password } = context;
      const validate_doc_update =
        "function (doc) { if (doc.bad) throw { unauthorized: 'not that' }; }";
      await fill(db, { "_design/rules": { validate_doc_update } });
      await throughProxy(
        context,
        [],
        async ({ db, status }) => {
          const error = await rejects(db.document("bad", { bad: true }).save(), UnauthorizedError);
          assert.equal(error.reason, "not that");
          await db.document("good", {}).save();
          assert.deepEqual(counted(await status()), {
            "POST /_session": 1,
            "GET /_session": 1,
            [`PUT /${db.id}/bad`]: 1,
            [`PUT /${db.id}/good`]: 1,
          });
        },
        { auth: cookie(user, password) },
      );
      await withUser(context, {}, async ({ name, password }) => {
        await throughProxy(
          context,
          [],
          async ({ couch, status }) => {
            const error = await rejects(couch.create("conformance_forbidden"), UnauthorizedError);
            assert.equal(error.reason, "You are not a server admin.");
            const { "POST /_session": logins, "PUT /conformance_forbidden": writes } = counted(
              await status(),
            );
            assert.deepEqual([logins, writes], [1, 1]);
          },
          { auth: cookie(name, password) },
        );
      });
    },
  },
  {
    name: "cookie: a 401 to one whom the server no longer knows logs in again, whatever its reason",
    needs: "Cookie headers",
    async run(context) {
      const { couch, db, user, password } = context;
      const rules =
        "function (doc, old, user) { if (!user.name) throw { unauthorized: 'log in' }; }";
      await fill(db, { "_design/rules": { validate_doc_update: rules } });
      const members = { names: [], roles: [] };
      await couch.request(`${db.id}/_security`, { method: "PUT", json: { members } });
      // A cookie that CouchDB can read, and does not accept: it takes the user for anonymous.
      const stale = btoa(`${user}:5F000000:xxxxxxxxxxxxxxxxxxxx`).replace(/=+$/, "");
      const headers = { "set-cookie": `AuthSession=${stale}; Version=1; Path=/; HttpOnly` };
      const welcome = answer(200, '{"couchdb":"Welcome"}', headers);
      await throughProxy(
        context,
        [{ of: "^GET /$", times: 1, fault: welcome }],
        async ({ couch, db, status }) => {
          await couch.info();
          await db.document("cat", { legs: 4 }).save();
          assert.deepEqual(counted(await status()), {
            "POST /_session": 2,
            "GET /": 1,
            "GET /_session": 1,
            [`PUT /${db.id}/cat`]: 2,
          });
        },
        { auth: cookie(user, password) },
      );
    },
  },
  {
    name: "cookie: a wrong password is Unauthorized, and tried but once",
    needs: "cookies across origins",
    async run(context) {
      const options = { auth: cookie(`nobody-${crypto.randomUUID()}`, "hunter2") };
      await throughProxy(
        context,
        [],
        async ({ db, couch, status }) => {
          for (const work of [
            () => db.get("cat"),
            () => couch.info(),
            () => db.changes().batches().next(),
          ]) {
            const error = await rejects(work, UnauthorizedError);
            assert.equal(error.reason, "Name or password is incorrect.");
            assert.notInclude(`${error} ${error.url} ${error.stack}`, "hunter2");
          }
          assert.deepEqual(counted(await status()), { "POST /_session": 1 });
        },
        options,
      );
    },
  },
  {
    name: "cookie: a login whose connection fails is tried again with the next request",
    needs: "cookies across origins",
    async run(context) {
      const rules = [{ of: "^POST /_session", times: 1, fault: { how: "reset" as const } }];
      const options = { auth: cookie(context.user, context.password), retry: { limit: 0 } };
      await throughProxy(
        context,
        rules,
        async ({ couch }) => {
          await rejects(couch.info(), Error);
          assert.equal((await couch.info()).couchdb, "Welcome");
        },
        options,
      );
    },
  },
  {
    name: "cookie: takes the renewed cookie of any answer",
    needs: "Cookie headers",
    async run(context) {
      const { user, password, db } = context;
      await fill(db, { cat: {} });
      const renewed = { "set-cookie": "AuthSession=renewed; Version=1; Path=/; HttpOnly" };
      const body = '{"couchdb":"Welcome"}';
      const rules = [{ of: "^GET /$", times: 1, fault: answer(200, body, renewed) }];
      await throughProxy(
        context,
        rules,
        async ({ couch, db, status }) => {
          await couch.info();
          // Which CouchDB does not know: a new login, then.
          await db.get("cat");
          const { requests, headers } = await status();
          const cookies = requests.flatMap((each, at) =>
            each.endsWith("cat") ? [headers[at]?.cookie] : [],
          );
          assert.equal(cookies[0], "AuthSession=renewed");
          assert.match(cookies[1] ?? "", /^AuthSession=.{20}/);
        },
        { auth: cookie(user, password) },
      );
    },
  },
  {
    name: "cookie: is for the user that it was made for",
    needs: "cookies across origins",
    run: (context) =>
      withUser(context, { roles: ["keeper"] }, async ({ name, password }) => {
        const couch = new CouchDB(context.url, { auth: cookie(name, password) });
        assert.deepEqual(await couch.checkCredentials(), { name, roles: ["keeper"] });
        await rejects(couch.create("conformance_forbidden"), UnauthorizedError);
        await couch.close();
      }),
  },
  {
    name: "cookie: a live feed goes on over an expired session",
    needs: "cookies across origins",
    async run(context) {
      const { user, password } = context;
      const expired = answer(401, unauthorized);
      const rules = [
        { of: "^GET .*feed=continuous", times: 1, fault: { after: 200, how: "cut" as const } },
        { of: "^GET .*feed=continuous", times: 1, fault: expired },
      ];
      await fill(context.db, { cat: {} });
      await throughProxy(
        context,
        rules,
        async ({ db }) => {
          const seen = new Set<string>();
          for await (const { id } of db.changes({ feed: "continuous", heartbeat: 1_000 })) {
            seen.add(id);
            if (seen.size === 3) break;
            await fill(context.db, { [`more-${seen.size}`]: {} });
          }
          assert.sameMembers([...seen], ["cat", "more-1", "more-2"]);
        },
        { auth: cookie(user, password) },
      );
    },
  },
  {
    name: "cookie: without arguments, it continues the session of the browser; elsewhere that is a TypeError",
    needs: "cookies across origins",
    async run(context) {
      assert.throws(() => cookie(undefined as unknown as string, "secret"), TypeError, "`user`");
      assert.throws(() => (cookie as (user: string) => Auth)("jan"), TypeError, "`password`");
      if (!isBrowser) {
        assert.throws(cookie as () => Auth, TypeError, "needs a user and a password");
        return;
      }
      const { db, user, password } = context;
      await fill(db, cats);
      const noSession = /_session: the browser has no session: log in$/;
      await throughProxy(context, [], async ({ url, status }) => {
        const page = new CouchDB(url, { auth: cookie() });
        for (const fail of [() => page.checkCredentials(), () => page.info()])
          assert.match((await rejects(fail, UnauthorizedError)).message, noSession);
        const before = (await status()).requests.length;
        const login = new CouchDB(url, { auth: cookie(user, password) });
        await login.info();
        // The same session works as soon as the browser has a cookie, and so does one of a reloaded page.
        const reloaded = new CouchDB(url, { auth: cookie() });
        const { name, roles } = await page.checkCredentials();
        assert.deepEqual({ name, roles }, { name: user, roles: ["_admin"] });
        const reads = Object.keys(cats).map((id) => reloaded.database(db.id).get(id));
        assert.lengthOf(await Promise.all(reads), Object.keys(cats).length);
        const { requests } = await status();
        assert.deepEqual(counted({ requests: requests.slice(before) } as ProxyStatus), {
          "POST /_session": 1,
          "GET /": 1,
          "GET /_session": 3,
          ...Object.fromEntries(Object.keys(cats).map((id) => [`GET /${db.id}/${id}`, 1])),
        });
        // Any of them ends it for all.
        await reloaded.close();
        const refused = await rejects(page.database(db.id).get("cat1"), UnauthorizedError);
        assert.match(refused.message, noSession);
        await rejects(page.checkCredentials(), UnauthorizedError);
        await page.close();
        await login.close();
      });
      // A cookie that the server cannot read is no session.
      const rules = [
        { of: "^GET .*_session", times: 1, fault: answer(400, malformed) },
        { of: "^GET .*_session", times: 1, fault: answer(401, unauthorized) },
        { of: "^GET .*_session", times: 1, fault: answer(500, '{"error":"crashed"}') },
      ];
      await throughProxy(context, rules, async ({ url }) => {
        const page = new CouchDB(url, { auth: cookie() });
        await rejects(page.info(), UnauthorizedError);
        await rejects(page.info(), UnauthorizedError);
        await rejects(page.info(), ServerError);
      });
    },
  },
  {
    name: "bearer: a function is asked once for all, and again when the server refuses",
    async run(context) {
      let asked = 0;
      const give = async () => {
        asked += 1;
        return `token-${asked}`;
      };
      const rules = [
        { of: "^GET .*cat", times: 4, together: 4, fault: answer(401, unauthorized) },
        ...Object.keys(cats).map((id) => ({
          of: `^GET .*${id}`,
          fault: answer(200, `{"_id":"${id}","_rev":"1-a"}`),
        })),
      ];
      await throughProxy(
        context,
        rules,
        async ({ db, status }) => {
          await Promise.all(Object.keys(cats).map((id) => db.get(id)));
          const { requests, headers } = await status();
          const sent = requests.flatMap((each, at) =>
            each.startsWith("GET") ? [headers[at]?.authorization] : [],
          );
          assert.deepEqual(sent.slice(0, 4), Array(4).fill("Bearer token-1"));
          assert.deepEqual(sent.slice(4), Array(4).fill("Bearer token-2"));
          assert.equal(asked, 2);
        },
        { auth: bearer(give) },
      );
    },
  },
  {
    name: "bearer: a constant that is refused is refused",
    async run(context) {
      const rules = [{ of: "^GET .*cat", fault: answer(401, unauthorized) }];
      await throughProxy(
        context,
        rules,
        async ({ db, status }) => {
          await rejects(db.get("cat"), UnauthorizedError);
          assert.deepEqual(counted(await status()), { [`GET /${db.id}/cat`]: 1 });
        },
        { auth: bearer("token") },
      );
    },
  },
  {
    name: "bearer: what cannot be sent, or is no token, is a TypeError that does not show it",
    async run({ url }) {
      for (const token of ["hunter2\r\nx: y", "hunter2\u{1f510}", "", undefined, 4]) {
        const couch = new CouchDB(url, { auth: bearer(() => token as string) });
        const error = await rejects(couch.info(), TypeError);
        assert.notInclude(`${error} ${error.stack}`, "hunter2");
      }
      assert.throws(() => bearer(undefined as unknown as string), TypeError);
      const mine = new Error("mine");
      const failing = new CouchDB(url, { auth: bearer(() => Promise.reject(mine)) });
      assert.equal(await rejects(failing.info(), Error), mine);
    },
  },
  {
    name: "bearer: the server takes a JSON Web Token",
    needs: "the server's secret",
    async run(context) {
      const claims = { sub: "keeper", "_couchdb.roles": ["zoo"], exp: later() };
      const couch = new CouchDB(context.url, { auth: bearer(await token(context, claims)) });
      assert.deepEqual(await couch.checkCredentials(), { name: "keeper", roles: ["zoo"] });
    },
  },
  {
    name: "bearer: a token that has expired is asked for anew",
    needs: "the server's secret",
    async run(context) {
      const claims = { sub: "keeper", "_couchdb.roles": [] };
      const times = [later() - 1_200, later()];
      const give = () => token(context, { ...claims, exp: times.shift() });
      const couch = new CouchDB(context.url, { auth: bearer(give) });
      assert.equal((await couch.checkCredentials()).name, "keeper");
      assert.deepEqual(times, []);
    },
  },
  {
    name: "bearer: a token that the server cannot verify is asked for anew, once",
    needs: "the server's secret",
    async run(context) {
      const claims = { sub: "keeper", "_couchdb.roles": ["_admin"], exp: later() };
      const bad = {
        "Bad HMAC": await token({ secret: "another" }, claims),
        "Unknown kid": await token(context, claims, { kid: "another" }),
        "Malformed token": "a.b.c",
      };
      for (const [reason, first] of Object.entries(bad)) {
        const tokens = [first, await token(context, claims)];
        const couch = new CouchDB(context.url, { auth: bearer(() => tokens.shift() ?? first) });
        assert.equal((await couch.checkCredentials()).name, "keeper");
        assert.lengthOf(tokens, 0);
        const always = new CouchDB(context.url, {
          auth: bearer(() => {
            tokens.push(first);
            return first;
          }),
        });
        const refused = await rejects(always.database(context.db.id).get("cat"), BadRequestError);
        assert.equal(refused.reason, reason);
        assert.lengthOf(tokens, 2);
        // The response to a HEAD request has no reason.
        tokens.splice(0, 2, first, await token(context, claims));
        const other = new CouchDB(context.url, { auth: bearer(() => tokens.shift() ?? first) });
        assert.equal((await other.request(context.db.id, { method: "HEAD" })).status, 200);
      }
    },
  },
  {
    name: "bearer: a 401 about what a known user does asks for no other token",
    needs: "the server's secret",
    async run(context) {
      const { db } = context;
      const rules = "function (doc) { if (doc.bad) throw { unauthorized: 'not that' }; }";
      await fill(db, { "_design/rules": { validate_doc_update: rules } });
      let asked = 0;
      const give = () => {
        asked += 1;
        return token(context, { sub: "keeper", "_couchdb.roles": ["_admin"], exp: later() });
      };
      await throughProxy(
        context,
        [],
        async ({ db, status }) => {
          await rejects(db.document("bad", { bad: true }).save(), UnauthorizedError);
          assert.equal(counted(await status())[`PUT /${db.id}/bad`], 1);
          assert.equal(asked, 1);
        },
        { auth: bearer(give) },
      );
    },
  },
  {
    name: "an Auth that does not settle is a TimeoutError, and does not stop the session for good",
    async run(context) {
      const never = new Promise<never>(() => {});
      let asked = 0;
      const give = () => {
        asked += 1;
        return asked === 1 ? never : "token";
      };
      const rules = [
        { of: "^GET /$", fault: answer(200, '{"couchdb":"Welcome"}') },
        { of: "^PUT .*cat", fault: answer(201, '{"ok":true,"id":"cat","rev":"1-a"}') },
        { of: "^PUT .*dog", fault: answer(403, '{"error":"forbidden","reason":"no"}') },
        { of: "^PUT .*ant", fault: answer(500, '{"error":"error","reason":"no"}') },
      ];
      const timeout = 500;
      await throughProxy(
        context,
        rules,
        async ({ couch, db, status, url }) => {
          const waiting = [couch.info(), db.document("cat").save(), db.docs().toArray()];
          const errors = waiting.map((each) => rejects(each, TimeoutError));
          for (const error of await Promise.all(errors)) {
            assert.isFalse(error.mayHaveHappened);
            assert.include(error.message, "no credentials within 500 ms");
          }
          assert.deepEqual(counted(await status()), {});
          assert.equal((await couch.info()).couchdb, "Welcome");
          assert.equal(asked, 2);

          const hanging = [
            { headers: () => never },
            { headers: () => ({}), onResponse: () => never },
          ];
          for (const auth of hanging) {
            const session = new CouchDB(url, { auth, timeout });
            await rejects(session.info(), TimeoutError);
            await rejects(session.checkCredentials(), TimeoutError);
          }
          // What the server has done, or refused, it has.
          const animals = new CouchDB(url, { auth: hanging[1], timeout }).database(db.id);
          const cat = animals.document("cat");
          await cat.save();
          assert.equal(cat.rev, "1-a");
          const refused = await rejects(animals.document("dog").save(), TimeoutError);
          assert.isFalse(refused.mayHaveHappened);
          const failed = await rejects(animals.document("ant").save(), TimeoutError);
          assert.isTrue(failed.mayHaveHappened);
        },
        { auth: bearer(give), timeout },
      );
    },
  },
  {
    name: "proxy: the server takes a user and roles with the right proof, and no other",
    needs: ["the server's secret", "any header"],
    async run({ url, secret }) {
      const roles = ["zoo", "kéeper 🦊"];
      const couch = new CouchDB(url, { auth: proxy("ünï 漢字", { roles, secret }) });
      assert.deepEqual(await couch.checkCredentials(), { name: "ünï 漢字", roles });
      const liar = new CouchDB(url, { auth: proxy("ünï 漢字", { roles, secret: "wrong" }) });
      const error = await rejects(liar.checkCredentials(), CouchDBError);
      assert.isTrue(error instanceof UnauthorizedError || error instanceof ForbiddenError);
    },
  },
  {
    name: "proxy: wants a name, roles without commas, and a secret that is one",
    async run() {
      assert.throws(() => proxy(""), TypeError);
      assert.throws(() => proxy(" admin"), TypeError);
      assert.throws(() => proxy("a", { roles: ["b,c"] }), TypeError);
      assert.throws(() => proxy("a", { roles: [" _admin"] }), TypeError);
      assert.throws(() => proxy("a", { roles: "b" as unknown as string[] }), TypeError);
      assert.throws(() => proxy("a", { secret: "" }), TypeError);
    },
  },
  {
    name: "an Auth of one's own is asked for each request, told of each answer, and may have it sent anew",
    async run(context) {
      const told: [number, string | undefined][] = [];
      let key = 1;
      let closed = 0;
      const own: Auth = {
        headers: async ({ url }) => ({ authorization: `Key ${key}${new URL(url).pathname}` }),
        onResponse({ status, sent, reason }) {
          told.push([status, sent.authorization]);
          if (status === 403) assert.equal(reason, "a new key");
          if (status === 403) key += 1;
          return status === 403;
        },
        close: () => {
          closed += 1;
        },
      };
      const rules = [
        { of: "^GET", times: 1, fault: answer(403, '{"error":"forbidden","reason":"a new key"}') },
        { of: "^GET", fault: answer(200, '{"couchdb":"Welcome"}') },
      ];
      await throughProxy(
        context,
        rules,
        async ({ couch, status }) => {
          await couch.info();
          assert.deepEqual(told, [
            [403, "Key 1/"],
            [200, "Key 2/"],
          ]);
          assert.deepEqual(counted(await status()), { "GET /": 2 });
          await couch.close();
        },
        { auth: own },
      );
      assert.equal(closed, 1);
    },
  },
  {
    name: "what an Auth of one's own throws is what the request fails with",
    async run({ url }) {
      const mine = new Error("mine");
      const fail = () => {
        throw mine;
      };
      for (const auth of [
        { headers: fail },
        { headers: () => Promise.reject(mine) },
        { headers: () => ({}), onResponse: fail },
        { headers: () => ({}), onResponse: () => Promise.reject(mine) },
      ]) {
        const couch = new CouchDB(url, { auth });
        assert.equal(await rejects(couch.info(), Error), mine);
        assert.equal(await rejects(couch.get("conformance_none"), Error), mine);
      }
    },
  },
  {
    name: "no inspection that the runtime has shows a credential",
    async run({ url }) {
      const secret = "hunter2-hunter2";
      for (const auth of [basic("jan", secret), cookie("jan", secret), bearer(secret)]) {
        const couch = new CouchDB(url, { auth });
        const db = couch.database("animals");
        const error = await couch.info().catch((thrown: unknown) => thrown);
        for (const thing of [couch, db, db.document("cat"), db.docs(), db.changes(), auth, error]) {
          const shown = inspections.map((inspect) => inspect(thing)).join(" ");
          for (const leak of [secret, btoa(`jan:${secret}`)]) assert.notInclude(shown, leak);
        }
      }
    },
  },
];
