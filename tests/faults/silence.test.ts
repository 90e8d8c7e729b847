import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import {
  bulkGet,
  CouchDB,
  type CouchDBOptions,
  type Database,
  dbUpdates,
  defineView,
  IncompleteResponseError,
  localDocs,
  multiQuery,
  nouveau,
  partition,
  readRows,
  search,
  TimeoutError,
} from "couchfetch";
import { exportDocs } from "couchfetch/transfer";
import { afterEach, describe, expect, test } from "vitest";
import { type Answering, json, startAnswering } from "./answering.js";
import { undici } from "./undici.js";

let server: Answering | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

type Answer = Parameters<typeof startAnswering>[0];

async function database(answer: Answer, options: CouchDBOptions): Promise<Database> {
  server = await startAnswering(answer);
  return new CouchDB(server.url, options).database("animals");
}

/** A row that is a row, a document, a change, a hit and a result at once. */
const row = (id: string, seq = `${id}-seq`) => {
  const rev = "1-a";
  const doc = { _id: id, _rev: rev };
  const change = { seq, changes: [{ rev }], db_name: id, type: "updated" };
  return JSON.stringify({
    ...doc,
    id,
    key: id,
    value: { rev },
    doc,
    docs: [{ ok: doc }],
    ...change,
  });
};

const members = { _find: "docs", _nouveau: "hits", _changes: "results", _db_updates: "results" };

/** The text before the rows of a response. */
function headOf(url = ""): string {
  if (url.includes("/queries")) return '{"results":[{"rows":[\n';
  const [, member = url.includes("_bulk_get") ? "results" : "rows"] =
    Object.entries(members).find(([endpoint]) => url.includes(endpoint)) ?? [];
  return `{"${member}":[\n`;
}

const tailOf = (url = "") => (url.includes("/queries") ? "]}]}" : '],"last_seq":"b-seq"}');

const begin = (response: ServerResponse, text: string) => {
  response.writeHead(200, { "content-type": "application/json" });
  response.write(text);
};

const stopsAfterRow: Answer = (response, _before, { url }) =>
  begin(response, `${headOf(url) + row("a")},\n`);

const stopsBeforeHeaders: Answer = () => {};

/** One row at once, the other after some time. Both waits are longer than `timeout`. */
const slow: Answer = async (response, _before, { url }) => {
  await sleep(120);
  begin(response, `${headOf(url) + row("a")},\n`);
  await sleep(120);
  response.end(`${row("b")}\n${tailOf(url)}`);
};

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<{ id: string }> {
  for await (const chunk of stream as unknown as AsyncIterable<Uint8Array>) {
    const text = new TextDecoder().decode(chunk);
    for (const line of text.trim().split("\n")) yield { id: JSON.parse(line)._id };
  }
}

async function* rowsOfQueries(results: AsyncIterable<AsyncIterable<unknown>>) {
  for await (const rows of results) yield* rows;
}

async function* rowsOf(response: Promise<{ rows: unknown[] }>) {
  yield* (await response).rows;
}

type Read = (db: Database) => AsyncIterable<unknown>;

const resumed: Record<string, Read> = {
  docs: (db) => db.docs(),
  "docs with a prefix": (db) => db.docs({ prefix: "" }),
  keys: (db) => db.keys(),
  values: (db) => db.values(),
  "allDocs.rows": (db) => db.allDocs.rows(),
  "allDocs.get": (db) => rowsOf(db.allDocs.get()),
  // With this option, an export reads `_all_docs` as the others do.
  exportDocs: (db) => lines(exportDocs(db, { limit: 10 })),
  localDocs: (db) => localDocs(db).rows(),
  "the documents of a partition": (db) => partition(db, "bird").docs(),
  "normal changes": (db) => db.changes(),
  dbUpdates: () => dbUpdates(new CouchDB(server?.url as string, { timeout: 100 })),
};

const notResumed: Record<string, Read> = {
  "docs with ids": (db) => db.docs({ ids: ["a", "b"] }),
  "descending changes": (db) => db.changes({ descending: true }),
  bulkGet: (db) => bulkGet(db, [{ id: "a" }, { id: "b" }]),
  "multiQuery of allDocs": (db) => rowsOfQueries(multiQuery(db.allDocs, [{}])),
};

