import { setTimeout as sleep } from "node:timers/promises";
import { CouchDB, CouchDBError, type Document, InvalidResponseError } from "couchfetch";
import { exportDocs, importDocs } from "couchfetch/transfer";
import { describe, expect, test, vi } from "vitest";
import { type Answering, json, startAnswering } from "./answering.js";

type Answer = Parameters<typeof startAnswering>[0];

/** Runs with a database of a server that answers so, and gives the server what it was asked. */
async function against<R>(
  answer: Answer,
  work: (db: ReturnType<CouchDB["database"]>, server: Answering) => Promise<R>,
): Promise<R> {
  const server = await startAnswering(answer);
  const couch = new CouchDB(server.url, { timeout: 5_000 });
  try {
    return await work(couch.database("animals"), server);
  } finally {
    await couch.close();
    await server.close();
  }
}

const idsOf = (body: string): string[] =>
  (JSON.parse(body) as { docs: { _id: string }[] }).docs.map(({ _id }) => _id);

const store: Answer = (response, _before, _request, body) =>
  json(
    response,
    201,
    idsOf(body).map((id) => ({ ok: true, id, rev: "1-a" })),
  );

const some = (count: number) => Array.from({ length: count }, (_, n) => ({ _id: `d${n}` }));

test("a server without enough nodes is waited for, and its documents have not failed", async () => {
  const answer: Answer = (response, before, ...rest) =>
    before < 2
      ? json(response, 412, { error: "nodedown", reason: "progress not possible" })
      : store(response, before, ...rest);
  const totals = await against(answer, (db) => importDocs(db, some(3)));
  expect(totals).toMatchObject({ read: 3, written: 3, failed: 0 });
});

// As CouchDB 3.5.0 sends them from a cluster with one copy of each document, if a node is away.
const away = { error: "error", reason: "internal_server_error" };

describe("rows that CouchDB sends with status 500", () => {
  /** Responds with a row for each document, which depends on how often it was sent before. */
  const answering = (rowOf: (id: string, tries: number) => object | undefined): Answer => {
    const tries = new Map<string, number>();
    return (response, _before, _request, body) => {
      const rows = idsOf(body).map((id) => {
        const before = tries.get(id) ?? 0;
        tries.set(id, before + 1);
        return { id, ...(rowOf(id, before) ?? { ok: true, rev: "1-a" }) };
      });
      json(response, rows.some((row) => "error" in row) ? 500 : 201, rows);
    };
  };

  test("count, and documents without a result are sent again", async () => {
    const rowOf = (id: string, tries: number) => {
      if (id === "d1") return [away, { error: "timeout", reason: "later" }][tries];
      if (id === "d2") return [{ error: "nodedown", reason: "progress not possible" }][tries];
      if (id === "d3") return { error: "conflict", reason: "Document update conflict." };
      if (id === "d4") return { error: "forbidden", reason: "internal_server_error" };
      return undefined;
    };
    const bodies: string[][] = [];
    const respond = answering(rowOf);
    const answer: Answer = (response, before, request, body) => {
      bodies.push(idsOf(body));
      respond(response, before, request, body);
    };
    const totals = await against(answer, (db) => importDocs(db, some(6)));
    const failures = [{ id: "d4", error: "forbidden", reason: "internal_server_error" }];
    expect(totals).toEqual({ read: 6, written: 4, conflicts: 1, failed: 1, failures });
    expect(bodies).toEqual([["d0", "d1", "d2", "d3", "d4", "d5"], ["d1", "d2"], ["d1"]]);
  });

  test("are failures if they stay, and the import goes on", async () => {
    const server = await startAnswering(answering((id) => (/[13]$/.test(id) ? away : undefined)));
    const couch = new CouchDB(server.url, { retry: { limit: 1 } });
    const options = { batchSize: 2, concurrency: 1 };
    const { failures, ...counts } = await importDocs(couch.database("animals"), some(6), options);
    expect(counts).toEqual({ read: 6, written: 4, conflicts: 0, failed: 2 });
    expect(failures).toEqual(["d1", "d3"].map((id) => ({ id, ...away })));
    await couch.close();
    await server.close();
  });

  test("leave open whether a document was written, which then does not conflict with itself", async () => {
    const rows = answering((id, tries) => {
      if (id !== "d1") return undefined;
      return tries === 0 ? away : { error: "conflict", reason: "Document update conflict." };
    });
    const answer: Answer = (response, before, request, body) => {
      if (!request.url?.includes("_bulk_get")) return rows(response, before, request, body);
      const ok = { _id: "d1", _rev: "1-a", _revisions: { start: 1, ids: ["a"] } };
      json(response, 200, { results: [{ id: "d1", docs: [{ ok }] }] });
    };
    const totals = await against(answer, (db) => importDocs(db, some(2)));
    expect(totals).toMatchObject({ read: 2, written: 2, conflicts: 0, failed: 0 });
  });

  test("name no document without new_edits: all of them are sent again", async () => {
    const bodies: string[][] = [];
    const answer: Answer = (response, before, _request, body) => {
      bodies.push(idsOf(body));
      json(response, before < 2 ? 500 : 201, before < 2 ? [away] : []);
    };
    const docs = some(3).map((doc) => ({ ...doc, _rev: "1-a" }));
    const totals = await against(answer, (db) => importDocs(db, docs, { new_edits: false }));
    expect(totals).toMatchObject({ read: 3, written: 3, failed: 0 });
    expect(bodies).toEqual(Array(3).fill(["d0", "d1", "d2"]));
  });
});

