import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  CouchDB,
  CouchDBError,
  InvalidResponseError,
  multiQuery,
  saveWithAttachments,
  TimeoutError,
} from "couchfetch";
import { admin } from "couchfetch/admin";
import { afterEach, expect, test, vi } from "vitest";
import { type Answering, json, startAnswering } from "./answering.js";

let server: Answering | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

/** A source that always has more, and says whether it was let go. */
function endless() {
  const cancel = vi.fn();
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(1_000)),
    cancel,
  });
  return { body, cancel };
}

type Upload = (couch: CouchDB, body: ReadableStream<Uint8Array>, signal?: AbortSignal) => unknown;

const uploads: [what: string, upload: Upload][] = [
  [
    "attachments with their document",
    (couch, body, signal) =>
      saveWithAttachments(
        couch.database("animals").document("cat", {}),
        { a: { body, length: 1e9 } },
        { signal },
      ),
  ],
  [
    "a request of one's own",
    (couch, body, signal) => couch.request("animals/cat", { method: "PUT", body, signal }),
  ],
];

test.each(uploads)("%s: an abort lets go of the source", async (_, upload) => {
  server = await startAnswering(() => {});
  const couch = new CouchDB(server.url);
  const { body, cancel } = endless();
  const stop = new AbortController();
  const reason = new Error("enough");
  setTimeout(() => stop.abort(reason), 50);
  await expect(upload(couch, body, stop.signal)).rejects.toBe(reason);
  await expect.poll(() => cancel.mock.calls.length).toBe(1);
});

test.each(uploads)("%s: an answer before the end lets go of the source", async (_, upload) => {
  const early = createServer((_request, response) =>
    json(response, 409, { error: "conflict", reason: "Document update conflict." }),
  );
  await new Promise<void>((resolve) => early.listen(0, "127.0.0.1", resolve));
  const { port } = early.address() as AddressInfo;
  const { body, cancel } = endless();
  try {
    await expect(upload(new CouchDB(`http://127.0.0.1:${port}`), body)).rejects.toThrow(
      CouchDBError,
    );
    await expect.poll(() => cancel.mock.calls.length).toBe(1);
  } finally {
    early.close();
    early.closeAllConnections();
  }
});

test.each(uploads)("%s: a server that says nothing is no hang", async (_, upload) => {
  server = await startAnswering(() => {});
  const couch = new CouchDB(server.url, { timeout: 200 });
  const body = new Blob(["all there is"]).stream();
  await expect(upload(couch, body)).rejects.toThrow(TimeoutError);
});

test.each(uploads)("%s: what breaks the source is what it fails with", async (_, upload) => {
  server = await startAnswering(() => {});
  const mine = new Error("mine");
  const body = new ReadableStream<Uint8Array>({
    pull() {
      throw mine;
    },
  });
  await expect(upload(new CouchDB(server.url), body)).rejects.toBe(mine);
});

test("a replication that takes longer than an answer may is asked for again", async () => {
  server = await startAnswering((response, _before, { method }) => {
    const posts = server?.requests.filter((each) => each.startsWith("POST")).length ?? 0;
    if (method === "GET") return json(response, 200, { jobs: [], total_rows: 0, offset: 0 });
    if (posts < 3) return;
    json(response, 200, { ok: true, session_id: "a", history: [] });
  });
  const couch = new CouchDB(server.url, { timeout: 100 });
  expect((await admin(couch).replicate("a", "b")).ok).toBe(true);
  expect(server.requests).toEqual([
    "POST /_replicate",
    "GET /_scheduler/jobs?limit=1000",
    "POST /_replicate",
    "GET /_scheduler/jobs?limit=1000",
    "POST /_replicate",
  ]);
});

test("a replication of a server that is away is no hang", async () => {
  server = await startAnswering(() => {});
  const couch = new CouchDB(server.url, { timeout: 100 });
  await expect(admin(couch).replicate("a", "b")).rejects.toThrow(TimeoutError);
});

test("what was given up before it began cancels nobody's replication", async () => {
  server = await startAnswering((response) => json(response, 200, { ok: true }));
  const couch = new CouchDB(server.url);
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(admin(couch).replicate("a", "b", { signal })).rejects.toThrow("enough");
  // What was sent before would be here.
  await couch.request("_up");
  expect(server.requests).toEqual(["GET /_up"]);
});

test("fewer results than queries are an error", async () => {
  server = await startAnswering((response) => json(response, 200, { results: [{ rows: [] }] }));
  const { allDocs } = new CouchDB(server.url).database("animals");
  const all = async () => {
    for await (const rows of multiQuery(allDocs, [{}, {}])) await rows.toArray();
  };
  await expect(all()).rejects.toThrow(InvalidResponseError);
});
