import { createServer as createHttpServer } from "node:http";
import { createServer, type Server } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { gzipSync } from "node:zlib";
import {
  ConflictError,
  CouchDB,
  type Document,
  IncompleteResponseError,
  InvalidResponseError,
  NetworkError,
  TimeoutError,
  UnauthorizedError,
} from "couchfetch";
import { afterEach, describe, expect, test } from "vitest";
import { type Answering, database, json, startAnswering } from "./answering.js";

let server: Answering | undefined;
let deaf: Server | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
  deaf?.close();
  deaf = undefined;
});

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const cat = { _id: "cat", _rev: "1-a", legs: 4 };
const reason = new Error("enough");

/** A document of a server that answers to all but its reading as the test says. */
async function documentOf(
  ...[answer]: Parameters<typeof startAnswering>
): Promise<{ doc: Document; couch: CouchDB; server: Answering }> {
  server = await startAnswering((response, before, request, body) => {
    if (before === 0) json(response, 200, cat);
    else answer(response, before, request, body);
  }, database);
  const couch = new CouchDB(server.url, { retry: { limit: 0 }, timeout: 1500 });
  return { doc: await couch.database("animals").get("cat"), couch, server };
}

const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error) => error,
  );

/** A source of so many chunks, or without an end, and whether it was told to stop. */
function source(chunks = Number.POSITIVE_INFINITY, pause = async () => {}) {
  let stop = (_reason: unknown) => {};
  const stopped = new Promise<unknown>((resolve) => {
    stop = resolve;
  });
  let left = chunks;
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await pause();
      left -= 1;
      if (left < 0) controller.close();
      else controller.enqueue(new Uint8Array(60_000));
    },
    cancel: (why) => stop(why),
  });
  return { stream, stopped };
}

describe("a download", () => {
  /** Begins an answer of 100 bytes, and gives 50. */
  const half: Parameters<typeof startAnswering>[0] = (response) => {
    response.writeHead(200, { "content-type": "image/png", "content-length": 100 });
    response.write("x".repeat(50));
  };

  test("that is cut off gives what came, and then IncompleteResponseError", async () => {
    let cut = () => {};
    const { doc } = await documentOf((response, ...rest) => {
      half(response, ...rest);
      cut = () => response.destroy();
    });
    const reader = (await doc.attachment("a.png").fetch()).body?.getReader();
    expect((await reader?.read())?.value?.length).toBe(50);
    const failed = failure(reader?.read() as Promise<unknown>);
    cut();
    expect(await failed).toBeInstanceOf(IncompleteResponseError);
  });

  test("that stalls is a TimeoutError", async () => {
    const { doc, server } = await documentOf(half);
    const response = await doc.attachment("a.png").fetch();
    const error = await failure(response.arrayBuffer());
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ method: "GET", mayHaveHappened: false });
    await server.left;
  });

  test("ends with the signal's reason, with the session, and when it is not wanted", async () => {
    const { doc, server } = await documentOf(half);
    const controller = new AbortController();
    const response = await doc.attachment("a.png").fetch({ signal: controller.signal });
    const failed = failure(response.blob());
    controller.abort(reason);
    expect(await failed).toBe(reason);
    await server.left;

    await server.close();
    const other = await documentOf(half);
    const body = failure((await other.doc.attachment("a.png").fetch()).text());
    await other.couch.close();
    expect(await body).toMatchObject({ name: "AbortError" });
    await other.server.left;

    await other.server.close();
    const third = await documentOf(half);
    await (await third.doc.attachment("a.png").fetch()).body?.cancel();
    await third.server.left;
  });

  test("that was packed on its way does not say so of what it gives", async () => {
    const text = "hello ".repeat(1000);
    const { doc } = await documentOf((response) => {
      const packed = gzipSync(text);
      const headers = { "content-encoding": "gzip", "content-length": packed.length };
      response.writeHead(200, { "content-type": "text/plain", ...headers }).end(packed);
    });
    const totals: unknown[] = [];
    const response = await doc
      .attachment("a.txt")
      .fetch({ onProgress: (...progress) => totals.push(progress) });
    expect(Object.fromEntries(response.headers)).not.toHaveProperty("content-encoding");
    expect(Object.fromEntries(response.headers)).not.toHaveProperty("content-length");
    expect(await response.text()).toBe(text);
    expect(totals.at(-1)).toEqual([text.length, undefined]);
  });

  test("is asked for as what it is", async () => {
    const { doc, server } = await documentOf((response) => response.end("x"));
    await (await doc.attachment("a").fetch()).text();
    expect(server.headers.at(-1)?.accept).toBe("*/*");
  });

  test("that nobody reads is hung up when it is cancelled, whatever was collected before", async () => {
    const { doc, couch, server } = await documentOf(half);
    const body = (await doc.attachment("a.png").fetch()).body;
    collect();
    await body?.cancel();
    await server.left;
    await couch.close();

    await server.close();
    const other = await documentOf(half);
    await other.doc.attachment("a.png").fetch();
    collect();
    await other.couch.close();
    await other.server.left;
  });

  test("of nothing at all is no attachment", async () => {
    const { doc } = await documentOf((response) => response.writeHead(204).end());
    expect(await failure(doc.attachment("a").fetch())).toBeInstanceOf(InvalidResponseError);
  });

  test("of a proxy's page for 404 does not say that there is no attachment", async () => {
    const { doc } = await documentOf((response) => {
      response.writeHead(404, { "content-type": "text/html" }).end("<p>Nothing here");
    });
    expect(await failure(doc.attachment("a").fetch())).toBeInstanceOf(InvalidResponseError);
    expect(await failure(doc.attachment("a").exists())).toBeInstanceOf(InvalidResponseError);
  });
});

