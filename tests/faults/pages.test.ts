/** Cursors that somebody made up: they come from a URL. */

import { basic, CouchDB, type Database, designDoc, type Fetch, page } from "couchfetch";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { decidingOf, encode } from "../../src/features/page/cursor.js";
import { type ServerUnderTest, serverUnderTest } from "../server-under-test.js";

let server: ServerUnderTest;
let couch: CouchDB;
let db: Database;
let sent: string[] = [];

beforeAll(async () => {
  server = await serverUnderTest();
  const fetch: Fetch = (request, init) => {
    sent.push(`${request.method} ${decodeURIComponent(request.url)}`);
    return globalThis.fetch(request, init);
  };
  couch = new CouchDB(server.url, { auth: basic(server.user, server.password), fetch });
  db = await couch.create(`pages_${crypto.randomUUID()}`);
  await db.createDocs((docs) => {
    for (const owner of ["ann", "bob", "eve"])
      for (let n = 0; n < 5; n += 1) docs.create(`${owner}-${n}`, { owner, n });
  });
  const zoo = await designDoc(db, "zoo");
  await zoo.createView("by_owner", {
    map: "function (doc) { emit([doc.owner, doc.n], doc.n); }",
    reduce: "_sum",
  });
});

afterAll(async () => {
  await db.delete();
  await couch.close();
  await server.close();
});

beforeEach(() => {
  sent = [];
});

const refusal = "`cursor` belongs to another query, or is damaged";

/** A cursor with the right sum, as only one who knows the source makes it. */
function made(kind: "docs" | "_all_docs" | "view" | "find", options: object, place: unknown[]) {
  const deciding = decidingOf(options);
  const paths = { docs: "_all_docs", _all_docs: "_all_docs", view: "_design/zoo/_view/by_owner" };
  const query =
    kind === "find"
      ? [db.id, "", deciding]
      : [`${db.id}/${paths[kind]}`, kind !== "docs", deciding];
  return encode(JSON.stringify(query), place);
}

test("the cursors made here are as the real ones", async () => {
  const view = db.view("zoo", "by_owner");
  const range = { startkey: ["bob"], endkey: ["bob", {}] };
  const { rows, next } = await page(view, { ...range, size: 2 });
  expect(rows.map(({ id }) => id)).toEqual(["bob-0", "bob-1"]);
  expect(next).toBe(made("view", range, ['[["bob",1],"bob-1"]', 1]));
  const { next: ofDocs } = await page(db, { prefix: "bob", size: 2 });
  expect(ofDocs).toBe(made("docs", { prefix: "bob" }, ['["bob-1","bob-1"]', 1]));
});

test("no cursor leads out of the range of a view", async () => {
  const view = db.view("zoo", "by_owner");
  const ranges: [options: object, key: unknown][] = [
    [{ startkey: ["bob"], endkey: ["bob", {}] }, ["ann", 1]],
    [{ startkey: ["bob"], endkey: ["bob", {}] }, ["eve", 1]],
    [{ startkey: ["bob", {}], endkey: ["bob"], descending: true }, ["eve", 1]],
    [{ startkey: ["bob", {}], endkey: ["bob"], descending: true }, ["ann", 1]],
    [{ startkey: ["bob"], endkey: ["bob", {}], group: true }, ["ann", 1]],
    [{ startkey: ["bob"] }, null],
    [{ endkey: ["bob", {}] }, ["eve", 1]],
  ];
  for (const [options, key] of ranges) {
    const cursor = made("view", options, [JSON.stringify([key, "ann-1"]), 1]);
    await expect(page(view, { ...options, cursor })).rejects.toThrow(new TypeError(refusal));
  }
  // With a key, the place is only which row of that key comes next.
  const cursor = made("view", { key: ["bob", 1] }, ['[["ann",1],""]', 1]);
  const { rows } = await page(view, { key: ["bob", 1], cursor });
  expect(rows.map(({ id }) => id)).toEqual(["bob-1"]);
});

