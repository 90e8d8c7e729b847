import { CouchDB, type Database, type JsonObject } from "couchfetch";
import { live } from "couchfetch/live";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ServerUnderTest, serverUnderTest } from "../server-under-test.js";

const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
// Each selector is tried with each document: 10 000 pairs.
const count = 100;

const names = ["a", "b", "c"];
const texts = [
  "",
  "a",
  "A",
  "b",
  "ab",
  "é",
  "e\u0301",
  "e",
  "ä",
  "z",
  "Z",
  "10",
  "9",
  "日本",
  "😀",
  "a b",
  "a\nb",
  "_",
];
const leaf = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, 0, 1, -1, 2.5, 10, 1e21),
  fc.constantFrom(...texts),
);
const { value: anyValue } = fc.letrec<{ value: unknown; list: unknown[]; object: object }>(
  (tie) => ({
    value: fc.oneof(
      { maxDepth: 2, withCrossShrink: true },
      { weight: 4, arbitrary: leaf },
      tie("list"),
      tie("object"),
    ),
    list: fc.array(tie("value"), { maxLength: 3 }),
    object: fc.dictionary(fc.constantFrom(...names), tie("value"), { maxKeys: 2 }),
  }),
);
const data = fc.dictionary(fc.constantFrom(...names), anyValue, { maxKeys: 3 });

const field = fc.constantFrom("a", "b", "c", "a.b", "a.0", "b.a.c", "c.1.a", "_id");
const patterns = [
  "^a",
  "b$",
  "^.$",
  "^..$",
  "a|z",
  "[a-z]+",
  "\\d",
  "^\\s*$",
  "é",
  "(?:a)b?",
  "[^a]",
  ".b",
];
const withText = (operator: string, from: string[]) =>
  fc.record({ [operator]: fc.constantFrom(...from) });
const { selector: anySelector } = fc.letrec<{
  condition: unknown;
  operators: object;
  selector: JsonObject;
}>((tie) => {
  const anyOf = fc.oneof({ weight: 3, arbitrary: leaf }, anyValue);
  const list = fc.array(anyOf, { maxLength: 3 });
  const some = fc.array(tie("condition"), { minLength: 1, maxLength: 2 });
  const selectors = fc.array(tie("selector"), { maxLength: 3 });
  const conditions = ["$eq", "$ne", "$lt", "$lte", "$gt", "$gte"].map((operator) =>
    fc.record({ [operator]: anyOf }),
  );
  return {
    condition: fc.oneof(leaf, { weight: 4, arbitrary: tie("operators") }),
    // At the greatest depth, the first one.
    operators: fc.oneof(
      { maxDepth: 3 },
      fc.record({ $gte: leaf }),
      ...conditions,
      fc.record({ $in: list }),
      fc.record({ $nin: list }),
      fc.record({ $all: list }),
      fc.record({ $exists: fc.boolean() }),
      fc.record({ $size: fc.nat(3) }),
      withText("$type", ["null", "boolean", "number", "string", "array", "object"]),
      fc.record({ $mod: fc.tuple(fc.constantFrom(2, 3, -2), fc.integer({ min: -1, max: 2 })) }),
      withText("$regex", patterns),
      withText("$beginsWith", texts),
      fc.record({ $elemMatch: tie("operators") }),
      fc.record({ $allMatch: tie("operators") }),
      fc.record({ $keyMapMatch: withText("$eq", names) }),
      fc.record({ $not: tie("operators") }),
      fc.record({ $and: some }),
      fc.record({ $or: some }),
      fc.record({ $gt: anyOf, $lt: anyOf }),
    ),
    selector: fc.oneof(
      { maxDepth: 2 },
      { weight: 5, arbitrary: fc.dictionary(field, tie("condition"), { minKeys: 1, maxKeys: 2 }) },
      fc.record({ $and: selectors }),
      fc.record({ $or: selectors }),
      fc.record({ $nor: selectors }),
      fc.record({ $not: tie("selector") }),
    ),
  } as never;
});

let server: ServerUnderTest;
let couch: CouchDB;
let db: Database;

beforeAll(async () => {
  server = await serverUnderTest();
  const { url, user, password } = server;
  const base = new URL(url);
  Object.assign(base, { username: user, password });
  couch = new CouchDB(base.href);
  db = await couch.create(`live_selectors_${crypto.randomUUID()}`);
});

afterAll(async () => {
  await db.delete();
  await couch.close();
  await server.close();
});

describe("a live query", () => {
  test(`selects the documents that _find does (seed ${seed})`, { timeout: 300_000 }, async () => {
    const documents = fc.sample(data, { numRuns: count, seed });
    const selectors: JsonObject[] = [];
    for (const selector of fc.sample(anySelector, { numRuns: count * 3, seed })) {
      // Those that CouchDB refuses select nothing.
      const isRefused = await db
        .find(selector, { limit: 1 })
        .toArray()
        .then(
          () => false,
          () => true,
        );
      if (!isRefused && selectors.length < count) selectors.push(selector);
    }
    expect(selectors).toHaveLength(count);
    const all = live(db);
    const queries = selectors.map((selector) => live(db, { selector }));
    const stops = [all, ...queries].map((query) => query.subscribe(() => {}));
    await Promise.all([all, ...queries].map(({ ready }) => ready));
    // From here on, only the feed brings documents.
    const { error } = await db.createDocs((docs) => {
      for (const [n, document] of documents.entries())
        docs.create(`x${texts[n % texts.length]}-${n}`, document as JsonObject);
    });
    expect(error).toEqual([]);
    await expect.poll(() => all.current.docs.length, { timeout: 60_000 }).toBe(count);
    const differences: string[] = [];
    for (const [n, selector] of selectors.entries()) {
      const found = await db.query<{ _id: string }>(selector).toArray();
      const expected = found.map(({ _id }) => _id).sort();
      await expect.poll(() => queries[n]?.current.status).toBe("live");
      const actual = queries[n]?.current.docs.map(({ id }) => id).sort();
      if (JSON.stringify(actual) !== JSON.stringify(expected)) {
        const missing = expected.filter((id) => !actual?.includes(id));
        const wrong = actual?.filter((id) => !expected.includes(id));
        const shown = [...missing, ...(wrong ?? [])][0] ?? "";
        const { data } = await db.get(shown);
        const kind = missing.includes(shown) ? "misses" : "should not show";
        differences.push(`${JSON.stringify(selector)} ${kind} ${JSON.stringify(data)}`);
      }
    }
    for (const stop of stops) stop();
    expect(differences).toEqual([]);
  });
});
