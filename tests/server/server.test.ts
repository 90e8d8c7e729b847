import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Client, linesOf, rowsOf } from "./client.js";
import { type EmbeddedServer, startServer } from "./server.js";

// With COUCHDB_URL, that server has to pass the tests: it is the judge of what they claim.
const foreign = process.env.COUCHDB_URL;
const hooks = test.skipIf(foreign !== undefined);
if (foreign !== undefined) {
  console.log("server: tests of the embedded server's own hooks are skipped: another was named");
}

let server: EmbeddedServer;
let client: Client;

beforeAll(async () => {
  if (foreign === undefined) server = await startServer();
  client = new Client(foreign ?? server.url.replace("//", "//admin:secret@"));
});

afterAll(async () => {
  await server?.close();
});

/** Runs a test in a database of its own; one shard makes the order of changes that of the writes. */
async function withDatabase(run: (path: string) => Promise<void>): Promise<void> {
  const path = `/embedded-${randomUUID()}`;
  await client.json("PUT", `${path}?q=1`);
  try {
    await run(path);
  } finally {
    await client.send("DELETE", path);
  }
}

const inDatabase = (run: (path: string) => Promise<void>) => () => withDatabase(run);

async function fill(path: string, count: number, member: (i: number) => object = () => ({})) {
  const docs = Array.from({ length: count }, (_, i) => ({
    _id: `doc-${String(i).padStart(5, "0")}`,
    ...member(i),
  }));
  await client.json("POST", `${path}/_bulk_docs`, { docs });
  return docs.map((doc) => doc._id);
}