const view = defineView("zoo", "by_type");

const computed: Record<string, Read> = {
  "a view": (db) => db.view(view).rows({ reduce: false }),
  "a view of a partition": (db) => partition(db, "bird").view(view).rows(),
  "view.docs": (db) => db.view(view).docs(),
  "view.get": (db) => rowsOf(db.view(view).get()),
  "multiQuery of a view": (db) => rowsOfQueries(multiQuery(db.view(view), [{}])),
  find: (db) => db.find({}),
  query: (db) => db.query({}),
  search: (db) => search(db, "zoo", "by_text", "*:*"),
  nouveau: (db) => nouveau(db, "zoo", "by_text", "*:*"),
  readRows: (db) => readRows(db, "_design/zoo/_geo/places"),
  "changes with a filter": (db) => db.changes({ filter: "zoo/cats" }),
  "changes with a selector": (db) => db.changes({ selector: { legs: 4 } }),
  "changes of a view": (db) => db.changes({ view: "zoo/by_type" }),
  "changes of documents": (db) => db.changes({ doc_ids: ["a", "b"] }),
};

async function read(rows: AsyncIterable<unknown>): Promise<{ ids: string[]; error?: Error }> {
  const ids: string[] = [];
  try {
    for await (const each of rows) {
      const { id, _id, db_name } = each as { id?: string; _id?: string; db_name?: string };
      ids.push(typeof each === "string" ? each : (id ?? _id ?? db_name ?? ""));
    }
    return { ids };
  } catch (error) {
    return { ids, error: error as Error };
  }
}

const isWhole = (name: string) => name.endsWith(".get");

describe("what the server only reads out may be silent for `timeout`", () => {
  const options = { timeout: 100, silenceTimeout: 60_000 };

  test.each(Object.entries(resumed))("%s: resumes after its last row", async (_, rows) => {
    const db = await database((response, before, request, body) => {
      const { url = "" } = request;
      if (before === 0) return stopsAfterRow(response, before, request, body);
      // A scan asks for its last row again, a feed does not.
      const again = url.includes("since=") ? "" : `${row("a")},\n`;
      begin(response, headOf(url) + again);
      response.end(`${row("b")}\n${tailOf(url)}`);
    }, options);
    expect(await read(rows(db))).toEqual({ ids: ["a", "b"] });
    expect(server?.requests.length).toBe(2);
    await server?.left;
  });

  test.each(Object.entries(notResumed))("%s: is incomplete after its last row", async (_, rows) => {
    const db = await database(stopsAfterRow, options);
    const { ids, error } = await read(rows(db));
    expect(error).toBeInstanceOf(IncompleteResponseError);
    expect(error?.cause).toBeInstanceOf(TimeoutError);
    expect(ids).toEqual(["a"]);
    expect(server?.requests.length).toBe(1);
    await server?.left;
  });

  test.each(Object.entries({ ...resumed, ...notResumed }))(
    "%s: times out before the headers, and is not retried",
    async (_, rows) => {
      const db = await database(stopsBeforeHeaders, options);
      const { error } = await read(rows(db));
      expect(error).toBeInstanceOf(TimeoutError);
      expect(error?.message).toContain("100 ms");
      expect(server?.requests.length).toBe(1);
      await server?.left;
    },
  );

  test("a scan that is silent again and again ends", async () => {
    const db = await database(stopsAfterRow, { ...options, retry: { limit: 1 } });
    const { ids, error } = await read(db.docs());
    expect(error).toBeInstanceOf(IncompleteResponseError);
    expect(error?.cause).toBeInstanceOf(TimeoutError);
    expect(ids).toEqual(["a"]);
    expect(server?.requests.length).toBe(2);
  });

  test("silence is not counted while nobody reads", async () => {
    let finish = () => {};
    const db = await database((response, before, request, body) => {
      stopsAfterRow(response, before, request, body);
      finish = () => response.end(`${row("b")}\n${tailOf()}`);
    }, options);
    const keys = db.keys()[Symbol.asyncIterator]();
    expect((await keys.next()).value).toBe("a");
    await sleep(4 * options.timeout);
    finish();
    expect((await keys.next()).value).toBe("b");
    expect((await keys.next()).done).toBe(true);
    expect(server?.requests.length).toBe(1);
  });
});

