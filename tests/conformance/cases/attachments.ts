import { assert } from "chai";
import { ConflictError, type Document, designDoc, IncompleteResponseError } from "couchfetch";
import { type Case, type Context, eventually, rejects } from "../case.js";
import { throughProxy } from "../proxies.js";

const names = [
  "a.png",
  "dir/readme.txt",
  "a b",
  "ünï 漢字 🦊.bin",
  "p+q?r#s&t%u",
  "100%25",
  "a//b",
  "/a",
  "a/",
  "a/../b",
  "../../cat",
  "./a",
  "quote\"'<>\\",
  "constructor",
];

const bytes = Uint8Array.from({ length: 200_000 }, (_, index) => (index * 7) % 256);

/** The bytes in pieces, each when it is asked for. */
function stream(): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at === bytes.length) return controller.close();
      controller.enqueue(bytes.subarray(at, at + 50_000));
      at += 50_000;
    },
  });
}

async function saved({ db }: Context, id = "cat"): Promise<Document> {
  const document = await db.create(id, { legs: 4 });
  await document.save();
  return document;
}

async function read(document: Document, name: string): Promise<Uint8Array> {
  return new Uint8Array(await (await document.attachment(name).fetch()).arrayBuffer());
}

export const attachments: Case[] = [
  {
    name: "every kind of name reaches its attachment, and no other resource",
    async run(context) {
      const cat = await saved(context, "cat/ä 🐈");
      for (const name of names) await cat.attachment(name).save(`of ${name}`, "text/plain");
      for (const name of names) {
        const response = await cat.attachment(name).fetch();
        assert.equal(await response.text(), `of ${name}`);
        assert.isTrue(await cat.attachment(name).exists());
      }
      const { _attachments = {} } = (await context.db.get("cat/ä 🐈")).data;
      assert.sameMembers(Object.keys(_attachments), names);
      for (const name of names) await cat.attachment(name).delete();
      assert.deepEqual((await context.db.get("cat/ä 🐈")).data, cat.data);
      assert.deepEqual(cat.json, { legs: 4 });
    },
  },
  {
    name: "a design document has attachments, too",
    async run({ db }) {
      const zoo = await designDoc(db, "zoo");
      await zoo.save();
      await zoo.attachment("index.html").save("<p>", "text/html");
      assert.equal(await (await zoo.attachment("index.html").fetch()).text(), "<p>");
    },
  },
  {
    name: "any body can be saved, under the type it says of itself or the one given",
    async run(context) {
      const cat = await saved(context);
      const buffer = bytes.slice(0, 9).buffer;
      const bodies: [BodyInit, string, Uint8Array][] = [
        ["hällo", "text/plain;charset=UTF-8", new TextEncoder().encode("hällo")],
        ["", "text/plain;charset=UTF-8", new Uint8Array()],
        [bytes.subarray(3, 9), "application/octet-stream", bytes.subarray(3, 9)],
        [buffer, "application/octet-stream", bytes.subarray(0, 9)],
        [new DataView(buffer, 2, 4), "application/octet-stream", bytes.subarray(2, 6)],
        // Not the bytes of the stream: a browser's cache knows an attachment by its digest.
        [new Blob(["🐈"], { type: "image/x" }), "image/x", new TextEncoder().encode("🐈")],
        [stream(), "application/octet-stream", bytes],
      ];
      for (const [body, type, content] of bodies) {
        await cat.attachment("a").save(body);
        const response = await cat.attachment("a").fetch();
        assert.equal(response.headers.get("content-type")?.toLowerCase(), type.toLowerCase());
        assert.deepEqual(new Uint8Array(await response.arrayBuffer()), content);
      }
      await cat.attachment("a").save(new Blob(["{}"], { type: "text/plain" }), "application/x");
      assert.equal(cat.data._attachments?.a?.content_type, "application/x");
      const form = new FormData();
      form.set("legs", "4");
      await cat.attachment("form").save(form);
      const back = await (await cat.attachment("form").fetch()).formData();
      assert.equal(back.get("legs"), "4");
    },
  },
  {
    name: "what is no body is a TypeError, and nothing is sent",
    async run(context) {
      const cat = await saved(context);
      const { rev } = cat;
      for (const body of [undefined, null, 4, {}, [1], new Date()]) {
        await rejects(cat.attachment("a").save(body as unknown as BodyInit), TypeError);
      }
      await rejects(cat.attachment("a").save("a", "text/plain\r\nx: y"), TypeError);
      if (typeof SharedArrayBuffer === "function") {
        const shared = new Uint8Array(new SharedArrayBuffer(4)) as unknown as BodyInit;
        await rejects(cat.attachment("a").save(shared), TypeError);
      }
      assert.equal((await cat.info()).rev, rev);
    },
  },
  {
    name: "the document has the new revision and the stub, and keeps what is not saved",
    async run(context) {
      const cat = await saved(context);
      await cat.attachment("a").save("one", "text/plain");
      assert.match(cat.rev ?? "", /^2-/);
      assert.isFalse(cat.dirty);
      assert.deepEqual(cat.data, (await context.db.get("cat")).data);
      cat.data.legs = 3;
      await cat.attachment("b").save("two", "text/plain");
      assert.isTrue(cat.dirty);
      assert.deepEqual(cat.json, { legs: 3 });
      await cat.attachment("a").delete();
      assert.isTrue(cat.dirty);
      await cat.save();
      const now = await context.db.get("cat");
      assert.deepEqual(now.data, cat.data);
      assert.deepEqual(Object.keys(now.data._attachments ?? {}), ["b"]);
      await cat.attachment("b").delete();
      assert.notProperty(cat.data, "_attachments");
      assert.deepEqual((await context.db.get("cat")).data, cat.data);
    },
  },
  {
    name: "a document from a scan can have attachments, and tells its changes afterwards",
    async run(context) {
      await saved(context);
      const [cat] = await context.db.docs().toArray();
      await cat?.attachment("a").save("one");
      assert.isFalse(cat?.dirty);
      assert.deepEqual(cat?.data, (await context.db.get("cat")).data);
    },
  },
  {
    name: "a document whose revision was set is not the server's for having an attachment",
    async run(context) {
      const cat = await saved(context);
      const theirs = await context.db.get("cat");
      theirs.data.legs = 5;
      await theirs.save();
      cat.rev = theirs.rev ?? "";
      await cat.attachment("a").save("one");
      assert.isTrue(cat.dirty);
      await cat.save();
      assert.deepEqual((await context.db.get("cat")).json, { legs: 4 });
    },
  },
  {
    name: "a large upload to a revision that is not the server's is a conflict, though it is cut off",
    async run(context) {
      const cat = await saved(context);
      const stale = await context.db.get("cat");
      cat.data.legs = 3;
      await cat.save();
      const large = new Uint8Array(5_000_000);
      for (const body of [large, new Blob([large]).stream()]) {
        await rejects(stale.attachment("a").save(body), ConflictError);
      }
      assert.isFalse(await cat.attachment("a").exists());
    },
  },
  {
    name: "an older revision's attachment can be fetched",
    async run(context) {
      const cat = await saved(context);
      await cat.attachment("a").save("one");
      const { rev = "" } = cat;
      await cat.attachment("a").save("two");
      assert.equal(await (await cat.attachment("a").fetch({ rev })).text(), "one");
      assert.equal(await (await cat.attachment("a").fetch()).text(), "two");
    },
  },
  {
    name: "a Response rejects with couchfetch's error, whichever way it is read",
    async run(context) {
      const cat = await saved(context);
      await cat.attachment("a").save(bytes, "application/x-www-form-urlencoded");
      const rules = [{ of: "^GET .*cat/a", fault: { hold: 50_000 } }];
      const ways = ["arrayBuffer", "blob", "bytes", "formData", "json", "text"] as const;
      for (const way of ways) {
        // Not every runtime has each.
        if (!(way in Response.prototype)) continue;
        await throughProxy(context, rules, async ({ couch, db, breakOff, status }) => {
          const isHeld = async () => (await status()).underWay[0] === 50_000;
          const response = await db.document("cat").attachment("a").fetch();
          const lost = rejects(response[way](), IncompleteResponseError);
          await eventually(isHeld);
          await breakOff("reset");
          await lost;

          const controller = new AbortController();
          const { signal } = controller;
          const asked = await couch.request(`${db.id}/cat/a`, { signal });
          const aborted = rejects(asked[way](), Error);
          await eventually(isHeld);
          const reason = new Error("mine");
          controller.abort(reason);
          assert.equal(await aborted, reason, way);

          const open = await couch.request(`${db.id}/cat/a`);
          const closed = open[way]().catch((error: unknown) => error);
          await couch.close();
          assert.equal(((await closed) as DOMException).name, "AbortError", way);
        });
      }
    },
  },
  {
    name: "a Response that is read in an ordinary way is an ordinary one",
    async run(context) {
      const cat = await saved(context);
      await cat.attachment("a").save('{"a":1}', "application/json");
      const fetch = () => cat.attachment("a").fetch();
      assert.deepEqual(await (await fetch()).json(), { a: 1 });
      const response = await fetch();
      const copy = response.clone();
      assert.equal(await response.text(), '{"a":1}');
      assert.equal((await copy.arrayBuffer()).byteLength, 7);
      // A second reading is the runtime's own error.
      await rejects(response.text(), TypeError);
      await cat.attachment("b").save("no JSON", "application/json");
      await rejects((await cat.attachment("b").fetch()).json(), SyntaxError);
    },
  },
  {
    name: "progress is told in both directions, up to all there is",
    async run(context) {
      const cat = await saved(context);
      for (const body of [bytes, stream()]) {
        const told: [number, number | undefined][] = [];
        const onProgress = (...progress: [number, number | undefined]) => told.push(progress);
        await cat.attachment("a").save(body, "image/x", { onProgress });
        assert.equal(told.at(-1)?.[0], bytes.length);
        if (body === bytes) assert.equal(told.at(-1)?.[1], bytes.length);
        assert.deepEqual(
          told,
          told.toSorted(([one], [other]) => one - other),
        );
        assert.deepEqual(await read(cat, "a"), bytes);
      }
      const told: [number, number | undefined][] = [];
      const onProgress = (...progress: [number, number | undefined]) => told.push(progress);
      const response = await cat.attachment("a").fetch({ onProgress });
      assert.deepEqual(told, []);
      await response.blob();
      assert.deepEqual(told.at(-1), [bytes.length, bytes.length]);
    },
  },
  {
    name: "a source that breaks leaves nothing behind",
    async run(context) {
      const cat = await saved(context);
      const mine = new Error("mine");
      let left = 3;
      const broken = new ReadableStream<Uint8Array>({
        pull(controller) {
          left -= 1;
          if (left === 0) throw mine;
          controller.enqueue(bytes);
        },
      });
      assert.equal(await rejects(cat.attachment("a").save(broken), Error), mine);
    },
  },
  {
    name: "an upload that is aborted leaves nothing behind",
    needs: "streaming upload",
    async run(context) {
      const cat = await saved(context);
      const mine = new Error("mine");
      const controller = new AbortController();
      const onProgress = () => controller.abort(mine);
      const { signal } = controller;
      const aborted = cat.attachment("a").save(stream(), "image/x", { signal, onProgress });
      assert.equal(await rejects(aborted, Error), mine);
      assert.isFalse(await cat.attachment("a").exists());
      assert.equal((await cat.info()).rev, cat.rev);
    },
  },
];
