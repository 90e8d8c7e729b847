import { assert } from "chai";
import { Attachment, ConflictError, type Document, NotFoundError } from "couchfetch";
import { type Case, fill, rejects, watch } from "../../case.js";

/** Every byte there is. */
const image = Uint8Array.from({ length: 1024 }, (_, index) => index % 256);

const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());

async function savedCat(db: { create(id: string): Promise<Document> }): Promise<Document> {
  const cat = await db.create("cat");
  await cat.save();
  return cat;
}

export const attachment: Case[] = [
  {
    name: "Document.attachment: gives an Attachment, and sends nothing",
    async run(context) {
      await fill(context.db, { cat: {} });
      const { db, sent } = watch(context);
      const cat = await db.get("cat");
      sent.length = 0;
      assert.instanceOf(cat.attachment("photo"), Attachment);
      assert.deepEqual(sent, []);
    },
  },
  {
    name: "Attachment.name: is the attachment's name",
    async run({ db }) {
      assert.equal((await savedCat(db)).attachment("photo").name, "photo");
    },
  },
  {
    name: "Attachment: has a name and a content type, in its document, too",
    async run({ db }) {
      const cat = await savedCat(db);
      await cat.attachment("photo").save(image, "image/webp");
      const { _attachments } = (await db.get("cat")).data;
      assert.equal(_attachments?.photo?.content_type, "image/webp");
    },
  },
  {
    name: "Attachment: holds any bytes",
    async run({ db }) {
      const cat = await savedCat(db);
      await cat.attachment("photo").save(image, "image/webp");
      assert.deepEqual(await bytesOf(await cat.attachment("photo").fetch()), image);
    },
  },
  {
    name: "Attachment: may be larger than any document",
    async run({ db }) {
      // CouchDB takes documents of 8 MB.
      const size = 9_000_000;
      const cat = await savedCat(db);
      await cat.attachment("film").save(new Uint8Array(size), "video/webm");
      assert.equal((await bytesOf(await cat.attachment("film").fetch())).length, size);
    },
  },
  {
    name: "Attachment.fetch: gives the content",
    async run({ db }) {
      const cat = await savedCat(db);
      await cat.attachment("note").save("miaow", "text/plain");
      assert.equal(await (await cat.attachment("note").fetch()).text(), "miaow");
    },
  },
  {
    name: "Attachment.fetch: tells the content type",
    async run({ db }) {
      const cat = await savedCat(db);
      await cat.attachment("photo").save(image, "image/webp");
      const response = await cat.attachment("photo").fetch();
      assert.equal(response.headers.get("content-type"), "image/webp");
      await response.body?.cancel();
    },
  },
  {
    name: "Attachment.fetch: is a request each time: no content is kept here",
    async run(context) {
      const cat = await savedCat(context.db);
      await cat.attachment("note").save("miaow", "text/plain");
      const { db, sent } = watch(context);
      const note = (await db.get("cat")).attachment("note");
      sent.length = 0;
      for (const text of ["miaow", "purr"]) {
        assert.equal(await (await note.fetch()).text(), text);
        await cat.attachment("note").save("purr", "text/plain");
      }
      assert.deepEqual(sent, ["GET /cat/note", "GET /cat/note"]);
    },
  },
  {
    name: "Attachment.fetch: works for a document that was not read",
    async run(context) {
      const cat = await savedCat(context.db);
      await cat.attachment("note").save("miaow", "text/plain");
      const { db, sent } = watch(context);
      const response = await db.document("cat").attachment("note").fetch();
      assert.equal(await response.text(), "miaow");
      assert.deepEqual(sent, ["GET /cat/note"]);
    },
  },
  {
    name: "Attachment.fetch: of one that does not exist is NotFound",
    async run({ db }) {
      await rejects((await savedCat(db)).attachment("photo").fetch(), NotFoundError);
    },
  },
  {
    name: "Attachment.exists: tells whether the server has it",
    async run({ db }) {
      const cat = await savedCat(db);
      assert.isFalse(await cat.attachment("photo").exists());
      await cat.attachment("photo").save(image, "image/webp");
      assert.isTrue(await cat.attachment("photo").exists());
    },
  },
  {
    name: "Attachment.exists: asks the server",
    async run(context) {
      const cat = await savedCat(context.db);
      await cat.attachment("note").save("miaow", "text/plain");
      const { db, sent } = watch(context);
      const note = (await db.get("cat")).attachment("note");
      sent.length = 0;
      assert.isTrue(await note.exists());
      await cat.attachment("note").delete();
      assert.isFalse(await note.exists());
      const asked = "GET /_all_docs?keys=%5B%22cat%22%5D&include_docs=true";
      assert.deepEqual(sent, [asked, asked]);
    },
  },
  {
    name: "Attachment.save: puts the content on the server",
    async run({ db }) {
      const cat = await savedCat(db);
      await cat.attachment("note").save("miaow", "text/plain");
      const read = await db.get("cat");
      assert.equal(await (await read.attachment("note").fetch()).text(), "miaow");
    },
  },
  {
    name: "Attachment.save: puts new content in place of the old",
    async run({ db }) {
      const cat = await savedCat(db);
      await cat.attachment("note").save("miaow", "text/plain");
      await cat.attachment("note").save("<p>purr</p>", "text/html");
      const response = await cat.attachment("note").fetch();
      assert.equal(response.headers.get("content-type"), "text/html");
      assert.equal(await response.text(), "<p>purr</p>");
    },
  },
  {
    name: "Attachment.save: gives it the content type",
    async run({ db }) {
      const cat = await savedCat(db);
      await cat.attachment("data").save("{}", "application/x-zoo; v=1");
      const response = await cat.attachment("data").fetch();
      assert.equal(response.headers.get("content-type"), "application/x-zoo; v=1");
      await response.body?.cancel();
    },
  },
  {
    name: "Attachment.save: leaves a document that can be changed and saved",
    async run({ db }) {
      const cat = await savedCat(db);
      cat.data.legs = 4;
      await cat.save();
      await cat.attachment("note").save("miaow", "text/plain");
      await cat.attachment("photo").save(image, "image/webp");
      assert.isFalse(cat.dirty);
      cat.data.legs = 3;
      await cat.save();
      const read = await db.get("cat");
      assert.deepEqual(read.json, { legs: 3 });
      assert.equal(await (await read.attachment("note").fetch()).text(), "miaow");
      assert.deepEqual(await bytesOf(await read.attachment("photo").fetch()), image);
    },
  },
  {
    name: "Attachment.delete: wants a document that was read or saved, and sends nothing otherwise",
    async run(context) {
      const { db, sent } = watch(context);
      const cat = await db.create("cat");
      sent.length = 0;
      await rejects(cat.attachment("note").delete(), ConflictError);
      assert.deepEqual(sent, []);
      await fill(context.db, { cat: {} });
      await rejects(cat.attachment("note").save("miaow", "text/plain"), ConflictError);
      await (await db.get("cat")).attachment("note").save("miaow", "text/plain");
    },
  },
  {
    name: "Attachment.save: is a Conflict if the document was changed on the server",
    async run({ db }) {
      const cat = await savedCat(db);
      const outdated = await db.get("cat");
      cat.data.legs = 4;
      await cat.save();
      await rejects(outdated.attachment("photo").save(image, "image/webp"), ConflictError);
      await cat.attachment("photo").save(image, "image/webp");
    },
  },
  {
    name: "Attachment.save: is a Conflict if the document got another attachment on the server",
    async run({ db }) {
      const cat = await savedCat(db);
      const outdated = await db.get("cat");
      await cat.attachment("note").save("miaow", "text/plain");
      await rejects(outdated.attachment("photo").save(image, "image/webp"), ConflictError);
      await cat.attachment("photo").save(image, "image/webp");
    },
  },
  {
    name: "Attachment.delete: deletes it on the server",
    async run({ db }) {
      const cat = await savedCat(db);
      await cat.attachment("note").save("miaow", "text/plain");
      await cat.attachment("note").delete();
      await rejects(cat.attachment("note").fetch(), NotFoundError);
      assert.isFalse(await cat.attachment("note").exists());
      assert.notProperty((await db.get("cat")).data, "_attachments");
    },
  },
  {
    name: "Attachment.delete: leaves a document that can be changed and saved",
    async run({ db }) {
      const cat = await savedCat(db);
      await cat.attachment("note").save("miaow", "text/plain");
      await cat.attachment("note").delete();
      assert.isFalse(cat.dirty);
      cat.data.legs = 4;
      await cat.save();
      assert.deepEqual((await db.get("cat")).data, cat.data);
    },
  },
];