test("a session that the server cannot read ends an import: the documents have not failed", async () => {
  const reason = "Malformed AuthSession cookie. Please clear your cookies.";
  const answer: Answer = (response) => json(response, 400, { error: "bad_request", reason });
  await against(answer, async (db) => {
    await expect(importDocs(db, some(3))).rejects.toMatchObject({ status: 400, reason });
  });
});

test.each([null, "abc", 5, []])("onConflict that makes %j ends an import", async (made) => {
  const answer: Answer = (response, _before, { url }, body) =>
    url?.includes("_all_docs")
      ? json(response, 200, {
          rows: [{ id: "d0", key: "d0", value: { rev: "1-b" }, doc: { _id: "d0", _rev: "1-b" } }],
        })
      : json(
          response,
          201,
          idsOf(body).map((id) => ({ id, error: "conflict", reason: "conflict" })),
        );
  await against(answer, async (db, { requests }) => {
    const onConflict = () => made as unknown as Document;
    await expect(importDocs(db, some(1), { onConflict })).rejects.toThrow(TypeError);
    expect(requests).toEqual([
      "POST /animals/_bulk_docs",
      "POST /animals/_all_docs?include_docs=true",
    ]);
  });
});

test.each([
  ["_bulk_get", { results: [null] }],
  ["_bulk_get", { results: 5 }],
  ["_bulk_get", { results: [] }],
  ["_bulk_get", { results: [{ id: "d0", docs: [{ error: { id: "d0", error: "forbidden" } }] }] }],
  ["_all_docs", { rows: [null] }],
  ["_all_docs", { rows: 5 }],
])("nonsense from %s is a CouchDBError: %j", async (endpoint, nonsense) => {
  let posts = 0;
  const answer: Answer = (response, _before, { url }, body) => {
    if (url?.includes(endpoint)) return json(response, 200, nonsense);
    posts += 1;
    if (endpoint === "_bulk_get" && posts === 1) return json(response, 503, { error: "busy" });
    json(
      response,
      201,
      idsOf(body).map((id) => ({ id, error: "conflict", reason: "conflict" })),
    );
  };
  await against(answer, async (db) => {
    const error = await importDocs(db, some(1), { onConflict: "overwrite" }).catch(
      (reason) => reason,
    );
    expect(error).toBeInstanceOf(CouchDBError);
    if (!JSON.stringify(nonsense).includes("forbidden")) {
      expect(error).toBeInstanceOf(InvalidResponseError);
    }
  });
});

test("what a source does when it is let go hides nothing", async () => {
  function* given() {
    try {
      yield* some(100);
    } finally {
      // biome-ignore lint/correctness/noUnsafeFinally: what a source may do
      throw new Error("of the source");
    }
  }
  const mine = new Error("mine");
  const onProgress = () => {
    throw mine;
  };
  await against(store, async (db) => {
    await expect(importDocs(db, given(), { batchSize: 5, onProgress })).rejects.toBe(mine);
    const left = vi.fn(() => {
      throw new Error("left after its end");
    });
    const rest = some(3)[Symbol.iterator]();
    const ended = { [Symbol.iterator]: () => ({ next: () => rest.next(), return: left }) };
    expect(await importDocs(db, ended as Iterable<{ _id: string }>)).toMatchObject({ written: 3 });
    expect(left).not.toHaveBeenCalled();
  });
});