test("no cursor leads out of the range of ids, and nothing is sent", async () => {
  const ranges: [options: object, id: string][] = [
    [{ prefix: "bob" }, "ann-1"],
    [{ prefix: "bob", descending: true }, "eve-1"],
    [{ startkey: "bob", endkey: "eve" }, "ann-1"],
    [{ startkey: "bob", endkey: "ann", descending: true }, "eve-1"],
    // By bytes, these are in the other order than as JavaScript's strings.
    [{ startkey: "\u{1f98a}" }, "\uff41"],
  ];
  for (const [options, id] of ranges) {
    const place = [JSON.stringify([id, id]), 1];
    const cursor = made("docs", options, place);
    await expect(page(db, { ...options, cursor })).rejects.toThrow(new TypeError(refusal));
    if ("prefix" in options) continue;
    const ofRows = made("_all_docs", options, place);
    const rows = page(db.allDocs, { ...options, cursor: ofRows });
    await expect(rows).rejects.toThrow(new TypeError(refusal));
  }
  expect(sent).toEqual([]);
  // Behind the range are no rows.
  for (const [options, id] of [
    [{ prefix: "bob" }, "eve-1"],
    [{ prefix: "bob", descending: true }, "ann-1"],
  ] as const) {
    const cursor = made("docs", options, [JSON.stringify([id, id]), 1]);
    expect((await page(db, { ...options, cursor })).rows).toEqual([]);
  }
});

test("a place that is none is an error", async () => {
  const view = db.view("zoo", "by_owner");
  const deep = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
  const places: unknown[][] = [
    [],
    [1],
    ["", 1],
    ["{", 1],
    ["null", 1],
    [`[${deep},"a"]`, 1],
    ['["a","a"]'],
    ['["a","a"]', 1.5],
    ['["a","a"]', "1"],
    ['["a","a"]', null],
    [["a", "a"], 1],
  ];
  for (const place of places) {
    const shown = JSON.stringify(place).slice(0, 40);
    const ofView = page(view, { cursor: made("view", {}, place) });
    await expect(ofView, shown).rejects.toThrow();
    const ofDocs = page(db, { cursor: made("docs", {}, place) });
    await expect(ofDocs, shown).rejects.toThrow();
  }
  const finds: unknown[][] = [
    [],
    [null, "a", "1-a", "", 1, []],
    ["nil", 4, "1-a", "", 1, []],
    ["nil", "a", "1-a", "", 1, 4],
    ["nil", "a", { $gt: null }, "", 1, []],
    ["nil", "a", "1-a", 4, 1, []],
    ["nil", "a", "1-a", "", "1", []],
    ["nil", "a", "1-a", "garbage", 1, []],
  ];
  for (const place of finds) {
    const found = page(db, { selector: {}, cursor: made("find", { selector: {} }, place) });
    await expect(found, JSON.stringify(place)).rejects.toThrow(new TypeError(refusal));
  }
});

test("no cursor leads to documents that the selector does not match", async () => {
  const options = { selector: { owner: "bob" } };
  const { next } = await page(db, { ...options, size: 2 });
  const [bookmark] = JSON.parse(atob(next?.replaceAll("-", "+").replaceAll("_", "/") ?? "")).slice(
    1,
  );
  const { rev } = await db.get("ann-1");
  for (const start of [bookmark, "garbage"]) {
    const cursor = made("find", options, [start, "ann-1", rev, "", 2, []]);
    const found = await page(db, { ...options, cursor }).catch((error) => error);
    if (start === "garbage") expect(found).toEqual(new TypeError(refusal));
    else
      expect(
        found.rows.every(({ json }: { json: object }) => "owner" in json && json.owner === "bob"),
      ).toBe(true);
  }
});

test("a cursor that claims many rows reads no more of them than there are", async () => {
  const view = db.view("zoo", "by_owner");
  const cursor = made("view", {}, ['[["ann",1],"ann-1"]', 1e9]);
  const { rows } = await page(view, { size: 2, cursor });
  expect(rows.map(({ id }) => id)).toEqual(["ann-2", "ann-3"]);
  expect(sent.join()).toContain("limit=5");
  expect(sent).toHaveLength(1);
});