describe("what the server may compute may be silent for `silenceTimeout`", () => {
  test.each(Object.entries(computed))("%s: may take longer than `timeout`", async (_, rows) => {
    const db = await database(slow, { timeout: 40 });
    expect(await read(rows(db))).toEqual({ ids: ["a", "b"] });
    expect(server?.requests.length).toBe(1);
  });

  for (const [where, answer] of Object.entries({
    "before the headers": stopsBeforeHeaders,
    "after a row": stopsAfterRow,
  })) {
    test.each(Object.entries(computed))(
      `%s: times out ${where}, and is neither retried nor resumed`,
      async (name, rows) => {
        const db = await database(answer, { timeout: 60_000, silenceTimeout: 100 });
        const { ids, error } = await read(rows(db));
        expect(error).toBeInstanceOf(TimeoutError);
        expect(error?.message).toContain("100 ms");
        const isBegun = answer === stopsAfterRow && !isWhole(name);
        expect(ids).toEqual(isBegun ? ["a"] : []);
        expect(server?.requests.length).toBe(1);
        await server?.left;
      },
    );
  }

  test("a blank is a sign of life", async () => {
    const db = await database(
      async (response) => {
        begin(response, "\n");
        for (let times = 0; times < 12; times += 1) {
          await sleep(50);
          response.write("\n");
        }
        response.end('{"docs":[{"_id":"a"}]}');
      },
      { silenceTimeout: 500 },
    );
    expect(await read(db.query({}))).toEqual({ ids: ["a"] });
  });
});

describe("a document", () => {
  const text = "x".repeat(1000);
  const cat = JSON.stringify({ _id: "cat", _rev: "1-a", text });

  test("may take longer than `timeout` if it keeps arriving", async () => {
    const db = await database(
      async (response) => {
        begin(response, cat.slice(0, 10));
        for (let at = 10; at < cat.length; at += 80) {
          await sleep(50);
          response.write(cat.slice(at, at + 80));
        }
        response.end();
      },
      { timeout: 400 },
    );
    expect((await db.get("cat")).data.text).toBe(text);
    expect(server?.requests.length).toBe(1);
  });

  test("that is silent in its middle is a TimeoutError, and is not retried", async () => {
    const db = await database((response) => begin(response, cat.slice(0, 10)), { timeout: 100 });
    await expect(db.get("cat")).rejects.toThrow(TimeoutError);
    expect(server?.requests.length).toBe(1);
    await server?.left;
  });

  test("with characters in two chunks each, and a byte-order mark, is read", async () => {
    const bytes = Buffer.from(`\ufeff${JSON.stringify({ _id: "cat", _rev: "1-a", a: "ä🦊" })}`);
    const db = await database(async (response) => {
      response.writeHead(200, { "content-type": "application/json" });
      for (const byte of bytes) {
        response.write(Uint8Array.of(byte));
        await new Promise(setImmediate);
      }
      response.end();
    }, {});
    expect((await db.get("cat")).data.a).toBe("ä🦊");
  });

  test("of which an error's explanation is silent is a TimeoutError", async () => {
    const db = await database(
      (response) => {
        response.writeHead(404, { "content-type": "application/json" });
        response.write('{"error":"not_found",');
      },
      { timeout: 100 },
    );
    for (const work of [db.get("cat"), db.docs().toArray()])
      await expect(work).rejects.toThrow(TimeoutError);
  });
});

test("a timeout must be a delay that a timer can have", () => {
  for (const value of [0, -1, Number.NaN, 2 ** 31, Number.POSITIVE_INFINITY]) {
    for (const name of ["timeout", "silenceTimeout"]) {
      expect(() => new CouchDB("http://localhost", { [name]: value })).toThrow(`\`${name}\``);
    }
  }
});

test("a lost connection is retried where the server may compute", async () => {
  const db = await database((response, before) => {
    if (before === 0) response.destroy();
    else json(response, 200, { docs: [{ _id: "a" }] });
  }, {});
  expect(await read(db.query({}))).toEqual({ ids: ["a"] });
});

