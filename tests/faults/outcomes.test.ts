import {
  CouchDB,
  type Database,
  type Document,
  NetworkError,
  NotFoundError,
  resolveConflicts,
  saveWithAttachments,
  users,
} from "couchfetch";
import { importDocs } from "couchfetch/transfer";
import { afterEach, describe, expect, test } from "vitest";
import { type Answering, database, json, startAnswering } from "./answering.js";

let server: Answering | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error) => error,
  );

const cat = {
  _id: "cat",
  _rev: "1-a",
  n: 0,
  _attachments: {
    a: { content_type: "text/plain", revpos: 1, length: 1, digest: "md5-x", stub: true },
  },
};

/** Leaves of the cat, as `_bulk_get` responds. */
const leaves = (...docs: object[]) => ({
  results: [{ id: "cat", docs: docs.map((ok) => ({ ok })) }],
});

const missing = (id: string) => ({
  results: [
    { id, docs: [{ error: { id, rev: "undefined", error: "not_found", reason: "missing" } }] },
  ],
});

/** A database whose writes get no response. `lookUp` is the response to `_bulk_get`. */
async function losing(lookUp: (id: string, rev?: string) => object): Promise<Database> {
  server = await startAnswering((response, _before, { method, url = "" }, body) => {
    if (url.includes("_bulk_get")) {
      const { docs } = JSON.parse(body);
      const results = docs.flatMap(
        ({ id, rev }: { id: string; rev?: string }) =>
          (lookUp(id, rev) as { results: object[] }).results,
      );
      json(response, 200, { results });
    } else if (url.includes("open_revs"))
      json(response, 200, [{ ok: cat }, { ok: { ...cat, _rev: "1-0", n: 1 } }]);
    else if (method === "GET") json(response, 200, cat);
    else response.destroy();
  }, database);
  return new CouchDB(server.url, { retry: { limit: 0 } }).database("animals");
}

const change = (document: Document) => {
  document.data.n += 1;
  return document;
};

/** Writes of a document that was read at revision 1-a. */
const writes: Record<string, (document: Document, db: Database) => Promise<unknown>> = {
  save: (document) => change(document).save(),
  update: (document) =>
    document.update((data) => {
      data.n += 1;
    }),
  delete: (document) => document.delete(),
  "attachment.save": (document) => document.attachment("b").save("b"),
  "attachment.delete": (document) => document.attachment("a").delete(),
  saveWithAttachments: (document) => saveWithAttachments(document, { b: new Blob(["b"]) }),
  resolveConflicts: (document) => resolveConflicts(document, () => {}),
  "bulk.save": (document, db) => db.createDocs((docs) => void docs.append(change(document))),
};

describe("a node of a cluster that lacks the document proves nothing", () => {
  test.each(Object.entries(writes))("%s: may have happened", async (_, write) => {
    const db = await losing(missing);
    const document = await db.get("cat");
    const error = await failure(write(document, db));
    expect(error).toBeInstanceOf(NetworkError);
    expect(error.mayHaveHappened).toBe(true);
    expect(server?.requests.at(-1)).toContain("_bulk_get");
    expect(document.rev).toBe("1-a");
  });

  test("nor does one that lacks the revision: a delete of an attachment may have happened", async () => {
    const { _attachments, ...rest } = cat;
    const child = { ...rest, _rev: "2-b", _revisions: { start: 2, ids: ["b", "a"] } };
    const db = await losing((id, rev) => (rev === undefined ? leaves(child) : missing(id)));
    const error = await failure((await db.get("cat")).attachment("a").delete());
    expect(error).toMatchObject({ name: "NetworkError", mayHaveHappened: true });
  });

  test("importDocs does not overwrite what may be its own", async () => {
    let posts = 0;
    server = await startAnswering((response, _before, { url = "" }, body) => {
      if (url.includes("_bulk_get")) return json(response, 200, missing("cat"));
      if (!url.includes("_bulk_docs")) return json(response, 200, { rows: [{ key: "cat" }] });
      posts += 1;
      if (posts === 1) return response.destroy();
      const docs: { _id: string }[] = JSON.parse(body).docs;
      json(
        response,
        201,
        docs.map(({ _id: id }) => ({ id, error: "conflict", reason: "Document update conflict." })),
      );
    });
    const db = new CouchDB(server.url).database("animals");
    const onConflict = () => expect.fail("merged with itself");
    const { written, conflicts } = await importDocs(db, [{ ...cat }], { onConflict });
    expect([posts, written, conflicts]).toEqual([2, 0, 1]);
  });

  test("a user who was created, and cannot be read, may have been created", async () => {
    server = await startAnswering((response, _before, { method }) => {
      if (method === "PUT") json(response, 201, { ok: true, id: "x", rev: "1-a" });
      else json(response, 404, { error: "not_found", reason: "missing" });
    });
    const couch = new CouchDB(server.url);
    const error = await failure(users(couch).create("jan", "secret"));
    expect(error).toMatchObject({ name: "NetworkError", mayHaveHappened: true });
    expect(error.cause).toBeInstanceOf(NotFoundError);
  });
});

describe("a creation whose response was lost", () => {
  const found = (_rev: string, ids: string[], rest: object = { n: 1 }) => ({
    _id: "cat",
    _rev,
    _revisions: { start: Number.parseInt(_rev, 10), ids },
    ...rest,
  });
  const tombstone = { _id: "cat", _rev: "2-b", _deleted: true };

  test.each([
    ["the first revision", found("1-a", ["a"]), undefined, "done"],
    ["the child of a tombstone", found("3-c", ["c", "b"]), tombstone, "done"],
    ["a third revision whose parents are forgotten", found("3-c", ["c"]), undefined, "unknown"],
    ["the child of a revision that cannot be read", found("3-c", ["c", "b"]), undefined, "unknown"],
    ["the child of another document", found("2-b", ["b", "a"]), found("1-a", ["a"]), "unknown"],
    ["a first revision of other content", found("1-a", ["a"], { n: 2 }), undefined, "conflict"],
    ["other content, whose parents are forgotten", found("3-c", ["c"], {}), undefined, "unknown"],
  ])("is what is found: %s", async (_, leaf, before, outcome) => {
    const db = await losing((id, rev) => {
      if (rev === undefined) return leaves(leaf);
      return before ? leaves(before) : missing(id);
    });
    const document = db.document("cat", { n: 1 });
    if (outcome === "done") expect(await document.save()).toMatchObject({ rev: leaf._rev });
    else {
      const error = await failure(document.save());
      expect(error.name).toBe(outcome === "conflict" ? "ConflictError" : "NetworkError");
    }
  });
});
