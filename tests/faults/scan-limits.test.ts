import {
  bulkGet,
  CouchDB,
  type CouchDBOptions,
  type Database,
  IncompleteResponseError,
  type Rows,
  ServerError,
} from "couchfetch";
import * as lossless from "lossless-json";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Answering, json, startAnswering } from "./answering.js";

let server: Answering;

beforeEach(() => void vi.spyOn(Math, "random").mockReturnValue(0));

afterEach(async () => {
  vi.restoreAllMocks();
  await server.close();
});

/** A server that gives these texts one after the other, the last one ever again. */
async function giving(texts: string[], options: CouchDBOptions = {}): Promise<Database> {
  server = await startAnswering((response, before) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(texts[Math.min(before, texts.length - 1)]);
  });
  return new CouchDB(server.url, options).database("animals");
}

/** A fetch whose answers come in the pieces that their bars divide them into, however the network did. */
async function inPieces(request: Request | URL | string, init?: RequestInit): Promise<Response> {
  const response = await fetch(request, init);
  const pieces = (await response.text()).split("|");
  const body = new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
      controller.close();
    },
  });
  return new Response(body, response);
}

const head = '{"total_rows":9,"offset":0,"rows":[\r\n';
const row = (id: string, key: string, value = "0") =>
  `{"id":"${id}","key":${key},"value":${value}}`;
const cut = (...rows: string[]) => `${head + rows.join(",\r\n")},\r\n{"id":"`;
const whole = (...rows: string[]) => `${head + rows.join(",\r\n")}\r\n]}\n`;

async function read(rows: Rows<unknown>) {
  const given: unknown[] = [];
  try {
    for await (const row of rows) given.push(row);
  } catch (error) {
    return { given, error };
  }
  return { given, error: undefined };
}

/** The parameters of each request, as the server was sent them. */
const queries = () =>
  server.requests.map((line) =>
    Object.fromEntries(new URL(line.split(" ")[1] as string, server.url).searchParams),
  );

describe("what cannot be told exactly is incomplete, after the rows that came", () => {
  const keyed = cut(row("a", '"a"'), row("b", '"b"'));
  const cases: [string, string, number, (db: Database) => Rows<unknown>][] = [
    ["keys", keyed, 2, (db) => db.allDocs.rows({ keys: ["a", "b", "c"] })],
    ["ids", keyed, 2, (db) => db.keys({ ids: ["a", "b", "c"] })],
    [
      "keys that went by POST",
      keyed,
      2,
      (db) => db.allDocs.rows({ keys: ["a", "b", "c".repeat(3000)] }),
    ],
    ["rows in no order", keyed, 2, (db) => db.view("d", "v").rows({ sorted: false })],
    [
      "groups of a reduced view",
      '{"rows":[\r\n{"key":"a","value":1},\r\n{"key":"b","val',
      1,
      (db) => db.view("d", "v").rows({ group: true }),
    ],
    [
      "a key that JSON.parse has rounded",
      cut(row("0", "0"), row("a", "[1,9007199254740993]")),
      2,
      (db) => db.view("d", "v").rows(),
    ],
    [
      "a key whose members JSON.parse has sorted",
      cut(row("0", "0"), row("a", '{"b":1,"1":2}')),
      2,
      (db) => db.view("d", "v").rows(),
    ],
    ["the documents of a query", '{"docs":[\r\n{"_id":"a"},\r\n{"_', 1, (db) => db.find({})],
    [
      "what many documents were asked for",
      '{"results":[\r\n{"id":"a","docs":[]},\r\n{"',
      1,
      (db) => bulkGet(db, [{ id: "a" }, { id: "b" }]),
    ],
  ];
  for (const [what, text, count, ask] of cases) {
    test(what, async () => {
      const { given, error } = await read(ask(await giving([text])));
      expect(given).toHaveLength(count);
      expect(error).toBeInstanceOf(IncompleteResponseError);
      expect(server.requests).toHaveLength(1);
    });
  }

  test("a number that the user's parser keeps is exact", async () => {
    const parse = (text: string) => lossless.parse(text);
    const stringify = (value: unknown) => `${lossless.stringify(value)}`;
    const [a, b] = [row("a", "9007199254740993"), row("b", "9007199254740993")];
    const db = await giving([cut(row("0", "0"), a), whole(a, b)], { json: { parse, stringify } });
    const ids = await db.view("d", "v").ids().toArray();
    expect(ids).toEqual(["0", "a", "b"]);
    expect(queries()[1]).toMatchObject({ startkey: "9007199254740993", startkey_docid: "a" });
  });
});

