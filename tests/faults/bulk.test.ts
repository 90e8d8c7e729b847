import {
  type BulkOperation,
  CouchDB,
  type Database,
  ForbiddenError,
  NetworkError,
  PayloadTooLargeError,
  resolveConflicts,
  ServerError,
  security,
} from "couchfetch";
import { afterEach, describe, expect, test } from "vitest";
import { type Answering, json, startAnswering } from "./answering.js";

let server: Answering | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function databaseOf(...parameters: Parameters<typeof startAnswering>): Promise<Database> {
  server = await startAnswering(...parameters);
  return new CouchDB(server.url, { retry: { limit: 0 } }).database("animals");
}

const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error) => error,
  );

const ids = (documents: Iterable<{ id: string }>) => Array.from(documents, ({ id }) => id);

describe("a bulk write", () => {
  test("knows the documents by what the answer says, whatever its order", async () => {
    const db = await databaseOf((response) =>
      json(response, 201, [
        { ok: true, id: "fox", rev: "1-f" },
        { id: "dog", error: "forbidden", reason: "no" },
        { ok: true, id: "stranger", rev: "1-s" },
        { ok: true, id: "cat", rev: "1-c" },
      ]),
    );
    const { ok, error, response } = await db.createDocs(["cat", "dog", "fox", "owl"]);
    expect(ids(ok)).toEqual(["cat", "fox"]);
    expect(ok.map(({ rev, dirty }) => [rev, dirty])).toEqual([
      ["1-c", false],
      ["1-f", false],
    ]);
    // Of the owl nothing is known: it must not pass for saved.
    expect(ids(error)).toEqual(["dog", "owl"]);
    expect(error.every(({ dirty, rev }) => dirty && rev === undefined)).toBe(true);
    expect(response).toHaveLength(4);
  });

  const away = { error: "error", reason: "internal_server_error" };

  test("with rows and status 500 has a result for each: a node is away", async () => {
    const rows = [
      { ok: true, id: "cat", rev: "1-c" },
      { id: "dog", error: "forbidden", reason: "no" },
      { id: "fox", ...away },
    ];
    const db = await databaseOf((response) => json(response, 500, rows));
    const { ok, error, response } = await db.createDocs(["cat", "dog", "fox", "owl"]);
    expect([ids(ok), ids(error)]).toEqual([["cat"], ["dog", "fox", "owl"]]);
    expect(ok[0]?.rev).toBe("1-c");
    expect(error.every(({ dirty, rev }) => dirty && rev === undefined)).toBe(true);
    expect(response).toEqual(rows);
    expect(server?.requests).toEqual(["POST /animals/_bulk_docs"]);
  });

  test("without new_edits and with a failure that names no document saved none for certain", async () => {
    const db = await databaseOf((response) => json(response, 500, [away]));
    const edit = (docs: BulkOperation) => {
      for (const id of ["cat", "dog"]) docs.create(id).rev = "1-a";
    };
    const { ok, error, response } = await db.createDocs(edit, { new_edits: false });
    expect([ids(ok), ids(error)]).toEqual([[], ["cat", "dog"]]);
    expect(response).toEqual([away]);
  });

  test("that fails as a whole throws, and leaves the documents unsaved", async () => {
    const answers: [Parameters<typeof startAnswering>[0], unknown, object][] = [
      [
        (response) => json(response, 413, { error: "too_large", reason: "the request" }),
        PayloadTooLargeError,
        { status: 413 },
      ],
      [
        (response) => json(response, 201, { ok: true }),
        NetworkError,
        { status: 201, mayHaveHappened: true },
      ],
      [
        (response) => response.writeHead(201, { "content-type": "text/html" }).end("<p>"),
        NetworkError,
        {},
      ],
      [(response) => response.destroy(), NetworkError, { mayHaveHappened: true }],
      [
        (response) => {
          response.writeHead(201, { "content-type": "application/json" });
          response.write('[{"ok":true,');
          response.destroy();
        },
        NetworkError,
        { mayHaveHappened: true },
      ],
    ];
    for (const [answer, Class, details] of answers) {
      const db = await databaseOf(answer);
      let operation: BulkOperation | undefined;
      const error = await failure(
        db.createDocs(["cat"], (docs) => {
          operation = docs;
        }),
      );
      expect(error).toBeInstanceOf(Class);
      expect(error).toMatchObject(details);
      const [cat] = operation ?? [];
      expect(cat?.dirty).toBe(true);
      expect(operation).toMatchObject({ ok: [], error: [], response: [] });
      const [first, ...looks] = server?.requests ?? [];
      expect(first).toBe("POST /animals/_bulk_docs");
      expect(looks.every((each) => each.includes("_bulk_get"))).toBe(true);
      await server?.close();
    }
  });

  test("is not sent if the function throws, or rejects", async () => {
    const db = await databaseOf((response) => json(response, 200, { rows: [{ id: "cat" }] }));
    const mine = new Error("mine");
    const edits = [
      () => {
        throw mine;
      },
      async () => Promise.reject(mine),
    ];
    for (const edit of edits) expect(await failure(db.createDocs(["cat"], edit))).toBe(mine);
    expect(server?.requests).toEqual([]);
  });

  test("takes strange rows for what they say, which is nothing", async () => {
    const db = await databaseOf((response) => json(response, 201, [null, 1, { ok: true }]));
    const { ok, error } = await db.createDocs(["cat"]);
    expect([ids(ok), ids(error)]).toEqual([[], ["cat"]]);
  });

  test("of many bytes is given time in proportion", async () => {
    const timeout = 1000;
    server = await startAnswering((response) => {
      const answer = () => json(response, 201, [{ ok: true, id: "cat", rev: "1-a" }]);
      // Beyond what a small request would be given: that is the case.
      setTimeout(answer, 1.5 * timeout);
    });
    const db = new CouchDB(server.url, { timeout }).database("animals");
    const { ok } = await db.createDocs((docs) => docs.create("cat", { a: "x".repeat(50_000_000) }));
    expect(ids(ok)).toEqual(["cat"]);
  });

  test("of a document twice sends nothing", async () => {
    const db = await databaseOf((response) => response.destroy());
    expect(await failure(db.updateDocs(["cat", "cat"], () => {}))).toBeInstanceOf(TypeError);
    expect(await failure(db.createDocs(["cat", "cat"]))).toBeInstanceOf(TypeError);
    expect(server?.requests).toEqual([]);
  });

  test("of nothing sends nothing", async () => {
    const db = await databaseOf((response) => response.destroy());
    const { ok, error, response } = await db.updateDocs([], () => {});
    expect([ok, error, response]).toEqual([[], [], []]);
    expect(server?.requests).toEqual([]);
  });
});

