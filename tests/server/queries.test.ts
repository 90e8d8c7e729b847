import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { client, fill, idsOf, inDatabase } from "./fixture.js";

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

  test(
    "keys get the local documents they name",
    inDatabase(async (path) => {
      await client.json("PUT", `${path}/_local/here`, { n: 1 });
      const request = { keys: ["_local/here", "_local/nope"] };
      const missing = { key: "_local/nope", error: "not_found" };
      const here = { id: "_local/here", key: "_local/here", value: { rev: "0-1" } };
      const bare = await client.json("POST", `${path}/_all_docs`, request);
      expect(bare.rows).toEqual([here, missing]);
      const doc = { _id: "_local/here", _rev: "0-1", n: 1 };
      const full = await client.json("POST", `${path}/_all_docs?include_docs=true`, request);
      expect(full.rows).toEqual([{ ...here, doc }, missing]);
      const queries = { queries: [request, { keys: ["_local/here"] }] };
      const { results } = await client.json("POST", `${path}/_all_docs/queries`, queries);
      expect(results).toEqual([
        { total_rows: 0, offset: null, rows: [here, missing] },
        { total_rows: 0, offset: 0, rows: [] },
      ]);
    }),
  );

  test(
    "what keys ask to be reduced is grouped by them, but for a single one",
    inDatabase(async (path) => {
      await fill(path, 6, (i) => ({ n: i % 2 }));
      const views = { n: { map: "function (doc) { emit(doc.n); }", reduce: "_count" } };
      await client.json("PUT", `${path}/_design/d`, { views });
      const view = `${path}/_design/d/_view/n`;
      for (const [query, keys] of [
        ["", [0, 1]],
        ["", []],
        ["?group_level=1", [0, 1]],
      ] as const) {
        const refused = await client.send("POST", view + query, { keys });
        expect(refused.status).toBe(400);
        expect(await refused.json()).toEqual({
          error: "query_parse_error",
          reason: "Multi-key fetches for reduce views must use `group=true`",
        });
      }
      const one = await client.json("POST", view, { keys: [1] });
      expect(one.rows).toEqual([{ key: null, value: 3 }]);
      const grouped = await client.json("POST", `${view}?group=true`, { keys: [1, 0] });
      expect(grouped.rows.map((row: { key: number }) => row.key)).toEqual([1, 0]);
    }),
  );

  test(
    "the offset of keys is that of the first row, or of the last key if there is none",
    inDatabase(async (path) => {
      await fill(path, 4, (i) => ({ n: 2 * i }));
      const views = { n: { map: "function (doc) { emit(doc.n); }" } };
      await client.json("PUT", `${path}/_design/d`, { views });
      const offset = async (keys: number[], query = "") => {
        const answer = await client.json("POST", `${path}/_design/d/_view/n${query}`, { keys });
        return answer.offset;
      };
      expect(await offset([4, 0])).toBe(2);
      expect(await offset([9, 3, 2, 0])).toBe(1);
      expect(await offset([9, 2], "?skip=1")).toBe(2);
      expect(await offset([0, 9], "?descending=true")).toBe(3);
      expect(await offset([9, 3])).toBe(2);
      expect(await offset([3, 9])).toBe(4);
      expect(await offset([])).toBe(0);
    }),
  );

  test("unsorted rows of several shards come without the view's numbers", async () => {
    const path = `/embedded-${randomUUID()}`;
    await client.json("PUT", `${path}?q=2`);
    try {
      const ids = await fill(path, 20);
      const views = { id: { map: "function (doc) { emit(doc._id); }" } };
      await client.json("PUT", `${path}/_design/d`, { views });
      const view = `${path}/_design/d/_view/id`;
      const { rows, ...rest } = await client.json("GET", `${view}?sorted=false&update_seq=true`);
      expect(idsOf(rows).toSorted()).toEqual(ids);
      expect(rest).toEqual({});
      const none = await client.json("GET", `${view}?sorted=false&limit=0`);
      expect(none).toEqual({ total_rows: 20, offset: 0, rows: [] });
      const sorted = await client.json("GET", `${view}?sorted=true&limit=1`);
      expect(sorted).toMatchObject({ total_rows: 20, offset: 0 });
    } finally {
      await client.send("DELETE", path);
    }
  });
});