// biome-ignore lint/suspicious/noExplicitAny: rows of the wire
const idsOf = (rows: any[]) => rows.map((row) => row.id ?? row._id);

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe("feeds", () => {
  test(
    "concurrent writes arrive once each, in the order of their sequences",
    inDatabase(async (path) => {
      const feed = await client.send("GET", `${path}/_changes?feed=continuous&since=0&limit=200`);
      const ids = Array.from({ length: 200 }, (_, i) => `d${i}`);
      const [rows] = await Promise.all([
        collect(rowsOf(feed)),
        Promise.all(ids.map((id) => client.json("PUT", `${path}/${id}`, {}))),
      ]);
      const last = rows.pop();
      expect(idsOf(rows).sort()).toEqual(ids.sort());
      expect(last).toEqual({ last_seq: rows.at(-1).seq, pending: 0 });
      const { results } = await client.json("GET", `${path}/_changes`);
      expect(idsOf(rows)).toEqual(idsOf(results));
    }),
  );

  test(
    "an idle feed sends heartbeats, the first at once",
    inDatabase(async (path) => {
      const hangUp = new AbortController();
      const query = "feed=continuous&since=now&heartbeat=50";
      const init = { signal: hangUp.signal };
      const feed = await client.send("GET", `${path}/_changes?${query}`, undefined, init);
      const lines: string[] = [];
      for await (const line of linesOf(feed)) {
        lines.push(line);
        if (lines.length === 4) break;
      }
      hangUp.abort();
      expect(lines).toEqual(["", "", "", ""]);
    }),
  );

  test(
    "an idle feed without heartbeats ends after its timeout, where it was",
    inDatabase(async (path) => {
      await fill(path, 3);
      const feed = await client.send("GET", `${path}/_changes?feed=continuous&timeout=50`);
      const rows = await collect(rowsOf(feed));
      expect(idsOf(rows.slice(0, -1))).toEqual(["doc-00000", "doc-00001", "doc-00002"]);
      expect(rows.at(-1)).toEqual({ last_seq: rows[2].seq, pending: 0 });
    }),
  );

  test(
    "a feed goes on from any sequence that it gave",
    inDatabase(async (path) => {
      const ids = await fill(path, 5);
      const { results } = await client.json("GET", `${path}/_changes?limit=2`);
      const since = encodeURIComponent(results[1].seq);
      const rest = await client.json("GET", `${path}/_changes?since=${since}`);
      expect(typeof results[1].seq).toBe("string");
      expect(idsOf(rest.results)).toEqual(ids.slice(2));
      const bad = await client.send("GET", `${path}/_changes?since=2`);
      expect(bad.status).toBe(400);
    }),
  );

  test(
    "deleting the database ends its feeds cleanly",
    inDatabase(async (path) => {
      await fill(path, 1);
      const feed = await client.send("GET", `${path}/_changes?feed=continuous&heartbeat=60000`);
      const rows = rowsOf(feed);
      expect((await rows.next()).value.id).toBe("doc-00000");
      await client.json("DELETE", path);
      const rest = await collect(rows);
      expect(rest).toEqual([{ last_seq: expect.any(String), pending: 0 }]);
    }),
  );

  test(
    "a long poll waits for a change that its filter lets through",
    inDatabase(async (path) => {
      const query = "feed=longpoll&since=now&filter=_selector&heartbeat=50";
      const selector = { wanted: true };
      const poll = await client.send("POST", `${path}/_changes?${query}`, { selector });
      await client.json("PUT", `${path}/other`, { wanted: false });
      await client.json("PUT", `${path}/wanted`, { wanted: true });
      expect(idsOf(((await poll.json()) as { results: object[] }).results)).toEqual(["wanted"]);
    }),
  );

  test(
    "a slow reader gets everything, and holds up nobody",
    inDatabase(async (path) => {
      const ids = await fill(path, 600, () => ({ text: "x".repeat(20_000) }));
      const query = "feed=continuous&include_docs=true&limit=601";
      const feed = await client.send("GET", `${path}/_changes?${query}`);
      const rows = rowsOf(feed);
      const first = (await rows.next()).value;
      // 12 MB are on their way to a reader who does not read.
      await client.json("PUT", `${path}/last`, {});
      const rest = await collect(rows);
      expect(idsOf([first, ...rest.slice(0, -1)])).toEqual([...ids, "last"]);
      expect(rest.at(-1).last_seq).toBe(rest.at(-2).seq);
    }),
  );

  hooks(
    "a client that hangs up is noticed, and its feed forgotten",
    inDatabase(async (path) => {
      const hangUp = new AbortController();
      const before = server.openRequests();
      const target = `${path}/_changes?feed=continuous&heartbeat=60000`;
      await client.send("GET", target, undefined, { signal: hangUp.signal });
      expect(server.openRequests()).toBe(before + 1);
      const closed = server.closed((request) => request.path === target);
      hangUp.abort();
      await closed;
      await server.closed((request) => request.method === "GET" && request.path === target);
      expect(server.openRequests()).toBe(before);
    }),
  );

  hooks("closing the server hangs up on its feeds", async () => {
    const other = await startServer({ user: "root", password: "other" });
    const root = new Client(other.url.replace("//", "//root:other@"));
    await root.json("PUT", "/db");
    const feed = await root.send("GET", "/db/_changes?feed=continuous&heartbeat=60000");
    await other.close();
    await expect(feed.text()).rejects.toThrow();
    await expect(root.send("GET", "/")).rejects.toThrow();
  });
});