test("resolving conflicts goes on if a node is away while leaves are deleted", async () => {
  let deletions = 0;
  const db = await databaseOf((response, _before, { method, url }) => {
    const leaf = (rev: string) => ({ ok: { _id: "cat", _rev: rev, n: 1 } });
    if (url?.includes("open_revs")) {
      const left = deletions < 2 ? [leaf("2-b"), leaf("1-c")] : [leaf("2-b")];
      return json(response, 200, deletions === 0 ? [leaf("1-a"), leaf("1-c")] : left);
    }
    if (method === "PUT") return json(response, 201, { ok: true, id: "cat", rev: "2-b" });
    if (!url?.includes("_bulk_docs")) return json(response, 200, leaf("2-b").ok);
    deletions += 1;
    const deleted = { ok: true, id: "cat", rev: "2-d" };
    if (deletions === 1)
      json(response, 500, [{ id: "cat", error: "error", reason: "internal_server_error" }]);
    else json(response, 201, [deleted]);
  });
  const cat = db.document("cat");
  await resolveConflicts(cat, ([first]) => first);
  expect(cat.rev).toBe("2-b");
  expect(deletions).toBe(2);
});

describe("a security document that is refused with a 500", () => {
  const said = { error: "error", reason: "You are not a database or server admin." };
  const lost = { error: "error", reason: "no_majority" };
  const userCtx = (name: string, ...roles: string[]) => ({ ok: true, userCtx: { name, roles } });
  const cases: [string, object, object, unknown][] = [
    ["in words", said, {}, ForbiddenError],
    ["as a lost vote, to a stranger", lost, userCtx("cat", "pets"), ForbiddenError],
    ["as a lost vote, to a server's admin", lost, userCtx("dog", "_admin"), ServerError],
    ["as a lost vote, to a database's admin", lost, userCtx("keeper"), ServerError],
    ["as a lost vote, to one with an admin's role", lost, userCtx("dog", "keepers"), ServerError],
    ["as a lost vote, and who asks cannot be told", lost, {}, ServerError],
    ["for another reason", { error: "error", reason: "timeout" }, {}, ServerError],
  ];
  for (const [how, refusal, session, Class] of cases) {
    test(`${how} is ${(Class as { name: string }).name}`, async () => {
      const db = await databaseOf((response, _before, { method, url }) => {
        if (method === "PUT") json(response, 500, refusal);
        else if (url === "/_session" && !("ok" in session)) response.destroy();
        else if (url === "/_session") json(response, 200, session);
        else json(response, 200, { admins: { names: ["keeper"], roles: ["keepers"] } });
      });
      const rules = await security(db);
      rules.addMember("cat");
      const error = await failure(rules.save());
      expect(error.constructor).toBe(Class);
      const status = Class === ForbiddenError ? 403 : 500;
      expect(error).toMatchObject({ status, method: "PUT" });
      expect(rules.dirty).toBe(true);
    });
  }
});
