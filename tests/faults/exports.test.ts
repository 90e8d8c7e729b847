/** What an export writes when the server's JSON, or the database, is not as it was a moment ago. */

import { CouchDB, ForbiddenError } from "couchfetch";
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
  /** The rows of `_all_docs`, ascending and descending. */
  docs?: string[];
  descending?: string[];
  /** The changes that `_changes` lists, and those that it lists of given documents. */
  changes?: string[];
  current?: string[];
  /** The results of `_bulk_get`, by revision. */
  results?: Record<string, string>;
}

async function serve({ docs = [], descending = docs, changes, current, results = {} }: Server) {
  server = await startAnswering((response, _before, { method, url = "" }, body) => {
    response.setHeader("content-type", "application/json");
    if (url.includes("_changes")) {
      const listed = method === "POST" ? current : changes;
      return response.end(`{"results":[${listed?.join(",")}],"last_seq":"9","pending":0}`);
    }
    if (url.includes("_bulk_get")) {
      const wanted = JSON.parse(body).docs as { rev: string }[];
      return response.end(bulk(wanted.map(({ rev }) => results[rev] ?? "{}")));
    }
    response.end(list(url.includes("descending=true") ? descending : docs));
  });
  return new CouchDB(server.url).database("animals");
}

const doc = (id: string) => row(id, "1-a", `{"_id":"${id}","_rev":"1-a"}`);

const idsOf = (documents: string[]) => documents.map((text) => JSON.parse(text)._id);

