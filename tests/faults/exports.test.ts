/** What an export writes when the server's JSON, or the database, is not as it was a moment ago. */

import { CouchDB } from "couchfetch";
import { exportDocs, importDocs } from "couchfetch/transfer";
import { afterEach, describe, expect, test } from "vitest";
import { type Answering, json, startAnswering } from "./answering.js";

let server: Answering | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

const whale = '{"_id":"whale","_rev":"1-a","weight":12345678901234567890,"age":1.0,"10":1,"2":2}';

const lines = async (stream: ReadableStream<Uint8Array>) =>
  (await new Response(stream).text()).split("\n").filter(Boolean);

const row = (id: string, rev: string, doc?: string) =>
  `{"id":"${id}","key":"${id}","value":{"rev":"${rev}"}${doc ? `,"doc":${doc}` : ""}}`;

const list = (rows: string[]) =>
  `{"total_rows":1,"offset":0,"rows":[\r\n${rows.join(",\r\n")}\r\n]}\n`;

const bulk = (results: string[]) => `{"results":[${results.join(",")}]}\n`;

const read = (id: string, doc: string) => `{"id":"${id}","docs":[${doc}]}`;

const gone = (id: string, rev: string) =>
  read(id, `{"error":{"id":"${id}","rev":"${rev}","error":"not_found","reason":"missing"}}`);

interface Server {
  /** Copies of each document. */
  copies?: number;
  /** The rows of `_all_docs`: without documents, with documents, and of given keys. */
  ids?: string[];
  docs?: string[];
  current?: string[];
  /** The results of `_bulk_get`, by revision. */
  results?: Record<string, string>;
}

async function serve({ copies = 1, ids = [], docs = [], current = [], results = {} }: Server) {
  server = await startAnswering((response, _before, { method, url = "" }, body) => {
    if (url === "/animals")
      return json(response, 200, { db_name: "animals", cluster: { n: copies } });
    response.setHeader("content-type", "application/json");
    if (url.includes("_bulk_get")) {
      const wanted = JSON.parse(body).docs as { rev: string }[];
      return response.end(bulk(wanted.map(({ rev }) => results[rev] ?? "{}")));
    }
    if (method === "POST") return response.end(list(current));
    response.end(list(url.includes("include_docs") ? docs : ids));
  });
  return new CouchDB(server.url).database("animals");
}

describe("an export", () => {
  test("writes documents as CouchDB sends them, with every digit, read one by one or in bulk", async () => {
    const docs = [row("whale", "1-a", whale)];
    expect(await lines(exportDocs(await serve({ copies: 3, docs })))).toEqual([whale]);
    expect(server?.requests.some((each) => each.includes("_bulk_get"))).toBe(false);
    await server?.close();
    const results = { "1-a": read("whale", `{"ok":${whale}}`) };
    const db = await serve({ ids: [row("whale", "1-a")], results });
    expect(await lines(exportDocs(db))).toEqual([whale]);
  });

  test("writes documents of rows that are laid out differently, too", async () => {
    const doc = '{ "_id": "cat", "_rev": "1-a", "text": "}]}" }';
    const docs = [`{ "doc": ${doc}, "value": {"rev":"1-a"}, "key": "cat", "id": "cat" }`];
    const same = JSON.stringify(JSON.parse(doc));
    expect(await lines(exportDocs(await serve({ copies: 2, docs })))).toEqual([same]);
    await server?.close();
    const layouts = [
      `{ "docs": [ { "ok": ${doc} } ], "id": "cat" }`,
      `{"id":"cat","docs":[{"ok":${doc},"more":{"a":[{}]}}]}`,
    ];
    for (const layout of layouts) {
      const db = await serve({ ids: [row("cat", "1-a")], results: { "1-a": layout } });
      expect(await lines(exportDocs(db)), layout).toEqual([same]);
      await server?.close();
    }
    const more = [`${row("cat", "1-a", doc).slice(0, -1)},"more":{}}`];
    expect(await lines(exportDocs(await serve({ copies: 2, docs: more })))).toEqual([same]);
  });

  test("has the current revision of a document that was changed and compacted meanwhile", async () => {
    const db = await serve({
      ids: [row("cat", "1-a"), row("dog", "1-a2"), row("emu", "1-e")],
      current: [row("cat", "2-b"), '{"id":"dog","key":"dog","value":{"rev":"2-d","deleted":true}}'],
      results: {
        "1-a": gone("cat", "1-a"),
        "1-a2": gone("dog", "1-a2"),
        "1-e": read("emu", '{"ok":{"_id":"emu","_rev":"1-e"}}'),
        "2-b": read("cat", '{"ok":{"_id":"cat","_rev":"2-b"}}'),
      },
    });
    expect(await lines(exportDocs(db))).toEqual([
      '{"_id":"cat","_rev":"2-b"}',
      '{"_id":"emu","_rev":"1-e"}',
    ]);
  });

  test("of a document that always vanishes is an error, not a hang", async () => {
    const db = await serve({
      ids: [row("cat", "1-a")],
      current: [row("cat", "1-a")],
      results: { "1-a": gone("cat", "1-a") },
    });
    await expect(lines(exportDocs(db))).rejects.toThrow("`cat` is missing");
  });

  test("that gets other revisions than it asked for is an error", async () => {
    const ids = [row("cat", "1-a"), row("dog", "1-b")];
    const cat = read("cat", '{"ok":{"_id":"cat","_rev":"1-a"}}');
    for (const other of [cat, read("dog", ""), "1", read("dog", "{}")]) {
      const db = await serve({ ids, results: { "1-a": cat, "1-b": other } });
      await expect(lines(exportDocs(db)), other).rejects.toThrow("expected");
      await server?.close();
    }
  });

  test("whose reader leaves closes the connections", async () => {
    server = await startAnswering((response, _before, { url = "" }) => {
      if (url === "/animals") return json(response, 200, { db_name: "animals", cluster: { n: 1 } });
      response.setHeader("content-type", "application/json");
      if (url.includes("_bulk_get")) return response.write('{"results":[');
      response.end(list([row("cat", "1-a")]));
    });
    const reader = exportDocs(new CouchDB(server.url).database("animals")).getReader();
    const pending = reader.read();
    await expect.poll(() => server?.requests.length).toBe(3);
    await reader.cancel();
    expect((await pending).done).toBe(true);
    await server.left;
  });
});

test("an import sends the lines of documents as they are, with every digit", async () => {
  let sent = "";
  server = await startAnswering((response, _before, _request, body) => {
    sent = body;
    json(response, 201, [{ ok: true, id: "whale", rev: "1-a" }]);
  });
  const { body } = new Response(`${whale}\n`);
  const db = new CouchDB(server.url).database("animals");
  await importDocs(db, body as ReadableStream<Uint8Array>, { new_edits: false });
  expect(sent).toBe(`{"new_edits":false,"docs":[${whale}]}`);
});
