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
});