describe("find", () => {
  async function pages(path: string, request: object) {
    const found: string[] = [];
    let bookmark: string | undefined;
    for (;;) {
      const page = await client.json("POST", `${path}/_find`, { ...request, bookmark });
      found.push(...idsOf(page.docs));
      if (page.docs.length === 0) return { found, page, bookmark };
      bookmark = page.bookmark;
    }
  }

  test(
    "bookmarks lead through all pages, and stay at the end",
    inDatabase(async (path) => {
      const ids = await fill(path, 130, (i) => ({ n: i % 10 }));
      const { found, page, bookmark } = await pages(path, { selector: {}, limit: 30 });
      expect(found).toEqual(ids);
      expect(page.bookmark).toBe(bookmark);
    }),
  );

  test(
    "the same along an index, in either direction",
    inDatabase(async (path) => {
      const ids = await fill(path, 130, (i) => ({ n: i % 10 }));
      await client.json("POST", `${path}/_index`, { index: { fields: ["n"] } });
      const request = { selector: { n: { $gte: 0 } }, limit: 30 };
      const number = (id: string) => Number(id.slice(-1));
      const ordered = ids.toSorted((a, b) => number(a) - number(b) || (a < b ? -1 : 1));
      const up = await pages(path, { ...request, sort: ["n"] });
      expect(up.found).toEqual(ordered);
      expect(up.page.warning).toBeUndefined();
      const down = await pages(path, { ...request, sort: [{ n: "desc" }] });
      expect(down.found).toEqual(ordered.toReversed());
    }),
  );

  test(
    "documents that come do not shift a page; that the last one goes hides another",
    inDatabase(async (path) => {
      const ids = await fill(path, 10);
      const request = { selector: {}, limit: 4 };
      const first = await client.json("POST", `${path}/_find`, request);
      const next = { ...request, bookmark: first.bookmark };
      await client.json("PUT", `${path}/a-new-one`, {});
      const second = await client.json("POST", `${path}/_find`, next);
      expect(idsOf(second.docs)).toEqual(ids.slice(4, 8));
      const { _id, _rev } = first.docs[3];
      await client.json("DELETE", `${path}/${_id}?rev=${_rev}`);
      const again = await client.json("POST", `${path}/_find`, next);
      expect(idsOf(again.docs)).toEqual(ids.slice(5, 9));
    }),
  );
});

describe("rows", () => {
  test(
    "keys are answered in their order, missing and deleted ones too",
    inDatabase(async (path) => {
      await fill(path, 3);
      const { rev } = await client.json("PUT", `${path}/gone`, {});
      await client.json("DELETE", `${path}/gone?rev=${rev}`);
      const keys = ["doc-00002", "nope", "gone", "doc-00000"];
      const { rows } = await client.json("POST", `${path}/_all_docs?include_docs=true`, { keys });
      expect(rows.map((row: { key: string }) => row.key)).toEqual(keys);
      expect(rows[1]).toEqual({ key: "nope", error: "not_found" });
      expect(rows[2]).toMatchObject({ value: { deleted: true }, doc: null });
      expect(rows[3].doc._id).toBe("doc-00000");
    }),
  );

  test(
    "a view goes on behind a key and an id, as a scan that resumes asks for",
    inDatabase(async (path) => {
      await fill(path, 6, (i) => ({ n: i % 2 }));
      const views = { n: { map: "function (doc) { emit(doc.n, doc._id); }" } };
      await client.json("PUT", `${path}/_design/d`, { views });
      const view = `${path}/_design/d/_view/n`;
      const { rows } = await client.json(
        "GET",
        `${view}?startkey=0&startkey_docid=doc-00002&skip=1`,
      );
      expect(idsOf(rows)).toEqual(["doc-00004", "doc-00001", "doc-00003", "doc-00005"]);
      const posted = await client.json("POST", view, { keys: [1, 0] });
      expect(posted.rows.map((row: { key: number }) => row.key)).toEqual([1, 1, 1, 0, 0, 0]);
    }),
  );

  test(
    "strings in keys are ordered as people order them, ids as their bytes are",
    inDatabase(async (path) => {
      const ids = ["a", "B", "b", "A", "ä", "\u{1f98a}", "\uff5e"];
      await Promise.all(
        ids.map((id) => client.json("PUT", `${path}/${encodeURIComponent(id)}`, {})),
      );
      const views = { id: { map: "function (doc) { emit(doc._id); }" } };
      await client.json("PUT", `${path}/_design/d`, { views });
      const all = await client.json("GET", `${path}/_all_docs?endkey="\ufff0"&startkey="A"`);
      const listed = idsOf(all.rows).filter((id) => id !== "_design/d");
      expect(listed).toEqual(["A", "B", "a", "b", "ä", "\uff5e"]);
      const { rows } = await client.json("GET", `${path}/_design/d/_view/id?startkey="a"`);
      expect(idsOf(rows)).toEqual(["a", "A", "ä", "b", "B"]);
    }),
  );
});

