import {
  type BulkOperation,
  ConflictError,
  CouchDB,
  type Database,
  NetworkError,
} from "couchfetch";
import { afterEach, expect, test } from "vitest";
import { type Answering, database, json, startAnswering } from "./answering.js";

let server: Answering;

afterEach(() => server.close());

const cat = { _id: "cat", _rev: "1-a", legs: 4 };
const lost = { mayHaveHappened: true };

/** A database of so many copies, whose responses to writes are lost, and what it then has of the document. */
async function lookingUp(leaf: object | undefined, copies: number): Promise<Database> {
  const missing = { id: "cat", rev: "undefined", error: "not_found", reason: "missing" };
  const docs = [leaf ? { ok: leaf } : { error: missing }];
  const sizes = { q: 2, n: copies, w: Math.ceil(copies / 2), r: Math.ceil(copies / 2) };
  let isWritten = false;
  server = await startAnswering((response, _before, { method, url = "" }) => {
    if (url === "/animals") return json(response, 200, { ...database, cluster: sizes });
    if (url.includes("_bulk_get")) return json(response, 200, { results: [{ id: "cat", docs }] });
    if (url.includes("_all_docs")) {
      const row = { id: "cat", key: "cat", value: { rev: cat._rev }, doc: cat };
      return json(response, 200, { total_rows: 1, offset: null, rows: [row] });
    }
    if (method !== "GET") {
      isWritten = true;
      response.destroy();
    } else if (isWritten && !leaf) {
      json(response, 404, { error: "not_found", reason: "missing" });
    } else {
      json(response, 200, isWritten ? leaf : cat);
    }
  });
  return new CouchDB(server.url, { retry: { limit: 0 } }).database("animals");
}

const writes: Record<string, (db: Database) => Promise<unknown>> = {
  async save(db) {
    const document = await db.get("cat");
    document.data.legs = 3;
    await document.save();
  },
  delete: async (db) => (await db.get("cat")).delete(),
  async update(db) {
    const document = await db.get("cat");
    await document.update((data) => {
      data.legs = 3;
    });
  },
};
const theirs = { ...cat, _rev: "2-b", legs: 5, _revisions: { start: 2, ids: ["b", "a"] } };

for (const [name, write] of Object.entries(writes)) {
  test(`${name}: a document that is missing afterwards may be on a node that is away`, async () => {
    const db = await lookingUp(undefined, 3);
    const error = await write(db).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(NetworkError);
    expect(error).toMatchObject(lost);
  });

  test(`${name}: in a cluster, another's revision does not mean that ours was refused`, async () => {
    const db = await lookingUp(theirs, 3);
    const error = await write(db).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(NetworkError);
    expect(error).toMatchObject(lost);
    // A second one would be a second time, if the first is there.
    expect(server.requests.filter((request) => /^(PUT|DELETE)/.test(request))).toHaveLength(1);
  });
}

test("where there is one copy, another's revision is a conflict", async () => {
  const db = await lookingUp(theirs, 1);
  const document = await db.get("cat");
  document.data.legs = 3;
  await expect(document.save()).rejects.toBeInstanceOf(ConflictError);
});

for (const [name, leaf] of Object.entries({ missing: undefined, "another's": theirs })) {
  test(`updateDocs: a document that is ${name} afterwards is neither written nor refused`, async () => {
    const db = await lookingUp(leaf, 3);
    let bulk: BulkOperation | undefined;
    const writing = db.updateDocs(["cat"], (docs) => {
      bulk = docs;
      for (const document of docs) document.data.legs = 3;
    });
    await expect(writing).rejects.toMatchObject(lost);
    expect([bulk?.ok, bulk?.error]).toEqual([[], []]);
  });
}
