import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import {
  type Attachment,
  ConflictError,
  CouchDB,
  type Database,
  fetchAttachments,
  IncompleteResponseError,
  InvalidResponseError,
  NetworkError,
  NotFoundError,
  saveWithAttachments,
} from "couchfetch";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Answering, json, startAnswering } from "./answering.js";

let server: Answering | undefined;

beforeEach(() => {
  // No wait before a retry.
  vi.spyOn(Math, "random").mockReturnValue(0);
});

afterEach(async () => {
  vi.restoreAllMocks();
  await server?.close();
  server = undefined;
});

type Answer = Parameters<typeof startAnswering>[0];

async function database(answer: Answer): Promise<Database> {
  await server?.close();
  server = await startAnswering(answer);
  return new CouchDB(server.url).database("animals");
}

/** Sends a body without its length, which ends as if it were complete. */
function end(
  response: ServerResponse,
  body: string | Uint8Array,
  status = 200,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.flushHeaders();
  response.end(body);
}

const cat = { _id: "cat", _rev: "1-a", text: '}"]\\', list: [{ a: {} }, []] };
const missing = { error: "not_found", reason: "missing" };

describe("JSON that ends too early", () => {
  test("is read again, wherever it was cut", async () => {
    const text = JSON.stringify(cat);
    for (let at = 1; at < text.length; at += 1) {
      const db = await database((response, before) =>
        end(response, before === 0 ? text.slice(0, at) : `${text}\n`),
      );
      expect((await db.get("cat")).data, `cut at ${at}`).toEqual(cat);
      expect(server?.requests.length).toBe(2);
    }
  });

  test("each time is a NetworkError", async () => {
    const db = await database((response) => end(response, '{"_id":"cat"'));
    const error = await db.get("cat").then(undefined, (reason) => reason);
    expect(error).toBeInstanceOf(NetworkError);
    expect(error.mayHaveHappened).toBe(false);
    expect(error.status).toBeUndefined();
    expect(server?.requests.length).toBe(3);
  });

  test("is read again if it is an error's explanation", async () => {
    const text = JSON.stringify(missing);
    const db = await database((response, before) =>
      end(response, before === 0 ? text.slice(0, 20) : text, 404),
    );
    await expect(db.get("cat")).rejects.toThrow(NotFoundError);
    expect(server?.requests.length).toBe(2);
  });

  test.each(['{"a":nonsense}', "{}}", "nonsense", "<p>{", "[]", "{}", ""])(
    "is not every JSON that is wrong: %s",
    async (text) => {
      const isText = text.startsWith("<");
      const headers = isText ? { "content-type": "text/html" } : {};
      const db = await database((response) => end(response, text, 200, headers));
      await expect(db.get("cat")).rejects.toThrow(InvalidResponseError);
      expect(server?.requests.length).toBe(1);
    },
  );

  test("of a write is looked up, and the write is not repeated", async () => {
    for (const isThere of [true, false]) {
      const ids = isThere ? ["b", "a"] : ["a"];
      const _rev = `${ids.length}-${ids[0]}`;
      const _revisions = { start: ids.length, ids };
      const ok = { ...cat, legs: isThere ? 3 : undefined, _rev, _revisions };
      const db = await database((response, _before, { method }) => {
        if (method === "PUT") end(response, '{"ok":true,"id":"ca', 201);
        else if (method === "GET") json(response, 200, cat);
        else json(response, 200, { results: [{ id: "cat", docs: [{ ok }] }] });
      });
      const doc = await db.get("cat");
      doc.data.legs = 3;
      const saved = doc.save();
      if (isThere) await saved;
      else await expect(saved).rejects.toMatchObject({ mayHaveHappened: true });
      expect(doc.rev).toBe(isThere ? "2-b" : "1-a");
      expect(server?.requests.filter((each) => each.startsWith("PUT")).length).toBe(1);
    }
  });

  test("of a document with attachments is incomplete", async () => {
    const db = await database((response) => end(response, '{"_id":"cat","_rev":"1-a",'));
    const read = async () => {
      for await (const _ of fetchAttachments(db.document("cat")));
    };
    await expect(read()).rejects.toThrow(IncompleteResponseError);
  });
});