describe("a limit of the runtime's own", () => {
  const inNode = (code: string) =>
    new TypeError("fetch failed", { cause: Object.assign(new Error("Timeout Error"), { code }) });
  const inBun = new DOMException("The operation timed out.", "TimeoutError");

  const works: Record<string, (db: Database) => Promise<unknown>> = {
    "a document": (db) => db.get("cat"),
    "all documents": (db) => db.docs().toArray(),
    "a query": (db) => db.find({}).toArray(),
    "a view": (db) => db.view(view).get(),
    "an attachment": (db) => db.document("cat").attachment("a").fetch(),
    "a write": (db) => db.document("cat", {}).save(),
  };

  for (const thrown of [inNode("UND_ERR_HEADERS_TIMEOUT"), inBun]) {
    test.each(Object.entries(works))(
      `before the headers is a TimeoutError, and not retried: %s: ${thrown.name}`,
      async (name, work) => {
        let requests = 0;
        const fetch = async () => {
          requests += 1;
          throw thrown;
        };
        const couch = new CouchDB("http://localhost", { fetch, timeout: 600_000 });
        const failed = work(couch.database("animals"));
        await expect(failed).rejects.toThrow(TimeoutError);
        const mayHaveHappened = name === "a write";
        await expect(failed).rejects.toMatchObject({ cause: thrown, mayHaveHappened });
        expect(requests).toBe(1);
      },
    );
  }

  for (const thrown of [inNode("UND_ERR_BODY_TIMEOUT"), inBun]) {
    test(`in a body is what silence is there: ${thrown.name}`, async () => {
      let requests = 0;
      /** A row, and then the error; all rows at the second request. */
      const fetch = async ({ url }: Request) => {
        requests += 1;
        const isWhole = requests > 1;
        const rest = isWhole ? `${row("b")}\n${tailOf(url)}` : "";
        const chunks = [`${headOf(url) + row("a")}${isWhole ? "," : ",\n"}${rest}`];
        const body = new ReadableStream<Uint8Array>({
          pull(controller) {
            const chunk = chunks.shift();
            if (chunk) controller.enqueue(new TextEncoder().encode(chunk));
            else if (isWhole) controller.close();
            else controller.error(thrown);
          },
        });
        return new Response(body, { headers: { "content-type": "application/json" } });
      };
      const db = new CouchDB("http://localhost", { fetch, timeout: 600_000 }).database("animals");
      expect(await read(db.docs())).toEqual({ ids: ["a", "b"] });
      expect(requests).toBe(2);

      requests = 0;
      const { ids, error } = await read(db.query({}));
      expect(error).toBeInstanceOf(TimeoutError);
      expect(error?.cause).toBe(thrown);
      expect(ids).toEqual(["a"]);
      expect(requests).toBe(1);

      for (const work of [works["a document"], works["a view"]]) {
        requests = 0;
        await expect(work?.(db)).rejects.toThrow(TimeoutError);
        expect(requests).toBe(1);
      }

      requests = 0;
      const attachment = await db.document("cat").attachment("a").fetch();
      await expect(attachment.text()).rejects.toThrow(TimeoutError);
    });
  }

  test("is what the dispatcher says in Node, and can be lifted", async () => {
    const { Agent } = await undici();
    let isSilent = true;
    server = await startAnswering(async (response) => {
      if (isSilent) return;
      // Longer than the limit is noticed, once a second.
      await sleep(2_500);
      json(response, 200, { docs: [{ _id: "a" }] });
    });
    const { url } = server;
    const queryWith = (limit: number) => {
      const dispatcher = new Agent({ headersTimeout: limit, bodyTimeout: limit });
      const init = { dispatcher } as RequestInit;
      const couch = new CouchDB(url, { fetch: (request) => fetch(request, init) });
      return couch.database("animals").query({}).toArray();
    };
    const error = await queryWith(100).then(undefined, (reason) => reason);
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.cause.cause).toMatchObject({ code: "UND_ERR_HEADERS_TIMEOUT" });
    expect(server.requests.length).toBe(1);
    isSilent = false;
    expect(await queryWith(0)).toEqual([{ _id: "a" }]);
  });
});