describe("an export", () => {
  test("writes documents as CouchDB sends them, with every digit", async () => {
    const docs = [row("whale", "1-a", whale)];
    expect(await lines(exportDocs(await serve({ docs })))).toEqual([whale]);
  });

  test("writes documents of rows that are laid out differently, too", async () => {
    const doc = '{ "_id": "cat", "_rev": "1-a", "text": "}]}" }';
    const layouts = [
      `{ "doc": ${doc}, "value": {"rev":"1-a"}, "key": "cat", "id": "cat" }`,
      `${row("cat", "1-a", doc).slice(0, -1)},"more":{}}`,
    ];
    for (const layout of layouts) {
      const db = await serve({ docs: [layout] });
      expect(await lines(exportDocs(db)), layout).toEqual([JSON.stringify(JSON.parse(doc))]);
      await server?.close();
    }
  });

  test("reads from both ends until the scans meet, whichever is faster", async () => {
    const ids = Array.from({ length: 40 }, (_, at) => `doc-${String(at).padStart(2, "0")}`);
    for (const slow of [undefined, "up", "down"]) {
      const waiting: (() => void)[] = [];
      server = await startAnswering((response, _before, { url = "" }) => {
        const isDown = url.includes("descending=true");
        response.setHeader("content-type", "application/json");
        response.write('{"total_rows":40,"offset":0,"rows":[\r\n');
        const rest = (isDown ? [...ids].reverse() : ids).map(doc);
        const write = () => {
          const next = rest.splice(0, 5);
          if (next.length === 0) return response.end("\r\n]}\n");
          response.write(`${rest.length < 35 ? ",\r\n" : ""}${next.join(",\r\n")}`);
        };
        const step = () => {
          write();
          // The slow scan gets a turn when the fast one has ended.
          if (response.writableEnded) for (const wake of waiting.splice(0)) wake();
          else if (slow === (isDown ? "down" : "up")) waiting.push(() => setImmediate(step));
          else setImmediate(step);
        };
        step();
      });
      const db = new CouchDB(server.url).database("animals");
      expect(idsOf(await lines(exportDocs(db))).sort(), slow).toEqual(ids);
      await server.close();
    }
  });

  test("has each document once if those between the scans vanish", async () => {
    const db = await serve({ docs: ["a", "b"].map(doc), descending: ["e", "d"].map(doc) });
    const found = idsOf(await lines(exportDocs(db)));
    expect(new Set(found).size).toBe(found.length);
    expect(found).toEqual(expect.arrayContaining(["a", "b"]));
  });

  test("has each document once where CouchDB sorts ids otherwise than JavaScript", async () => {
    for (const slow of ["up", "down"]) {
      server = await startAnswering((response, _before, { url = "" }) => {
        const isDown = url.includes("descending=true");
        const docs = ["\uffee", "😀"].map(doc);
        response.setHeader("content-type", "application/json");
        const body = list(isDown ? docs.reverse() : docs);
        // One scan has sent its rows, and does not end.
        if (slow === (isDown ? "down" : "up")) response.write(body.slice(0, -4));
        else response.end(body);
      });
      const db = new CouchDB(server.url).database("animals");
      expect(idsOf(await lines(exportDocs(db))).sort(), slow).toEqual(["😀", "\uffee"]);
      await server.close();
    }
  });

  test("fails with the error of either scan", async () => {
    for (const failing of ["descending=true", "include_docs=true"]) {
      server = await startAnswering((response, _before, { url = "" }) => {
        const isDown = url.includes("descending=true");
        if (isDown === (failing === "descending=true"))
          return json(response, 403, { error: "forbidden", reason: "no" });
        response.setHeader("content-type", "application/json");
        // This scan goes on for ever.
        response.write(`{"rows":[\r\n${doc(isDown ? "z" : "a")}`);
      });
      const db = new CouchDB(server.url).database("animals");
      await expect(lines(exportDocs(db)), failing).rejects.toThrow(ForbiddenError);
      await server.close();
    }
  });

  test("of all leaves has the current ones of a document that was changed and compacted meanwhile", async () => {
    const change = (id: string, rev: string) =>
      `{"seq":"1","id":"${id}","changes":[{"rev":"${rev}"}]}`;
    const db = await serve({
      changes: [change("cat", "1-a"), change("emu", "1-e")],
      current: [change("cat", "2-b")],
      results: {
        "1-a": gone("cat", "1-a"),
        "1-e": read("emu", '{"ok":{"_id":"emu","_rev":"1-e"}}'),
        "2-b": read("cat", '{"ok":{"_id":"cat","_rev":"2-b"}}'),
      },
    });
    expect(await lines(exportDocs(db, { conflicts: true }))).toEqual([
      '{"_id":"cat","_rev":"2-b"}',
      '{"_id":"emu","_rev":"1-e"}',
    ]);
  });

  test("of all leaves is an error, not a hang, if one always vanishes", async () => {
    const changes = ['{"seq":"1","id":"cat","changes":[{"rev":"1-a"}]}'];
    const db = await serve({ changes, current: changes, results: { "1-a": gone("cat", "1-a") } });
    await expect(lines(exportDocs(db, { conflicts: true }))).rejects.toThrow("`cat` is missing");
  });

  test("of all leaves is an error if it gets other revisions than it asked for", async () => {
    const cat = read("cat", '{"ok":{"_id":"cat","_rev":"1-a"}}');
    const changes = ["cat", "dog"].map(
      (id, at) => `{"seq":"${at}","id":"${id}","changes":[{"rev":"1-${at}"}]}`,
    );
    for (const other of [cat, read("dog", ""), "1", read("dog", "{}")]) {
      const db = await serve({ changes, results: { "1-0": cat, "1-1": other } });
      await expect(lines(exportDocs(db, { conflicts: true })), other).rejects.toThrow("expected");
      await server?.close();
    }
  });

  test("whose reader leaves closes the connections", async () => {
    let closed = 0;
    server = await startAnswering((response, _before, { url = "" }) => {
      response.on("close", () => {
        closed += 1;
      });
      response.setHeader("content-type", "application/json");
      response.write(`{"rows":[\r\n${doc(url.includes("descending=true") ? "z" : "a")}`);
    });
    const reader = exportDocs(new CouchDB(server.url).database("animals")).getReader();
    // One piece or two, though the server has more to send.
    let text = "";
    while (!text.includes('"a"') || !text.includes('"z"'))
      text += new TextDecoder().decode((await reader.read()).value);
    const pending = reader.read();
    await reader.cancel();
    expect((await pending).done).toBe(true);
    await expect.poll(() => closed).toBe(2);
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
