import { assert } from "chai";
import {
  ConflictError,
  type Document,
  fetchAttachments,
  IncompleteResponseError,
  InvalidResponseError,
  NetworkError,
  NotFoundError,
  saveWithAttachments,
} from "couchfetch";
import { type Case, fill, rejects } from "../case.js";
import { throughProxy } from "../proxies.js";

const bytes = Uint8Array.from({ length: 70_000 }, (_, n) => (n * 7) % 256);

const stream = (content: Uint8Array) => new Blob([content as BlobPart]).stream();

/** What comes with a document, by name. */
async function fetched(doc: Document): Promise<Record<string, Uint8Array>> {
  const found: Record<string, Uint8Array> = {};
  for await (const { name, body } of fetchAttachments(doc)) {
    // Of a Response, browsers do not say why its stream broke.
    const chunks: BlobPart[] = [];
    const reader = body.getReader();
    for (let step = await reader.read(); !step.done; step = await reader.read()) {
      chunks.push(step.value as BlobPart);
    }
    found[name] = new Uint8Array(await new Blob(chunks).arrayBuffer());
  }
  return found;
}

const text = (content: Uint8Array | undefined) => new TextDecoder().decode(content);

export const related: Case[] = [
  {
    name: "a document and its attachments are saved in one request, and read in one",
    async run(context) {
      await throughProxy(context, [], async ({ db, status }) => {
        const cat = db.document("cat", { legs: 4 });
        await saveWithAttachments(cat, {
          'a/ü "1".txt': new Blob(["text of ä"], { type: "text/plain" }),
          bytes: { body: stream(bytes), length: bytes.length, content_type: "image/png" },
          "2": new Blob([]),
          "1": new Blob(["--boundary\r\n\r\n--"]),
          constructor: new Blob(["of a name as any other"]),
        });
        assert.isFalse(cat.dirty);
        assert.match(cat.rev ?? "", /^1-/);
        const other = await db.get("cat");
        assert.equal(other.data._attachments?.bytes?.content_type, "image/png");
        assert.equal(other.data._attachments?.bytes?.length, bytes.length);
        const found = await fetched(other);
        assert.sameMembers(Object.keys(found), Object.keys(cat.data._attachments ?? {}));
        assert.equal(text(found['a/ü "1".txt']), "text of ä");
        assert.deepEqual(found.bytes, bytes);
        assert.equal(text(found["2"]), "");
        assert.equal(text(found["1"]), "--boundary\r\n\r\n--");
        assert.isFalse(other.dirty);
        const { requests } = await status();
        const made = requests.filter((each) => !each.startsWith("OPTIONS"));
        assert.lengthOf(made, 3);
        // What is here can be saved further.
        cat.data.legs = 3;
        await cat.save();
        const { data } = await db.get("cat");
        assert.lengthOf(Object.keys(data._attachments ?? {}), 5);
      });
    },
  },
  {
    name: "attachments are added to those there are, or take their place, whatever else has changed",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      const cat = await db.get("cat");
      await cat.attachment("old").save("old", "text/plain");
      await cat.attachment("new").save("of before", "text/plain");
      cat.data.legs = 3;
      await saveWithAttachments(cat, { new: new Blob(["new"]) });
      const found = await fetched(cat);
      assert.deepEqual([text(found.old), text(found.new)], ["old", "new"]);
      assert.equal((await db.get("cat")).data.legs, 3);
      const stale = await db.get("cat");
      await cat.update(() => ({ legs: 2 }));
      const late = { late: new Blob(["late"]) };
      await rejects(saveWithAttachments(stale, late), ConflictError);
      assert.notProperty(stale.data._attachments, "late");
    },
  },
  {
    name: "what is no attachment is a TypeError, and nothing is sent",
    async run({ db }) {
      const cat = db.document("cat", {});
      for (const content of ["text", null, { body: "text", length: 4 }, { body: stream(bytes) }]) {
        await rejects(saveWithAttachments(cat, { a: content as never }), TypeError);
      }
      for (const name of ["", "_a", ".."]) {
        await rejects(saveWithAttachments(cat, { [name]: new Blob(["a"]) }), TypeError);
      }
      await rejects(db.get("cat"), NotFoundError);
      assert.notProperty(cat.data, "_attachments");
    },
  },
  {
    name: "a save with attachments is done, though the answer was lost, or is told as it is",
    async run(context) {
      await fill(context.db, { cat: { legs: 4 } });
      const lost = { of: "^PUT .*cat", times: 1, fault: { after: 0, how: "reset" as const } };
      await throughProxy(context, [lost], async ({ db }) => {
        const cat = await db.get("cat");
        await saveWithAttachments(cat, { a: new Blob(["of a"]) });
        assert.equal((await context.db.get("cat")).rev, cat.rev);
        assert.equal(text((await fetched(cat)).a), "of a");
      });
      await throughProxy(context, [lost], async ({ db }) => {
        const cat = await db.get("cat");
        const a = { body: stream(bytes), length: bytes.length };
        const error = await rejects(saveWithAttachments(cat, { a }), NetworkError);
        assert.isTrue(error.mayHaveHappened);
      });
      await throughProxy(context, [{ of: "^PUT", fault: { how: "cut" } }], async ({ db }) => {
        const cat = await db.get("cat");
        const theirs = await context.db.get("cat");
        await saveWithAttachments(theirs, { a: new Blob(["of b"]) });
        await rejects(saveWithAttachments(cat, { a: new Blob(["of c"]) }), ConflictError);
      });
    },
  },
  {
    name: "each attachment has its own content, whatever the names are",
    async run({ couch, db }) {
      const names = ["b", "10", "2", "a", "1", "-1", "constructor", 'q"q', "a\\b"];
      // As text: an object has numbers before other names.
      const stubs = names.map((name) => {
        const stub = { content_type: "a/b", data: btoa(`of ${name}`) };
        return `${JSON.stringify(name)}:${JSON.stringify(stub)}`;
      });
      const body = `{"2":"a:","\\"":"\\":","_attachments":{${stubs.join(",")}}}`;
      const headers = { "content-type": "application/json" };
      const put = await couch.request(`${db.id}/cat`, { method: "PUT", body, headers });
      await put.body?.cancel();
      const found = await fetched(await db.get("cat"));
      for (const name of names) assert.equal(text(found[name]), `of ${name}`);
    },
  },
  {
    name: "an attachment that was left is given up, and does not seem to be empty",
    async run({ db }) {
      const large = new Blob([new Uint8Array(300_000)]);
      const packed = new Blob(["text ".repeat(50_000)], { type: "text/plain" });
      const cat = db.document("cat", {});
      await saveWithAttachments(cat, { a: large, b: packed, c: packed, d: large });
      for (let n = 0; n < 5; n += 1) for await (const _ of fetchAttachments(cat));
      const bodies = [];
      for await (const { body } of fetchAttachments(cat)) bodies.push(body);
      for (const body of bodies) await rejects(body.getReader().read(), Error);
      const reading: Promise<boolean>[] = [];
      for await (const { body } of fetchAttachments(cat)) {
        const whole = new Response(body).arrayBuffer();
        reading.push(
          whole.then(
            ({ byteLength }) => byteLength >= 250_000,
            () => true,
          ),
        );
      }
      assert.notInclude(await Promise.all(reading), false);
    },
  },
  {
    name: "attachments that cannot be sent are a TypeError, and without any it is a plain save",
    async run({ db }) {
      const attachments = { a: new Blob(["a"]) };
      const cat = db.document("cat", {});
      await rejects(saveWithAttachments(db.document("_local/a", {}), attachments), TypeError);
      const twice = stream(bytes);
      const { length } = bytes;
      const same = { a: { body: twice, length }, b: { body: twice, length } };
      await rejects(saveWithAttachments(cat, same), TypeError);
      const locked = stream(bytes);
      locked.getReader();
      await rejects(saveWithAttachments(cat, { a: { body: locked, length } }), TypeError);
      await saveWithAttachments(cat, {});
      assert.match(cat.rev ?? "", /^1-/);
      assert.isUndefined(await saveWithAttachments(cat, {}));
    },
  },
  {
    name: "a name that breaks what CouchDB writes of it in two gives no wrong content",
    async run({ db }) {
      const cat = db.document("cat", {});
      const name = 'a"\r\n\r\nb';
      const packed = new Blob(["text ".repeat(100)], { type: "text/plain" });
      await saveWithAttachments(cat, { [name]: packed });
      const found = await fetched(cat).catch((error) => {
        assert.instanceOf(error, InvalidResponseError);
        return { [name]: undefined };
      });
      if (found[name]) assert.equal(text(found[name]), "text ".repeat(100));
    },
  },
  {
    name: "an attachment that is not read is read past, and the loop may be left",
    async run({ db }) {
      const cat = db.document("cat", {});
      const attachments = { a: new Blob([bytes]), b: new Blob([bytes]), c: new Blob(["of c"]) };
      await saveWithAttachments(cat, attachments);
      const other = db.document("cat");
      const seen = [];
      for await (const { name, body } of fetchAttachments(other, { discardChanges: true })) {
        seen.push(name);
        const reader = body.getReader();
        if (name === "b") await reader.read();
        if (name === "c") assert.equal(text((await reader.read()).value), "of c");
      }
      assert.sameMembers(seen, ["a", "b", "c"]);
      assert.equal(other.rev, cat.rev);
      for await (const { name } of fetchAttachments(cat)) if (name) break;
      assert.isFalse(cat.dirty);
    },
  },
  {
    name: "a document without attachments has none, and is read all the same",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      const cat = db.document("cat");
      assert.deepEqual(await fetched(await db.get("cat")), {});
      for await (const _ of fetchAttachments(cat, { discardChanges: true })) assert.fail("none");
      assert.equal(cat.data.legs, 4);
      await rejects(fetched(db.document("none")), NotFoundError);
      cat.data.legs = 5;
      await rejects(fetched(cat), ConflictError);
    },
  },
  {
    name: "only what is new is read of the attachments",
    async run({ db }) {
      const cat = db.document("cat", {});
      await saveWithAttachments(cat, { old: new Blob(["old"]) });
      const { rev = "" } = cat;
      await saveWithAttachments(cat, { new: new Blob(["new"]) });
      const seen = [];
      for await (const { name } of fetchAttachments(cat, { atts_since: [rev] })) seen.push(name);
      assert.deepEqual(seen, ["new"]);
      assert.sameMembers(Object.keys(cat.data._attachments ?? {}), ["old", "new"]);
    },
  },
  {
    name: "attachments that are cut off are incomplete, wherever that is",
    async run(context) {
      await saveWithAttachments(context.db.document("cat", {}), {
        a: new Blob([bytes]),
        b: new Blob([bytes]),
      });
      for (const after of [20, 200, 40_000, 100_000]) {
        const fault = { after, how: "cut" as const };
        await throughProxy(context, [{ of: "^GET .*attachments=true", fault }], async ({ db }) => {
          await rejects(fetched(await db.get("cat")), IncompleteResponseError);
        });
      }
    },
  },
];
