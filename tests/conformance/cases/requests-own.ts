import { assert } from "chai";
import { basic, ConflictError, CouchDB, NotFoundError, UnauthorizedError } from "couchfetch";
import { type Case, fill, rejects } from "../case.js";
import { answer, throughProxy } from "../proxies.js";

export const ownRequests: Case[] = [
  {
    name: "an answer is a Response, whatever it holds",
    async run({ couch, db }) {
      await fill(db, { cat: { legs: 4 } });
      const response = await couch.request(`${db.id}/cat`, { query: { revs: true } });
      assert.equal(response.status, 200);
      const cat = await response.json();
      assert.equal(cat.legs, 4);
      assert.equal(cat._revisions.start, 1);
      const rows = await couch.request(`/${db.id}/_all_docs?limit=1`, { query: {} });
      assert.lengthOf((await rows.json()).rows, 1);
      const both = await couch.request(`${db.id}/_all_docs?k=/../&skip=0`, { query: { limit: 0 } });
      assert.lengthOf((await both.json()).rows, 0);
      const keys = await couch.request(`${db.id}/_all_docs`, { query: { key: "cat" } });
      assert.lengthOf((await keys.json()).rows, 1);
      const head = await couch.request(`${db.id}/cat`, { method: "head" });
      assert.isNull(head.body);
      assert.include(head.headers.get("content-type"), "json");
    },
  },
  {
    name: "JSON is sent, and any body, under the type it has or is given",
    async run({ couch, db }) {
      const put = await couch.request(`${db.id}/cat`, { method: "PUT", json: { legs: 4 } });
      const { rev } = await put.json();
      assert.equal((await db.get("cat")).rev, rev);
      const bodies: [BodyInit, Record<string, string> | undefined, string][] = [
        ["text 0", undefined, "text/plain;charset=utf-8"],
        [new Blob(["text 1"], { type: "a/b" }), undefined, "a/b"],
        [new TextEncoder().encode("text 2"), { "Content-Type": "c/d" }, "c/d"],
        [new Blob(["text 3"]).stream(), undefined, "application/octet-stream"],
      ];
      for (const [at, [body, headers, type]] of bodies.entries()) {
        const query = { rev: (await db.get("cat")).rev };
        await couch.request(`${db.id}/cat/a`, { method: "PUT", query, headers, body });
        const stored = await (await db.get("cat")).attachment("a").fetch();
        assert.equal(stored.headers.get("content-type")?.toLowerCase().replace(/\s/g, ""), type);
        assert.equal(await stored.text(), `text ${at}`);
      }
    },
  },
  {
    name: "what fails is an error as of any method",
    async run({ couch, db, url }) {
      await fill(db, { cat: {} });
      await rejects(couch.request(`${db.id}/dog`), NotFoundError);
      const twice = { method: "PUT", json: {} };
      const conflict = await rejects(couch.request(`${db.id}/cat`, twice), ConflictError);
      assert.equal(conflict.method, "PUT");
      const wrong = new CouchDB(url, { auth: basic("nobody", "wrong") });
      await rejects(wrong.request("_session"), UnauthorizedError);
      const aborted = new DOMException("enough", "AbortError");
      const signal = AbortSignal.abort(aborted);
      assert.strictEqual(await rejects(couch.request(db.id, { signal }), DOMException), aborted);
    },
  },
  {
    name: "what reads is sent again where that may help, and what writes is not",
    async run(context) {
      const busy = answer(503, '{"error":"busy","reason":"later"}');
      const rules = [{ of: "^(GET|POST) .*_all_docs", times: 2, fault: busy }];
      await throughProxy(context, rules, async ({ couch }) => {
        const path = `${context.db.id}/_all_docs`;
        await rejects(couch.request(path, { method: "POST", json: {} }), Error);
        const response = await couch.request(path);
        assert.deepEqual((await response.json()).rows, []);
      });
    },
  },
  {
    name: "a 304 that was asked for is a Response",
    async run({ couch, db }) {
      await fill(db, { cat: { legs: 4 } });
      const path = `${db.id}/cat`;
      const etag = `"${(await db.get("cat")).rev}"`;
      const known = await couch.request(path, { headers: { "if-none-match": etag } });
      assert.equal(known.status, 304);
      assert.isNull(known.body);
      const other = await couch.request(path, { headers: { "if-none-match": '"1-a"' } });
      assert.equal((await other.json()).legs, 4);
    },
  },
  {
    name: "a path that leads out of the server's URL, or is none, is a TypeError",
    async run({ couch, db }) {
      const paths = ["..", "../a", `${db.id}/..`, "a/%2e%2E/b", "./a", "a#b", ".?x=1"];
      paths.push(".. ", "%2e%2e ", "a/.\u0000", "..\u001f", "a ", "a\u0001b");
      paths.push("..\\a", "a\\..\\..\\b", "a/.\t./b", "a/.\n./.\r./b");
      for (const path of paths) await rejects(couch.request(path), TypeError);
      await rejects(couch.request(undefined as unknown as string), TypeError);
      await rejects(couch.request("a", { method: "PUT", json: {}, body: "b" }), TypeError);
      await rejects(couch.request("a", { json: {} }), TypeError);
      await rejects(couch.request("a", { method: "head", body: "b" }), TypeError);
      await rejects(couch.request("a", { method: "PUT", json: () => 1 }), TypeError);
    },
  },
];