describe("rows that were handed over", () => {
  const same = [row("a", "1", "1"), row("a", "1", "2"), row("a", "1", "3"), row("b", "1", "4")];
  const values = (db: Database, params = {}) => read(db.view("d", "v").values(params));

  test("do not come again, of however many with one key and one document", async () => {
    const texts = [cut(row("0", "0", "0"), ...same.slice(0, 2)), cut(...same.slice(0, 3))];
    const db = await giving([...texts, cut(...same.slice(0, 3)), whole(...same)]);
    expect((await values(db, { limit: 6, skip: 2 })).given).toEqual([0, 1, 2, 3, 4]);
    expect(queries()).toEqual([
      { limit: "6", skip: "2", reduce: undefined },
      { limit: "5", startkey: "1", startkey_docid: "a" },
      { limit: "5", startkey: "1", startkey_docid: "a" },
      { limit: "5", startkey: "1", startkey_docid: "a" },
    ]);
  });

  test("do not count as others, if they are gone meanwhile", async () => {
    const db = await giving([
      cut(row("0", "0", "0"), ...same.slice(0, 3)),
      whole(...same.slice(2)),
    ]);
    expect((await values(db)).given).toEqual([0, 1, 2, 3, 4]);
  });

  test("count for limit, also if they are gone meanwhile", async () => {
    const more = [row("b", "2", "4"), row("c", "3", "5"), row("d", "4", "6")];
    const db = await giving([cut(row("0", "0", "0"), ...same.slice(0, 3)), whole(...more)]);
    expect((await values(db, { limit: 5 })).given).toEqual([0, 1, 2, 3, 4]);
  });

  test("do not count as others, if one is gone and the others come piece by piece", async () => {
    const others = ["3", "4", "5"].map((value) => `|${row("b", "1", value)}`);
    const texts = [cut(row("0", "0", "0"), ...same.slice(0, 2)), whole(row("a", "1"), ...others)];
    const db = await giving(texts, { fetch: inPieces });
    expect((await values(db)).given).toEqual([0, 1, 2, 3, 4, 5]);
    expect(server.requests).toHaveLength(2);
  });

  test("may be changed by whoever has them", async () => {
    const db = await giving([
      cut(row("0", "[0]"), row("a", "[1]")),
      whole(row("a", "[1]"), row("b", "[2]")),
    ]);
    const seen: unknown[] = [];
    for await (const row of db.view<number[], number>("d", "v").rows()) {
      seen.push(row.id);
      row.key.push(9);
      row.id = "none";
    }
    expect(seen).toEqual(["0", "a", "b"]);
    expect(queries()[1]).toEqual({ startkey: "[1]", startkey_docid: "a" });
  });

  test("are of the state that the summary is of", async () => {
    const later = whole(row("a", "1"), row("b", "2"))
      .replace("9", "10")
      .replace('"offset":0', '"offset":1,"update_seq":"7-x"');
    const db = await giving([
      cut(row("0", "0"), row("a", "1")).replace("{", '{"update_seq":"5-x",'),
      later,
    ]);
    const rows = db.view("d", "v").rows({ update_seq: true });
    expect(await rows.toArray()).toHaveLength(3);
    expect(await rows.summary).toEqual({ total_rows: 9, offset: 0, update_seq: "5-x" });
  });
});

describe("a connection that is lost again and again", () => {
  test("is given up after as many tries as a request gets, if no row comes", async () => {
    const db = await giving([cut(row("a", '"a"'), row("b", '"b"')), cut(row("b", '"b"'))]);
    const { given, error } = await read(db.keys());
    expect(given).toEqual(["a", "b"]);
    expect(error).toBeInstanceOf(IncompleteResponseError);
    expect(server.requests).toHaveLength(3);
  });

  test("is given up at once, where nothing is to be tried again", async () => {
    const db = await giving([cut(row("a", '"a"'))], { retry: { limit: 0 } });
    expect((await read(db.keys())).error).toBeInstanceOf(IncompleteResponseError);
    expect(server.requests).toHaveLength(1);
  });

  test("before the first row asks for the same again, also for keys", async () => {
    const keyed = '{"rows":[\r\n{"key":"a","value":1}';
    const db = await giving([keyed.slice(0, 9), keyed.slice(0, 20), `${keyed}\r\n]}\n`]);
    const { given, error } = await read(db.view("d", "v").rows({ group: true, skip: 3 }));
    expect({ given, error }).toEqual({ given: [{ key: "a", value: 1 }], error: undefined });
    expect(queries()).toEqual(Array(3).fill({ group: "true", skip: "3" }));
  });

  test("stops at once when it is aborted between two tries", async () => {
    vi.mocked(Math.random).mockReturnValue(100);
    const db = await giving([cut(row("a", '"a"'))]);
    const stop = new AbortController();
    const rows = db.keys({ signal: stop.signal })[Symbol.asyncIterator]();
    expect((await rows.next()).value).toBe("a");
    const next = rows.next();
    // The answer has ended by now, and a try is waited for.
    await vi.waitFor(() => expect(vi.mocked(Math.random)).toHaveBeenCalled());
    stop.abort(new Error("enough"));
    await expect(next).rejects.toThrow("enough");
    expect(server.requests).toHaveLength(1);
  });

  test("tells what the server answers to the next try", async () => {
    server = await startAnswering((response, before) => {
      if (before > 0) return json(response, 500, { error: "unknown_error", reason: "no more" });
      response.writeHead(200, { "content-type": "application/json" });
      response.end(cut(row("a", '"a"')));
    });
    const { given, error } = await read(new CouchDB(server.url).database("animals").keys());
    expect(given).toEqual(["a"]);
    expect(error).toBeInstanceOf(ServerError);
  });
});
