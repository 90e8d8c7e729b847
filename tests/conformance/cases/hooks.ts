import { assert } from "chai";
import {
  CouchDB,
  cookie,
  type Hooks,
  NotFoundError,
  type RequestEvent,
  type ResponseEvent,
  type RetryEvent,
  TimeoutError,
} from "couchfetch";
import { importDocs } from "couchfetch/transfer";
import type { Fault } from "../../faults/proxy.js";
import { type Case, eventually, fill, rejects } from "../case.js";
import { answer, type Rule, throughProxy } from "../proxies.js";

const busy = answer(503, '{"error":"busy","reason":"later"}');
const unauthorized =
  '{"error":"unauthorized","reason":"You are not authorized to access this db."}';

/** Hooks that note what they are called with, in order: as text, and as given. */
function noting() {
  const notes: string[] = [];
  const events: object[] = [];
  const note = (kind: string, event: RequestEvent | RetryEvent) => {
    events.push(event);
    const { method, url, attempt, status, reason } = event as ResponseEvent;
    const path = new URL(url).pathname.replace(/.*\//, "/");
    const outcome = kind === "response" ? ` ${status ?? reason}` : "";
    notes.push(`${kind} ${attempt} ${method} ${path}${outcome}`);
  };
  const hooks = {
    request: (event) => note("request", event),
    response: (event) => note("response", event),
    retry: (event) => note("retry", event),
  } satisfies Hooks;
  return { notes, events, hooks };
}

export const hookCases: Case[] = [
  {
    name: "hooks are called for each request, retry and response, with plain values",
    async run(context) {
      const { user, password } = context;
      await fill(context.db, { cat: { legs: 4 } });
      const { notes, events, hooks } = noting();
      await throughProxy(
        context,
        [{ of: "^GET .*cat", times: 1, fault: busy }],
        async ({ url, db }) => {
          await db.get("cat");
          assert.deepEqual(notes, [
            "request 1 GET /cat",
            "response 1 GET /cat 503",
            "retry 1 GET /cat",
            "request 2 GET /cat",
            "response 2 GET /cat 200",
          ]);
          const of = { method: "GET", url: `${url.replace(/\/$/, "")}/${db.id}/cat` };
          const times = events.map((event) => (event as { milliseconds: number }).milliseconds);
          assert.isTrue([times[1], times[2], times[4]].every((time) => Number(time) >= 0));
          const reason = `GET ${of.url}: 503 busy (later)`;
          const first = { ...of, attempt: 1, status: 503, reason, milliseconds: times[1] };
          const second = {
            ...of,
            attempt: 2,
            status: 200,
            reason: undefined,
            milliseconds: times[4],
          };
          const retry = { ...of, attempt: 1, reason, milliseconds: times[2] };
          assert.deepEqual(events, [first, first, retry, second, second]);
          // The same object, so that a WeakMap can keep what belongs to a request.
          assert.strictEqual(events[0], events[1]);
          assert.notStrictEqual(events[0], events[3]);
          assert.notInclude(JSON.stringify(events), btoa(`${user}:${password}`));
          assert.notInclude(JSON.stringify(events), password);
        },
        { hooks },
      );
    },
  },
  {
    name: "hooks: each request has one response, also if it is refused, lost, late or aborted",
    async run(context) {
      const { notes, hooks } = noting();
      const rules: Rule[] = [
        { of: "^GET .*silent", fault: { how: "stall" } },
        { of: "^GET .*held", fault: { how: "stall" } },
      ];
      await throughProxy(
        context,
        rules,
        async ({ couch, db, refuse, status }) => {
          await rejects(db.get("missing"), NotFoundError);
          await rejects(db.get("silent"), TimeoutError);
          const controller = new AbortController();
          const reading = rejects(db.get("held", { signal: controller.signal }), Error);
          await eventually(async () => (await status()).requests.some((each) => /held/.test(each)));
          controller.abort();
          await reading;
          const silence = notes.splice(3, 1)[0];
          assert.match(`${silence}`, /^response 1 GET \/silent GET .*: no response within 500 ms$/);
          assert.deepEqual(notes.splice(0), [
            "request 1 GET /missing",
            "response 1 GET /missing 404",
            "request 1 GET /silent",
            "request 1 GET /held",
            "response 1 GET /held aborted",
          ]);
          await refuse(true);
          await rejects(couch.request(`${db.id}/cat`, { method: "PUT", json: {} }), Error);
          const [request, response] = notes;
          assert.equal(request, "request 1 PUT /cat");
          assert.match(`${response}`, /^response 1 PUT \/cat PUT .*: the connection failed/);
          await refuse(false);
        },
        { hooks, timeout: 500, retry: { limit: 0 } },
      );
    },
  },
  {
    name: "hooks: a live feed that reconnects, a scan that resumes and an import that waits, are retries",
    async run(context) {
      await fill(context.db, { cat: {}, dog: {} });
      const { notes, hooks } = noting();
      const cut: Fault = { after: 60, how: "cut" };
      const rules: Rule[] = [
        { of: "^GET .*_all_docs", times: 1, fault: cut },
        { of: "^GET .*_changes", times: 1, fault: busy },
        { of: "^POST .*_bulk_docs", times: 1, fault: busy },
      ];
      await throughProxy(
        context,
        rules,
        async ({ db }) => {
          assert.deepEqual(await db.keys().toArray(), ["cat", "dog"]);
          assert.include(notes, "retry 1 GET /_all_docs");
          for await (const { id } of db.changes({ feed: "longpoll", limit: 1 }))
            assert.isString(id);
          assert.include(notes, "retry 1 GET /_changes");
          assert.deepInclude(await importDocs(db, [{ _id: "emu" }]), { written: 1 });
          assert.include(notes, "retry 1 POST /_bulk_docs");
        },
        { hooks },
      );
    },
  },
  {
    name: "hooks: what `request` returns is sent, but replaces no header of the call, of couchfetch or of auth",
    needs: "any header",
    async run(context) {
      await fill(context.db, { cat: {} });
      const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
      const given = { Traceparent: traceparent, "x-a": "hook", "x-b": "hook" };
      const hooks: Hooks = {
        request: () => ({ ...given, authorization: "Basic wrong", accept: "text/html" }),
      };
      await throughProxy(
        context,
        [],
        async ({ couch, db, status }) => {
          await couch.request(`${db.id}/cat`, { headers: { "x-b": "call", accept: "*/*" } });
          await db.get("cat");
          const [request, get] = (await status()).headers;
          const { authorization } = request ?? {};
          assert.include(request, { traceparent, "x-a": "hook", "x-b": "call", accept: "*/*" });
          assert.include(get, { traceparent, "x-b": "hook", accept: "application/json" });
          assert.notEqual(authorization, "Basic wrong");
        },
        { hooks, headers: { "x-a": "session" } },
      );
    },
  },
  {
    name: "hooks: a login and an attempt with renewed credentials are requests, too",
    needs: "cookies across origins",
    async run(context) {
      const { db, user, password } = context;
      await fill(db, { cat: {} });
      const { notes, events, hooks } = noting();
      await throughProxy(
        context,
        [{ of: "^GET .*cat", times: 1, fault: answer(401, unauthorized) }],
        async ({ db }) => {
          await db.get("cat");
          assert.deepEqual(notes, [
            "request 1 POST /_session",
            "response 1 POST /_session 200",
            "request 1 GET /cat",
            "response 1 GET /cat 401",
            "retry 1 GET /cat",
            "request 1 POST /_session",
            "response 1 POST /_session 200",
            "request 2 GET /cat",
            "response 2 GET /cat 200",
          ]);
          assert.deepInclude(events[4], { milliseconds: 0 });
          assert.notInclude(JSON.stringify(events), password);
        },
        { auth: cookie(user, password), hooks },
      );
    },
  },
  {
    name: "hooks: an unknown hook, or one that is no function, is a TypeError",
    async run({ url }) {
      const wrong = [{ onRequest: () => {} }, { request: "log" }, { retry: null }, () => {}, "log"];
      for (const hooks of wrong)
        assert.throws(() => new CouchDB(url, { hooks } as object), TypeError);
      new CouchDB(url, { hooks: {} });
      new CouchDB(url, { hooks: { request: undefined } });
    },
  },
];
