import { describe, expect, test } from "vitest";
import { Client, linesOf, rowsOf } from "./client.js";
import { client, collect, fill, hooks, idsOf, inDatabase, server } from "./fixture.js";
import { startServer } from "./server.js";

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
