import { CouchDB, NetworkError, ServerError } from "couchfetch";
import fc from "fast-check";
import { parse, stringify } from "lossless-json";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Answering, startAnswering } from "./answering.js";
import { type Answers, type Exact, parsers, serving } from "./exact.js";

let server: Exact | Answering | undefined;

afterEach(async () => {
  vi.restoreAllMocks();
  await server?.close();
  server = undefined;
});

const event = (seq: number) => `{"seq":${seq},"id":"cat","changes":[{"rev":"1-a"}]}`;

/** As many changes as a feed asks for, but no more than four at once. */
function feed(request: string): string {
  const limit = Math.min(Number(/limit=(\d+)/.exec(request)?.[1] ?? 4), 4);
  const since = Number(/since=(\d+)/.exec(request)?.[1] ?? 0);
  const events = Array.from({ length: limit }, (_, index) => event(since + index + 1));
  return request.includes("continuous")
    ? `${events.join("\n")}\n{"last_seq":${since + limit},"pending":0}\n`
    : `{"results":[${events}],"last_seq":${since + limit},"pending":0}`;
}

/** Pages of at most 25, as a text index gives them. */
const page = (limit: number, bookmark: string, stats: string) => {
  const docs = Array.from({ length: Math.min(limit, 25) }, (_, n) => `{"_id":"${bookmark}${n}"}`);
  return `{"docs":[${docs}],"bookmark":"${bookmark}","execution_stats":${stats}}`;
};

describe.each(parsers)("numbers that couchfetch reads itself: $name", ({ json }) => {
  const start = async (answers: Answers) => {
    const exact = await serving(answers, json);
    server = exact;
    return exact;
  };
  // What the parser makes of a number, as it stands in `total_rows` and the like.
  const number = (text: string) => json.parse(text) as number;

  test("a parameter is sent as it came", async () => {
    const view = '{"total_rows":2,"offset":0,"update_seq":7,"rows":[]}';
    const { db, sent } = await start({
      "GET /animals/_all_docs": view,
      "GET /animals/_design/zoo/_view/by_n": view,
    });
    const { total_rows, offset } = await db.allDocs.get();
    const key = number("9007199254740993");
    const params = { key, limit: total_rows, skip: offset ?? undefined };
    await db.view("zoo", "by_n").rows(params).toArray();
    expect(sent.at(-1)?.request).toMatch(/by_n\?key=9007199254740993&limit=2&skip=0$/);
  });

  test("a scan that is cut off goes on from its key, and keeps its limit", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0);
    const row = (id: string) => `{"id":"${id}","key":9007199254740993,"value":1}`;
    const answering = await startAnswering((response, before) => {
      response.writeHead(200, { "content-type": "application/json" });
      const rows = (before === 0 ? ["a", "b"] : ["b", "c"]).map(row);
      const begun = `{"total_rows":4,"offset":0,"rows":[\n${rows}\n`;
      if (before > 0) response.end(`${begun}]}`);
      else response.write(begun, () => response.destroy());
    });
    server = answering;
    const view = new CouchDB(answering.url, { json }).database("animals").view("zoo", "by_n");
    expect(await view.ids({ limit: number("3") }).toArray()).toEqual(["a", "b", "c"]);
    expect(answering.requests.at(-1)).toContain("startkey=9007199254740993&");
    // The row that is there already, and one more.
    expect(answering.requests.map((request) => /limit=\d+/.exec(request)?.[0])).toEqual([
      "limit=3",
      "limit=2",
    ]);
  });

  test("find keeps its limit over the pages, and sums up what they cost", async () => {
    const { db, sent } = await start({
      "POST /animals/_find": () =>
        sent.length === 1
          ? page(30, "a", '{"total_docs_examined":25,"execution_time_ms":0.5}')
          : page(5, "b", '{"total_docs_examined":5,"execution_time_ms":2}'),
    });
    const rows = db.find({}, { limit: number("30"), execution_stats: true });
    expect(await rows.toArray()).toHaveLength(30);
    expect(sent.map(({ body }) => JSON.parse(body).limit)).toEqual([30, 5]);
    expect((await rows.summary).execution_stats).toEqual({
      total_docs_examined: 30,
      execution_time_ms: 2.5,
    });
  });

  test.each(["normal", "continuous", "longpoll"] as const)(
    "a feed ends after its limit: %s",
    async (kind) => {
      const { db, sent } = await start({ "GET /animals/_changes": feed });
      const given: unknown[] = [];
      for await (const { id } of db.changes({ feed: kind, limit: number("2") })) given.push(id);
      expect(given).toHaveLength(2);
      expect(sent).toHaveLength(1);
      expect(sent[0]?.request).toContain("limit=2");
    },
  );

  test.each(["continuous", "longpoll"] as const)(
    "a feed goes on from a sequence that is a number: %s",
    async (kind) => {
      const { db, sent } = await start({ "GET /animals/_changes": feed });
      const since = number("10");
      const sequences: unknown[] = [];
      for await (const { sequence } of db.changes({ feed: kind, since, limit: 6 })) {
        sequences.push(String(sequence));
      }
      expect(sequences).toEqual(["11", "12", "13", "14", "15", "16"]);
      expect(sent.map(({ request }) => /since=\d+/.exec(request)?.[0])).toEqual([
        "since=10",
        "since=14",
      ]);
    },
  );

  test("a server that ends long polls at once, where they began, is not hammered", async () => {
    // The longest waits that there can be.
    vi.spyOn(Math, "random").mockReturnValue(1);
    const times: number[] = [];
    const { db } = await start({
      "GET /animals/_changes": () => {
        times.push(performance.now());
        return times.length === 1
          ? '{"results":[],"last_seq":5,"pending":0}'
          : `{"results":[${event(6)}],"last_seq":6,"pending":0}`;
      },
    });
    for await (const _ of db.changes({ feed: "longpoll", since: number("5") })) break;
    const [first = 0, second = 0] = times;
    expect(second - first).toBeGreaterThan(200);
  });

  test("an upload that was hung up on may be what the document's stub tells of", async () => {
    const answering = await startAnswering((response, before, { method }) => {
      if (method === "PUT") return void response.destroy();
      response.writeHead(200, { "content-type": "application/json" });
      const rev = before === 0 ? "1-a" : "2-b";
      response.end(`{"_id":"cat","_rev":"${rev}","_attachments":{"a":{"revpos":2}}}`);
    });
    server = answering;
    const couch = new CouchDB(answering.url, { json, retry: { limit: 0 } });
    const cat = await couch.database("animals").get("cat");
    const error = await cat
      .attachment("a")
      .save("text")
      .catch((thrown) => thrown);
    expect(error).toBeInstanceOf(NetworkError);
    expect(error).toMatchObject({ mayHaveHappened: true });
  });

  test("the status of an answer that CouchDB breaks off is a number", async () => {
    const { db } = await start({
      "GET /animals/_all_docs": '{"rows":[\n{"id":"a","key":"a"}\n{"code":500,"error":"timeout"}\n',
    });
    const error = await db.allDocs.get().catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ServerError);
    expect(error).toMatchObject({ status: 500, error: "timeout" });
  });
});

