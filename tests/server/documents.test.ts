import { once } from "node:events";
import { request } from "node:http";
import { describe, expect, test, vi } from "vitest";
import { client, foreign, hooks, idsOf, inDatabase, server, withDatabase } from "./fixture.js";

describe("documents", () => {
  const ids = ["a/b", "a+b", "a b", "a%2Fb", "ü 漢字 🦊", "?&#=", "..;", "_design/a/b", "'\"\\"];

  test.each(ids)("an id may be %s", (id) =>
    withDatabase(async (path) => {
      const url = `${path}/${encodeURIComponent(id)}`;
      const { rev } = await client.json("PUT", url, { n: 1 });
      expect(await client.json("GET", url)).toEqual({ _id: id, _rev: rev, n: 1 });
      const { rows } = await client.json("GET", `${path}/_all_docs`);
      expect(idsOf(rows)).toEqual([id]);
      await client.json("DELETE", `${url}?rev=${rev}`);
      expect((await client.send("GET", url)).status).toBe(404);
    }),
  );

  test(
    "a copy replaces the revision that it names, and no other",
    inDatabase(async (path) => {
      await client.json("PUT", `${path}/source`, { n: 1 });
      const { rev } = await client.json("PUT", `${path}/target`, { n: 0 });
      const copy = (destination: string) =>
        client.send("COPY", `${path}/source`, undefined, { headers: { destination } });
      expect((await copy("target")).status).toBe(409);
      expect((await copy(`target?rev=${rev}`)).status).toBe(201);
      expect(await client.json("GET", `${path}/target`)).toMatchObject({ _id: "target", n: 1 });
    }),
  );

  test(
    "attachments come back as they were, and leave the document its content",
    inDatabase(async (path) => {
      const { rev } = await client.json("PUT", `${path}/doc`, { n: 1 });
      const url = `${path}/doc/folder/picture%20%F0%9F%A6%8A.bin`;
      const headers = { "content-type": "image/x-fox" };
      const bytes = Uint8Array.from({ length: 300 }, (_, i) => i % 256);
      const put = await client.send("PUT", `${url}?rev=${rev}`, bytes, { headers });
      expect(put.status).toBe(201);
      const got = await client.send("GET", url);
      expect(got.headers.get("content-type")).toBe("image/x-fox");
      expect(new Uint8Array(await got.arrayBuffer())).toEqual(bytes);
      const doc = await client.json("GET", `${path}/doc`);
      expect(doc).toMatchObject({
        n: 1,
        _attachments: { "folder/picture 🦊.bin": { length: 300, stub: true } },
      });
      await client.json("PUT", `${path}/doc`, { ...doc, n: 2 });
      expect((await client.send("HEAD", url)).status).toBe(200);
    }),
  );

  test(
    "of many who write at once, one wins",
    inDatabase(async (path) => {
      const writes = Array.from({ length: 10 }, (_, n) => client.send("PUT", `${path}/x`, { n }));
      const statuses = (await Promise.all(writes)).map((response) => response.status);
      expect(statuses.sort()).toEqual([201, ...Array(9).fill(409)]);
    }),
  );
});

const PNG = { headers: { "content-type": "image/png" } };
const TEXT = { headers: { "content-type": "text/plain" } };
const bytes = (text: string) => new TextEncoder().encode(text);