describe("an upload", () => {
  /** A server that takes the request for the document, and then nothing more. */
  async function deafAfterReading(): Promise<Document> {
    let connections = 0;
    deaf = createServer((socket) => {
      socket.on("error", () => {});
      connections += 1;
      if (connections > 1) return void socket.pause();
      socket.once("data", () => {
        const body = JSON.stringify(cat);
        const headers = `content-type: application/json\r\ncontent-length: ${body.length}`;
        socket.end(`HTTP/1.1 200 OK\r\nconnection: close\r\n${headers}\r\n\r\n${body}`);
      });
    });
    await new Promise<void>((resolve) => deaf?.listen(0, "127.0.0.1", resolve));
    const { port } = deaf.address() as { port: number };
    const couch = new CouchDB(`http://127.0.0.1:${port}`, { timeout: 1500, retry: { limit: 0 } });
    return couch.database("animals").get("cat");
  }

  test("that the server does not take is a TimeoutError, and its source is stopped", async () => {
    const doc = await deafAfterReading();
    const { stream, stopped } = source();
    const error = await failure(doc.attachment("a").save(stream));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ method: "PUT", mayHaveHappened: true });
    expect(await stopped).toBe(error);
    expect(doc.rev).toBe("1-a");
  });

  test("that is not answered is a TimeoutError", async () => {
    const { doc } = await documentOf(() => {});
    const work = [source(1).stream, "text"].map((body) => failure(doc.attachment("a").save(body)));
    for (const error of await Promise.all(work)) {
      expect(error).toBeInstanceOf(TimeoutError);
      expect(error).toMatchObject({ mayHaveHappened: true });
    }
  });

  test("from a slow source takes its time", async () => {
    const { doc } = await documentOf((response) => json(response, 201, { ok: true, rev: "2-b" }));
    let asked = 0;
    const slower = async () => {
      asked += 1;
      // This wait is the slow source of the test: it is longer than the session's timeout, and no event ends it.
      if (asked === 1) await new Promise((resolve) => setTimeout(resolve, 2000));
    };
    await doc.attachment("a").save(source(1, slower).stream);
    expect(doc.rev).toBe("2-b");
  });

  test("from a broken source is the source's error, and nothing is saved", async () => {
    let complete = false;
    const { doc, server } = await documentOf(() => {
      complete = true;
    });
    let chunks = 0;
    const broken = source(9, async () => {
      chunks += 1;
      if (chunks > 3) throw reason;
    });
    expect(await failure(doc.attachment("a").save(broken.stream))).toBe(reason);
    await server.left;
    const text = new ReadableStream({ pull: (controller) => controller.enqueue("text") });
    expect(await failure(doc.attachment("a").save(text))).toBeInstanceOf(TypeError);
    expect(complete).toBe(false);
  });

  test("stops its source when it is aborted, and when the session is closed", async () => {
    const { doc, couch } = await documentOf(() => {});
    const controller = new AbortController();
    const aborted = source();
    const first = failure(
      doc.attachment("a").save(aborted.stream, "a/b", {
        signal: controller.signal,
        onProgress: () => controller.abort(reason),
      }),
    );
    expect(await first).toBe(reason);
    expect(await aborted.stopped).toBe(reason);

    const closed = source();
    let begun = () => {};
    const going = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const second = failure(doc.attachment("a").save(closed.stream, "a/b", { onProgress: begun }));
    await going;
    await couch.close();
    expect(await second).toMatchObject({ name: "AbortError" });
    await closed.stopped;
  });

  test("that is refused before its end is the refusal", async () => {
    const early = createServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", (data) => {
        const [status, body] = String(data).startsWith("GET")
          ? ["200 OK", JSON.stringify(cat)]
          : ["401 Unauthorized", '{"error":"unauthorized","reason":"Who?"}'];
        if (!/^(GET|PUT)/.test(String(data))) return;
        const headers = `content-type: application/json\r\ncontent-length: ${body.length}`;
        socket.write(`HTTP/1.1 ${status}\r\n${headers}\r\n\r\n${body}`);
      });
    });
    deaf = early;
    await new Promise<void>((resolve) => early.listen(0, "127.0.0.1", resolve));
    const { port } = early.address() as { port: number };
    const doc = await new CouchDB(`http://127.0.0.1:${port}`).database("animals").get("cat");
    const { stream, stopped } = source();
    expect(await failure(doc.attachment("a").save(stream))).toBeInstanceOf(UnauthorizedError);
    await stopped;
  });

  test("whose connection is lost may have happened, and leaves the document as it was", async () => {
    const { doc } = await documentOf((response) => response.destroy());
    for (const body of ["text", source(3).stream]) {
      const error = await failure(doc.attachment("a").save(body));
      expect(error).toBeInstanceOf(NetworkError);
      expect(error).toMatchObject({ mayHaveHappened: true });
      expect(doc.data).toEqual(cat);
      expect(doc.dirty).toBe(false);
    }
  });

  /** What `_bulk_get` says of the cat: one leaf, and its history. */
  const now = (ids: string[], revpos: number) => {
    const _revisions = { start: ids.length, ids };
    const _rev = `${ids.length}-${ids[0]}`;
    const ok = { _id: "cat", _rev, _revisions, _attachments: { a: { revpos } } };
    return { results: [{ id: "cat", docs: [{ ok }] }] };
  };
  const none = { error: { id: "cat", error: "not_found", reason: "missing" } };
  test.each([
    ["moved on", 200, now(["b", "a"], 1), ConflictError],
    [
      "not on the node that is asked",
      200,
      { results: [{ id: "cat", docs: [none] }] },
      NetworkError,
    ],
    ["not to be seen", 401, { error: "unauthorized", reason: "no" }, NetworkError],
    ["where it was", 200, now(["a"], 1), NetworkError],
    ["on another branch", 200, now(["c", "b"], 2), NetworkError],
    ["unknown", 500, { error: "error", reason: "no" }, NetworkError],
    ["of no sense", 200, { results: [{}] }, NetworkError],
  ])(
    "that was hung up on looks what it stood for: the document is %s",
    async (_, status, body, Class) => {
      const { doc } = await documentOf((response, _before, { method }) => {
        if (method === "PUT") response.destroy();
        else json(response, status, body);
      });
      const error = await failure(doc.attachment("a").save("text"));
      expect(error.constructor).toBe(Class);
      expect(doc.data).toEqual(cat);
    },
  );

  test.each([
    ["the same bytes", "text", true],
    ["other bytes", "Text", false],
  ])("whose answer was lost is done, if the server has %s", async (_, stored, isDone) => {
    const { doc } = await documentOf((response, _before, { method, url }) => {
      if (method === "PUT") response.destroy();
      else if (url?.includes("/a?rev=2-b")) response.end(stored);
      else json(response, 200, now(["b", "a"], 2));
    });
    const saved = doc.attachment("a").save("text");
    if (isDone) expect(await saved).toEqual({ ok: true, id: "cat", rev: "2-b" });
    else expect(await failure(saved)).toBeInstanceOf(ConflictError);
    expect(doc.rev).toBe(isDone ? "2-b" : "1-a");
  });

  test("of a stream, whose answer was lost, cannot be told from another's", async () => {
    const { doc } = await documentOf((response, _before, { method }) => {
      if (method === "PUT") response.destroy();
      else json(response, 200, now(["b", "a"], 2));
    });
    const error = await failure(doc.attachment("a").save(source(3).stream));
    expect(error).toMatchObject({ name: "NetworkError", mayHaveHappened: true });
  });

  test("whose refusal came without its words is what the document says", async () => {
    const { doc } = await documentOf((response, _before, { method }) => {
      if (method === "PUT") response.writeHead(409).end();
      else json(response, 200, now(["b", "a"], 1));
    });
    expect(await failure(doc.attachment("a").save("text"))).toBeInstanceOf(ConflictError);
  });

  test("does not follow a redirect", async () => {
    const { doc, server } = await documentOf((response) => {
      response.writeHead(307, { location: "/elsewhere" }).end();
    });
    for (const body of ["text", source(3).stream]) {
      const error = await failure(doc.attachment("a").save(body));
      expect(error).toBeInstanceOf(NetworkError);
      expect(error).toMatchObject({ mayHaveHappened: true });
    }
    expect(server.requests.join()).not.toContain("elsewhere");
  });

  test("keeps nothing of what it has sent", async () => {
    const chunks = 2000;
    let kept: number | undefined;
    const sink = createHttpServer((request, response) => {
      const answer = request.method === "GET" ? cat : { rev: "2-b" };
      request.resume().on("end", () => json(response, 200, answer));
    });
    deaf = sink;
    await new Promise<void>((resolve) => sink.listen(0, "127.0.0.1", resolve));
    const { port } = sink.address() as { port: number };
    const doc = await new CouchDB(`http://127.0.0.1:${port}`).database("animals").get("cat");
    collect();
    const before = process.memoryUsage().arrayBuffers;
    const onProgress = (bytes: number) => {
      if (bytes < 0.9 * chunks * 60_000 || kept !== undefined) return;
      collect();
      kept = process.memoryUsage().arrayBuffers - before;
    };
    await doc.attachment("a").save(source(chunks).stream, "a/b", { onProgress });
    // Less than nothing, if something from before was still there.
    expect(kept).toBeLessThan(0.5 * chunks * 60_000);
  });

  test("that is answered with something else is no success", async () => {
    const { doc } = await documentOf((response) => json(response, 200, { ok: true }));
    expect(await failure(doc.attachment("a").save("x"))).toBeInstanceOf(NetworkError);
    expect(await failure(doc.attachment("a").delete())).toBeInstanceOf(NetworkError);
    expect(doc.data).toEqual(cat);
  });

  test("that was saved is so, whatever becomes of the question what it looks like now", async () => {
    const saved = { ok: true, id: "cat", rev: "2-b" };
    const { doc, server } = await documentOf((response, before, { method }) => {
      if (method === "PUT") json(response, 201, before === 1 ? saved : { ...saved, rev: "3-c" });
      else json(response, 500, { error: "error", reason: "no" });
    });
    expect(await doc.attachment("a").save("x", "a/b")).toEqual(saved);
    const stub = { content_type: "a/b", revpos: 2, stub: true };
    expect(doc.data).toEqual({ ...cat, _rev: "2-b", _attachments: { a: stub } });
    expect(doc.dirty).toBe(false);
    doc.data.legs = 3;
    await doc.save();
    expect(doc.rev).toBe("3-c");
    expect(server.requests.map((request) => request.split(" ")[0])).toEqual([
      "GET",
      "PUT",
      "GET",
      "PUT",
    ]);
  });

  test("whose progress cannot be told is the teller's error", async () => {
    const { doc } = await documentOf((response) => json(response, 201, { rev: "2-b" }));
    const onProgress = () => {
      throw reason;
    };
    for (const body of ["text", source(3).stream]) {
      expect(await failure(doc.attachment("a").save(body, "a/b", { onProgress }))).toBe(reason);
    }
  });
});