describe("documents", () => {
  const ids = ["a/b", "a+b", "a b", "a%2Fb", "ü 漢字 🦊", "?&#=", "..;", "_design/a/b", "'\"\\"];

  test.each(ids)("an id may be %s", (id) =>
    withDatabase(async (path) => {
      const url = `${path}/${encodeURIComponent(id)}`;
      const { rev } = await client.json("PUT", url, { n: 1 });
      expect(await client.json("GET", url)).toEqual({ _id: id, _rev: rev, n: 1 });
      const { rows } = await client.json("GET", `${path}/_all_docs`);
      expect(idsOf(rows)).toEqual([id]);
      await client.json("DELETE", `${url}?rev=${rev}`);
      expect((await client.send("GET", url)).status).toBe(404);
    }),
  );

  test(
    "a copy replaces the revision that it names, and no other",
    inDatabase(async (path) => {
      await client.json("PUT", `${path}/source`, { n: 1 });
      const { rev } = await client.json("PUT", `${path}/target`, { n: 0 });
      const copy = (destination: string) =>
        client.send("COPY", `${path}/source`, undefined, { headers: { destination } });
      expect((await copy("target")).status).toBe(409);
      expect((await copy(`target?rev=${rev}`)).status).toBe(201);
      expect(await client.json("GET", `${path}/target`)).toMatchObject({ _id: "target", n: 1 });
    }),
  );

  test(
    "attachments come back as they were, and leave the document its content",
    inDatabase(async (path) => {
      const { rev } = await client.json("PUT", `${path}/doc`, { n: 1 });
      const url = `${path}/doc/folder/picture%20%F0%9F%A6%8A.bin`;
      const headers = { "content-type": "image/x-fox" };
      const bytes = Uint8Array.from({ length: 300 }, (_, i) => i % 256);
      const put = await client.send("PUT", `${url}?rev=${rev}`, bytes, { headers });
      expect(put.status).toBe(201);
      const got = await client.send("GET", url);
      expect(got.headers.get("content-type")).toBe("image/x-fox");
      expect(new Uint8Array(await got.arrayBuffer())).toEqual(bytes);
      const doc = await client.json("GET", `${path}/doc`);
      expect(doc).toMatchObject({
        n: 1,
        _attachments: { "folder/picture 🦊.bin": { length: 300, stub: true } },
      });
      await client.json("PUT", `${path}/doc`, { ...doc, n: 2 });
      expect((await client.send("HEAD", url)).status).toBe(200);
    }),
  );

  test(
    "of many who write at once, one wins",
    inDatabase(async (path) => {
      const writes = Array.from({ length: 10 }, (_, n) => client.send("PUT", `${path}/x`, { n }));
      const statuses = (await Promise.all(writes)).map((response) => response.status);
      expect(statuses.sort()).toEqual([201, ...Array(9).fill(409)]);
    }),
  );
});

const PNG = { headers: { "content-type": "image/png" } };
const TEXT = { headers: { "content-type": "text/plain" } };
const bytes = (text: string) => new TextEncoder().encode(text);