describe("an attachment that ends too early", () => {
  const content = "0123456789".repeat(10);
  const digest = "md5-abc+/==";
  const stub = { content_type: "image/png", length: content.length, digest, stub: true, revpos: 1 };

  /** An attachment of a document that was read. */
  async function attachmentOf(
    answer: (response: ServerResponse) => void,
    { length, digest: md5 }: { length?: number; digest?: string | undefined } = stub,
  ): Promise<Attachment> {
    const _attachments = { a: { ...stub, length, digest: md5 } };
    const db = await database((response, before) =>
      before === 0 ? json(response, 200, { ...cat, _attachments }) : answer(response),
    );
    return (await db.get("cat")).attachment("a");
  }

  test.each([
    ["with its digest as ETag", { etag: '"abc+/=="' }],
    ["with an ETag that a proxy has marked", { etag: 'W/"abc+/==-gzip"' }],
    ["without an ETag", {}],
  ])("is incomplete, after what came: %s", async (_, headers) => {
    for (const at of [0, 1, 50, content.length - 1]) {
      const attachment = await attachmentOf((response) =>
        end(response, content.slice(0, at), 200, headers),
      );
      const body = (await attachment.fetch()).body as ReadableStream<Uint8Array>;
      const reader = body.getReader();
      let text = "";
      const read = async () => {
        for (let step = await reader.read(); step.value; step = await reader.read()) {
          text += new TextDecoder().decode(step.value);
        }
      };
      await expect(read()).rejects.toThrow(IncompleteResponseError);
      expect(text).toBe(content.slice(0, at));
    }
  });

  test("is incomplete if it is compressed on its way", async () => {
    const packed = gzipSync(content);
    const headers = { "content-encoding": "gzip" };
    for (const at of [packed.length - 12, packed.length]) {
      const attachment = await attachmentOf((response) =>
        end(response, packed.subarray(0, at), 200, headers),
      );
      const text = (await attachment.fetch()).text();
      if (at === packed.length) expect(await text).toBe(content);
      else await expect(text).rejects.toThrow(IncompleteResponseError);
    }
  });

  test.each([
    ["whole", { etag: '"abc+/=="' }, content],
    ["another revision's", { etag: '"def"' }, "short"],
    ["another revision's, and longer", {}, `${content}more`],
  ])("is not one that is %s", async (_, headers, text) => {
    const attachment = await attachmentOf((response) => end(response, text, 200, headers));
    expect(await (await attachment.fetch()).text()).toBe(text);
  });

  test("is not one whose length the server says itself", async () => {
    const attachment = await attachmentOf((response) =>
      response.writeHead(200, { "content-length": 5 }).end("short"),
    );
    expect(await (await attachment.fetch()).text()).toBe("short");
  });

  test("is not to be seen if its length is unknown", async () => {
    const attachment = await attachmentOf((response) => end(response, "short"), {});
    expect(await (await attachment.fetch()).text()).toBe("short");
  });

  /** The server lost the response to a write, and tells of the attachment only half. */
  const half: Answer = (response, _before, { method, url }) => {
    const _revisions = { start: 2, ids: ["b", "a"] };
    const sent = { ...stub, digest: undefined, revpos: 2 };
    const ok = { ...cat, _rev: "2-b", _revisions, _attachments: { a: sent } };
    if (method === "PUT") response.destroy();
    else if (method === "GET" && url?.includes("/a?")) end(response, content.slice(0, 50));
    else if (method === "GET") json(response, 200, cat);
    else json(response, 200, { results: [{ id: "cat", docs: [{ ok }] }] });
  };

  const saves: Record<string, (db: Database) => Promise<unknown>> = {
    save: async (db) => (await db.get("cat")).attachment("a").save(content),
    saveWithAttachments: async (db) =>
      saveWithAttachments(await db.get("cat"), { a: new Blob([content]) }),
  };

  test.each(Object.entries(saves))("is not another's: %s", async (_, save) => {
    const error = await save(await database(half)).then(undefined, (reason) => reason);
    expect(error).not.toBeInstanceOf(ConflictError);
    expect(error).toMatchObject({ name: "NetworkError", mayHaveHappened: true });
  });
});