test("a source of nothing but what cannot be stored can be stopped", async () => {
  function* endless() {
    for (;;) yield { _id: "_bad" };
  }
  const stop = new AbortController();
  const reason = new Error("enough");
  // A timer, because the case is that an endless source in memory lets one run.
  setTimeout(() => stop.abort(reason), 20);
  await against(store, async (db, { requests }) => {
    await expect(importDocs(db, endless(), { signal: stop.signal })).rejects.toBe(reason);
    expect(requests).toEqual([]);
  });
});

// Were it searched again with each piece, this would take minutes.
test("a line of 64 MB that comes in small pieces is no hang", { timeout: 60_000 }, async () => {
  const line = new TextEncoder().encode(
    `${JSON.stringify({ _id: "a", x: "é".repeat(2 ** 25) })}\n`,
  );
  function* pieces() {
    for (let at = 0; at < line.length; at += 16_384) yield line.subarray(at, at + 16_384);
  }
  const totals = await against(store, (db) => importDocs(db, new ReadableStream(from(pieces()))));
  expect(totals).toMatchObject({ read: 1, written: 1 });
});

function from<I>(items: Generator<I>): UnderlyingDefaultSource<I> {
  return {
    pull(controller) {
      const { done, value } = items.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  };
}

test("while the server asks for rest, fewer are under way", async () => {
  let underWay = 0;
  const seen: number[] = [];
  let allCame = () => {};
  const atOnce = new Promise<void>((resolve) => {
    allCame = resolve;
  });
  const answer: Answer = async (response, before, ...rest) => {
    underWay += 1;
    seen.push(underWay);
    if (seen.length === 16) allCame();
    // The wait stands for the server's work, during which further requests could arrive.
    await (before < 16 ? atOnce : sleep(10));
    underWay -= 1;
    if (before < 16) json(response, 429, { error: "too_many_requests" });
    else store(response, before, ...rest);
  };
  const options = { batchSize: 1, concurrency: 16 };
  const totals = await against(answer, (db) => importDocs(db, some(40), options));
  expect(totals).toMatchObject({ written: 40 });
  expect(Math.max(...seen.slice(0, 16))).toBe(16);
  // The server bears one more for every two that it takes.
  expect(Math.max(...seen.slice(16, 22))).toBeLessThan(6);
});

test("what progress has told stays as it was", async () => {
  const refuse: Answer = (response, _before, _request, body) =>
    json(
      response,
      201,
      idsOf(body).map((id) => ({ id, error: "forbidden", reason: "no" })),
    );
  const told: { failed: number; failures: unknown[] }[] = [];
  await against(refuse, (db) =>
    importDocs(db, some(6), {
      batchSize: 2,
      concurrency: 1,
      onProgress: (totals) => told.push(totals),
    }),
  );
  expect(told.map(({ failures }) => failures.length)).toEqual([2, 4, 6]);
});

test("an export whose documents cannot be written closes its connection", async () => {
  // In another order than CouchDB's, so that the documents are written anew.
  const rows = some(10_000).map(({ _id }) => ({
    doc: { _id },
    value: { rev: "1-a" },
    key: _id,
    id: _id,
  }));
  const server = await startAnswering((response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.write(
      `{"total_rows":10000,"offset":0,"rows":[\r\n${rows.map((row) => JSON.stringify(row)).join(",\r\n")}`,
    );
  });
  const broken = new Error("broken");
  const stringify = (value: unknown) => {
    if (Object(value)._id) throw broken;
    return JSON.stringify(value);
  };
  const couch = new CouchDB(server.url, { json: { parse: JSON.parse, stringify } });
  const reader = exportDocs(couch.database("animals"), { limit: 10_000 }).getReader();
  await expect(reader.read()).rejects.toBe(broken);
  await server.left;
  await couch.close();
  await server.close();
});