const numbers = fc.stringMatching(/^-?(0|[1-9]\d{0,29})(\.\d{1,29})?([eE][+-]?\d{1,3})?$/);

test("any number that JSON can write comes and goes as it is, whatever the pieces", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(numbers), fc.array(fc.nat(400)), async (given, cuts) => {
      const cat = `{"_id":"cat","_rev":"1-a","n":[${given}]}`;
      const body = `{"rows":[\n{"id":"cat","key":[${given}],"doc":${cat}},\n{"id":"dog","key":[${given}],"doc":${cat}}\n]}`;
      let written = "";
      const couch = new CouchDB("http://localhost:1", {
        json: { parse, stringify },
        fetch: async (request) => {
          if (request.method === "GET") return pieces(body, cuts);
          written = await request.text();
          return Response.json({ ok: true, id: "cat", rev: "2-b" }, { status: 201 });
        },
      });
      const documents = await couch.database("animals").docs().toArray();
      expect(documents.map(({ data }) => stringify(data))).toEqual([cat, cat]);
      for (const document of documents) expect(await document.save()).toBeUndefined();
      const [first] = documents;
      if (first) first.data.n = [...first.data.n, true];
      await first?.save();
      expect(written).toBe(`{"_id":"cat","_rev":"1-a","n":[${[...given, true]}]}`);
    }),
  );
});

function pieces(text: string, cuts: number[]): Response {
  const places = [...new Set([0, ...cuts.filter((cut) => cut < text.length), text.length])];
  places.sort((a, b) => a - b);
  const parts = places.slice(1).map((end, index) => text.slice(places[index], end));
  const stream = new ReadableStream<string>({
    start(controller) {
      for (const part of parts) controller.enqueue(part);
      controller.close();
    },
  });
  const headers = { "content-type": "application/json" };
  return new Response(stream.pipeThrough(new TextEncoderStream()), { headers });
}