describe("attachments", () => {
  const names = ["a/b", "a//b", "a/../b", "../x", "x y+z", "?#%&", "\u{1f98a}", "constructor"];

  test.each(names)("an attachment may be called %s", (name) =>
    withDatabase(async (path) => {
      const url = `${path}/doc/${encodeURIComponent(name)}`;
      await client.json("PUT", url, bytes("fox"), PNG);
      const { _attachments } = await client.json("GET", `${path}/doc`);
      expect(Object.keys(_attachments)).toEqual([name]);
      expect(await (await client.send("GET", url)).text()).toBe("fox");
    }),
  );

  test(
    "texts are kept compressed, and told by what is kept",
    inDatabase(async (path) => {
      const text = "fox ".repeat(100);
      await client.json("PUT", `${path}/doc/t`, bytes(text), TEXT);
      const { _attachments } = await client.json("GET", `${path}/doc?att_encoding_info=true`);
      const { t } = _attachments;
      expect(t).toMatchObject({ length: 400, encoding: "gzip", stub: true });
      expect(t.encoded_length).toBeLessThan(100);
      const plain = { headers: { "accept-encoding": "identity" } };
      const head = await client.send("HEAD", `${path}/doc/t`, undefined, plain);
      expect(head.headers.get("content-length")).toBe("400");
      expect(head.headers.get("etag")).toBe(`"${t.digest.slice(4)}"`);
      const packed = await client.send("GET", `${path}/doc/t`);
      expect(packed.headers.get("content-encoding")).toBe("gzip");
      expect(await packed.text()).toBe(text);
    }),
  );

  test(
    "a stub keeps an attachment, its absence removes it, and a wrong one stores nothing",
    inDatabase(async (path) => {
      const data = btoa("fox");
      const _attachments = { a: { data }, b: { data } };
      const { rev } = await client.json("PUT", `${path}/doc`, { _attachments });
      const stub = { stub: true };
      const next = { _rev: rev, _attachments: { a: stub } };
      const { rev: second } = await client.json("PUT", `${path}/doc`, next);
      const { _attachments: left } = await client.json("GET", `${path}/doc`);
      expect(left).toEqual({ a: expect.objectContaining({ revpos: 1, length: 3 }) });
      for (const wrong of [{ b: stub }, { a: { stub: true, revpos: 2 } }]) {
        const docs = [{ _id: "other" }, { _id: "doc", _rev: second, _attachments: wrong }];
        const refused = await client.send("POST", `${path}/_bulk_docs`, { docs });
        expect(refused.status).toBe(412);
      }
      expect((await client.send("GET", `${path}/other`)).status).toBe(404);
    }),
  );

  test(
    "who does not say that JSON is all it wants gets attachments in parts",
    inDatabase(async (path) => {
      await client.json("PUT", `${path}/doc/t`, bytes("fox"), PNG);
      const get = (accept: string) =>
        client.send("GET", `${path}/doc?attachments=true`, undefined, { headers: { accept } });
      const parts = await get("*/*");
      expect(parts.headers.get("content-type")).toMatch(/^multipart\/related; boundary="/);
      expect(await parts.text()).toMatch(/"follows":true.*filename="t".*\r\n\r\nfox\r\n--/s);
      expect(await (await get("application/json")).json()).toMatchObject({
        _attachments: { t: { data: btoa("fox") } },
      });
    }),
  );

  /** Begins an upload of bytes that never come. */
  function upload(path: string, headers: Record<string, string>) {
    const { hostname, port } = new URL(foreign ?? server.url);
    const options = { hostname, port, path, method: "PUT", headers };
    const sent = request({ ...options, headers: { ...headers, ...client.credentials } });
    sent.write("the first of many bytes");
    return sent;
  }

  test(
    "an upload to a revision that was replaced is refused before it is there",
    inDatabase(async (path) => {
      const { rev } = await client.json("PUT", `${path}/doc`, {});
      await client.json("PUT", `${path}/doc?rev=${rev}`, {});
      const sent = upload(`${path}/doc/t?rev=${rev}`, { "content-length": "1000000" });
      const [response] = await once(sent, "response");
      sent.on("error", () => {}); // CouchDB hangs up on what it does not want to hear.
      sent.destroy();
      expect(response.statusCode).toBe(409);
    }),
  );

  hooks(
    "of an upload that breaks off nothing is kept",
    inDatabase(async (path) => {
      for (const headers of [{ "content-length": "1000" }, { "transfer-encoding": "chunked" }]) {
        const target = `${path}/doc/${Object.keys(headers)[0]}`;
        const before = server.openRequests();
        const sent = upload(target, headers).on("error", () => {});
        await vi.waitUntil(() => server.openRequests() > before);
        sent.destroy();
        await server.closed((seen) => seen.path === target);
      }
      expect((await client.send("GET", `${path}/doc`)).status).toBe(404);
    }),
  );
});