describe("attachments", () => {
  const names = ["a/b", "a//b", "a/../b", "../x", "x y+z", "?#%&", "\u{1f98a}", "constructor"];

  test.each(names)("an attachment may be called %s", (name) =>
    withDatabase(async (path) => {
      const url = `${path}/doc/${encodeURIComponent(name)}`;
      await client.json("PUT", url, bytes("fox"), PNG);
      const { _attachments } = await client.json("GET", `${path}/doc`);
      expect(Object.keys(_attachments)).toEqual([name]);
      expect(await (await client.send("GET", url)).text()).toBe("fox");
    }),
  );

  test(
    "texts are kept compressed, and told by what is kept",
    inDatabase(async (path) => {
      const text = "fox ".repeat(100);
      await client.json("PUT", `${path}/doc/t`, bytes(text), TEXT);
      const { _attachments } = await client.json("GET", `${path}/doc?att_encoding_info=true`);
      const { t } = _attachments;
      expect(t).toMatchObject({ length: 400, encoding: "gzip", stub: true });
      expect(t.encoded_length).toBeLessThan(100);
      const plain = { headers: { "accept-encoding": "identity" } };
      const head = await client.send("HEAD", `${path}/doc/t`, undefined, plain);
      expect(head.headers.get("content-length")).toBe("400");
      expect(head.headers.get("etag")).toBe(`"${t.digest.slice(4)}"`);
      const packed = await client.send("GET", `${path}/doc/t`);
      expect(packed.headers.get("content-encoding")).toBe("gzip");
      expect(await packed.text()).toBe(text);
    }),
  );

  test(
    "a stub keeps an attachment, its absence removes it, and a wrong one stores nothing",
    inDatabase(async (path) => {
      const data = btoa("fox");
      const _attachments = { a: { data }, b: { data } };
      const { rev } = await client.json("PUT", `${path}/doc`, { _attachments });
      const stub = { stub: true };
      const next = { _rev: rev, _attachments: { a: stub } };
      const { rev: second } = await client.json("PUT", `${path}/doc`, next);
      const { _attachments: left } = await client.json("GET", `${path}/doc`);
      expect(left).toEqual({ a: expect.objectContaining({ revpos: 1, length: 3 }) });
      for (const wrong of [{ b: stub }, { a: { stub: true, revpos: 2 } }]) {
        const docs = [{ _id: "other" }, { _id: "doc", _rev: second, _attachments: wrong }];
        const refused = await client.send("POST", `${path}/_bulk_docs`, { docs });
        expect(refused.status).toBe(412);
      }
      expect((await client.send("GET", `${path}/other`)).status).toBe(404);
    }),
  );

  test(
    "who does not say that JSON is all it wants gets attachments in parts",
    inDatabase(async (path) => {
      await client.json("PUT", `${path}/doc/t`, bytes("fox"), PNG);
      const get = (accept: string) =>
        client.send("GET", `${path}/doc?attachments=true`, undefined, { headers: { accept } });
      const parts = await get("*/*");
      expect(parts.headers.get("content-type")).toMatch(/^multipart\/related; boundary="/);
      expect(await parts.text()).toMatch(/"follows":true.*filename="t".*\r\n\r\nfox\r\n--/s);
      expect(await (await get("application/json")).json()).toMatchObject({
        _attachments: { t: { data: btoa("fox") } },
      });
    }),
  );

  /** Begins an upload of bytes that never come. */
  function upload(path: string, headers: Record<string, string>) {
    const { hostname, port } = new URL(foreign ?? server.url);
    const options = { hostname, port, path, method: "PUT", headers };
    const sent = request({ ...options, headers: { ...headers, ...client.credentials } });
    sent.write("the first of many bytes");
    return sent;
  }

  test(
    "an upload to a revision that was replaced is refused before it is there",
    inDatabase(async (path) => {
      const { rev } = await client.json("PUT", `${path}/doc`, {});
      await client.json("PUT", `${path}/doc?rev=${rev}`, {});
      const sent = upload(`${path}/doc/t?rev=${rev}`, { "content-length": "1000000" });
      const [response] = await once(sent, "response");
      sent.on("error", () => {}); // CouchDB hangs up on what it does not want to hear.
      sent.destroy();
      expect(response.statusCode).toBe(409);
    }),
  );

  hooks(
    "of an upload that breaks off nothing is kept",
    inDatabase(async (path) => {
      for (const headers of [{ "content-length": "1000" }, { "transfer-encoding": "chunked" }]) {
        const target = `${path}/doc/${Object.keys(headers)[0]}`;
        const before = server.openRequests();
        const sent = upload(target, headers).on("error", () => {});
        await vi.waitUntil(() => server.openRequests() > before);
        sent.destroy();
        await server.closed((seen) => seen.path === target);
      }
      expect((await client.send("GET", `${path}/doc`)).status).toBe(404);
    }),
  );
});

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
