import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { Client } from "./client.js";
import { client, fill, foreign, idsOf, inDatabase, server } from "./fixture.js";

describe("bulk writes", () => {
  test(
    "the documents of a request follow one another, the same one too",
    inDatabase(async (path) => {
      const { rev: a } = await client.json("PUT", `${path}/a`, {});
      const { rev: b } = await client.json("PUT", `${path}/b`, {});
      const docs = [
        { _id: "a", _rev: a, _deleted: true },
        { _id: "a", n: 1 },
        { _id: "b", _rev: b, n: 1 },
        { _id: "b", _rev: b, n: 2 },
      ];
      const rows = await client.json("POST", `${path}/_bulk_docs`, { docs });
      expect(rows).toMatchObject([
        { ok: true, rev: expect.stringMatching(/^2-/) },
        { ok: true, rev: expect.stringMatching(/^3-/) },
        { ok: true, rev: expect.stringMatching(/^2-/) },
        { id: "b", error: "conflict" },
      ]);
      const stored = await client.json("GET", `${path}/b?conflicts=true`);
      expect(stored).toEqual({ _id: "b", _rev: rows[2].rev, n: 1 });
    }),
  );

  test(
    "replicated revisions are stored beside what there is, and only refusals told",
    inDatabase(async (path) => {
      const hash = (digit: string) => digit.repeat(32);
      const revision = (digit: string) => ({
        _id: "doc",
        _rev: `2-${hash(digit)}`,
        _revisions: { start: 2, ids: [hash(digit), hash("0")] },
      });
      const bad = { _id: "_design/bad", _rev: `1-${hash("a")}`, views: 5 };
      const docs = [revision("a"), revision("b"), bad, revision("a")];
      const rows = await client.json("POST", `${path}/_bulk_docs`, { docs, new_edits: false });
      const reason = "`views` field must have object type";
      expect(rows).toEqual([
        { id: "_design/bad", rev: bad._rev, error: "invalid_design_doc", reason },
      ]);
      expect(await client.json("GET", `${path}/doc?conflicts=true`)).toEqual({
        _id: "doc",
        _rev: `2-${hash("b")}`,
        _conflicts: [`2-${hash("a")}`],
      });
    }),
  );
});

describe("purge", () => {
  test(
    "a purged document has never been",
    inDatabase(async (path) => {
      await fill(path, 2);
      const views = { v: { map: "function (doc) { emit(doc._id); }" } };
      await client.json("PUT", `${path}/_design/d`, { views });
      const view = `${path}/_design/d/_view/v`;
      expect((await client.json("GET", view)).total_rows).toBe(2);
      const { _rev } = await client.json("GET", `${path}/doc-00000`);
      const body = { "doc-00000": [_rev], nobody: [_rev] };
      const { purged } = await client.json("POST", `${path}/_purge`, body);
      expect(purged).toEqual({ "doc-00000": [_rev], nobody: [] });
      const gone = await client.send("GET", `${path}/doc-00000?rev=${_rev}`);
      expect(await gone.json()).toEqual({ error: "not_found", reason: "missing" });
      expect(idsOf((await client.json("GET", view)).rows)).toEqual(["doc-00001"]);
      const { results } = await client.json("GET", `${path}/_changes`);
      expect(idsOf(results)).toEqual(["doc-00001", "_design/d"]);
      const { rev } = await client.json("PUT", `${path}/doc-00000`, {});
      expect(rev).toBe(_rev);
      expect((await client.json("GET", view)).total_rows).toBe(2);
    }),
  );

  test(
    "what a purge leaves of a document is a change",
    inDatabase(async (path) => {
      const [a, b] = ["a", "b"].map((digit) => `1-${digit.repeat(32)}`);
      const docs = [a, b].map((_rev) => ({ _id: "doc", _rev }));
      await client.json("POST", `${path}/_bulk_docs`, { docs, new_edits: false });
      const { last_seq } = await client.json("GET", `${path}/_changes`);
      await client.json("POST", `${path}/_purge`, { doc: [b] });
      const since = encodeURIComponent(last_seq);
      const { results } = await client.json("GET", `${path}/_changes?since=${since}`);
      expect(results).toMatchObject([{ id: "doc", changes: [{ rev: a }] }]);
    }),
  );
});

describe("privileges", () => {
  async function withUser(run: (user: Client, name: string) => Promise<void>): Promise<void> {
    const name = `u${randomUUID()}`;
    await client.send("PUT", "/_users"); // CouchDB has it already.
    const url = `/_users/org.couchdb.user:${name}`;
    const doc = { name, password: "fox", roles: [], type: "user" };
    const { rev } = await client.json("PUT", url, doc);
    const { host } = new URL(foreign ?? server.url);
    try {
      await run(new Client(`http://${name}:fox@${host}`), name);
    } finally {
      await client.send("DELETE", `${url}?rev=${rev}`);
    }
  }

  test(
    "a member may write documents, and nothing that rules the others",
    inDatabase((path) =>
      withUser(async (member, name) => {
        const answer = async (method: string, url: string, body?: unknown) => {
          const response = await member.send(method, path + url, body);
          return [response.status, await response.json()];
        };
        expect((await answer("GET", ""))[0]).toBe(403);
        await client.json("PUT", `${path}/_security`, { members: { names: [name] } });
        const index = { index: { fields: ["n"] }, ddoc: "n", name: "n" };
        await client.json("POST", `${path}/_index`, index);

        const docs = [{ _id: "_design/d" }, { _id: "a" }];
        const rows = [
          { id: "_design/d", error: "forbidden" },
          { id: "a", ok: true },
        ];
        expect(await answer("POST", "/_bulk_docs", { docs })).toMatchObject([201, rows]);
        const forbidden = { error: "forbidden", reason: "You are not a db or server admin." };
        expect(await answer("PUT", "/_design/d", {})).toEqual([403, forbidden]);
        const noMajority = { error: "error", reason: "no_majority" };
        expect(await answer("PUT", "/_security", {})).toEqual([500, noMajority]);
        expect((await answer("POST", "/_purge", {}))[0]).toBe(401);
        // What looks like a success is none.
        expect(await answer("DELETE", "/_index/n/json/n")).toEqual([200, { ok: true }]);
        expect((await client.json("GET", `${path}/_index`)).total_rows).toBe(2);
      }),
    ),
  );
});
