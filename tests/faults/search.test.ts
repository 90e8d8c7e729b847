import {
  CouchDB,
  InvalidResponseError,
  nouveau,
  partition,
  type SearchHit,
  search,
} from "couchfetch";
import { afterEach, expect, test } from "vitest";
import { type Answering, json, startAnswering } from "./answering.js";

// Neither service is part of CouchDB itself: their answers are as CouchDB's source writes them.
let server: Answering | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

const hit = (n: number): SearchHit => ({ id: `d${n}`, order: [1, n], fields: { n } });

/** A search that has so many hits. */
async function searching(hits: number, path: string, member: "rows" | "hits") {
  const asked: Record<string, unknown>[] = [];
  server = await startAnswering((response, _before, { method, url }, text) => {
    if (method !== "POST" || url !== path) return json(response, 404, { error: "not_found" });
    const body = JSON.parse(text);
    asked.push(body);
    const from = Number(body.bookmark ?? 0);
    const rows = Array.from({ length: Math.min(hits - from, body.limit) }, (_, n) => hit(from + n));
    const total = member === "rows" ? { total_rows: hits } : { total_hits: hits };
    json(response, 200, { ...total, bookmark: `${from + rows.length}`, [member]: rows });
  });
  return { asked, db: new CouchDB(server.url).database("animals") };
}

test("a search gives its hits over as many pages as it takes", async () => {
  const path = "/animals/_design/zoo/_search/by%20name";
  const { asked, db } = await searching(450, path, "rows");
  const found = search(db, "zoo", "by name", "cat*", { sort: "name", counts: ["legs"] });
  const hits = await found.toArray();
  expect(hits.map(({ id }) => id)).toEqual(Array.from({ length: 450 }, (_, n) => `d${n}`));
  expect(await found.summary).toMatchObject({ total_rows: 450, bookmark: "450" });
  const query = { q: "cat*", sort: "name", counts: ["legs"], limit: 200 };
  expect(asked).toEqual([query, { ...query, bookmark: "200" }, { ...query, bookmark: "400" }]);
});

test("so does Nouveau, and both ask for no more than is wanted", async () => {
  const { asked, db } = await searching(450, "/animals/_design/zoo/_nouveau/names", "hits");
  expect(await nouveau(db, "zoo", "names", "cat", { limit: 210 }).toArray()).toHaveLength(210);
  expect(asked.map(({ limit }) => limit)).toEqual([200, 10]);
  for await (const { id } of nouveau(db, "zoo", "names", "cat")) if (id === "d3") break;
  expect(asked).toHaveLength(3);
  const rest = nouveau(db, "zoo", "names", "cat", { bookmark: "449" });
  expect(await rest.toArray()).toEqual([hit(449)]);
});

test("a partition is searched by itself", async () => {
  const path = "/animals/_partition/land/_design/zoo/_search/names";
  const { db } = await searching(3, path, "rows");
  expect(await search(partition(db, "land"), "zoo", "names", "*:*").toArray()).toHaveLength(3);
});

test("what cannot be searched for is a TypeError, and grouped hits are none", async () => {
  const { asked, db } = await searching(3, "/", "rows");
  expect(() => search(db, "zoo", "names", undefined as unknown as string)).toThrow(TypeError);
  expect(() => search(db, "zoo", "names", "a", { group_field: "legs" } as object)).toThrow(
    /couch\.request/,
  );
  expect(() => search(db, "zoo", "names", "a", { q: "b" } as object)).toThrow(/`q`/);
  expect(() => search(db, "..", "names", "a")).toThrow(TypeError);
  for (const limit of [-1, 0]) {
    expect(() => search(db, "zoo", "names", "a", { limit })).toThrow(RangeError);
  }
  expect(asked).toEqual([]);
});

test("a bookmark that leads nowhere is an error, and no endless search", async () => {
  server = await startAnswering((response) =>
    json(response, 200, { bookmark: "same", rows: Array.from({ length: 200 }, (_, n) => hit(n)) }),
  );
  const found = search(new CouchDB(server.url).database("animals"), "zoo", "names", "a");
  await expect(found.toArray()).rejects.toThrow(InvalidResponseError);
});
