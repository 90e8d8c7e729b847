import { assert } from "chai";
import { type Database, designDoc, type JsonObject, openRevs } from "couchfetch";
import { exportDocs, importDocs } from "couchfetch/transfer";
import { type Case, type Context, fillMany, isBrowser, rejects, watch } from "../case.js";
import { throughProxy } from "../proxies.js";

const numbered = (count: number): JsonObject[] =>
  Array.from({ length: count }, (_, n) => ({ _id: `doc-${`${n}`.padStart(5, "0")}`, n }));

/** The documents of an export. */
async function read(stream: ReadableStream<Uint8Array>): Promise<JsonObject[]> {
  const text = await new Response(stream).text();
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

const idsOf = (docs: JsonObject[]) => docs.map(({ _id }) => String(_id)).sort();

/** Every leaf revision of each document, with its history, its content and its attachments. */
async function trees(db: Database): Promise<object> {
  const found: Record<string, object[]> = {};
  for await (const { id } of db.changes({ style: "all_docs" })) {
    const leaves = await openRevs(db.document(id), "all", { revs: true, attachments: true });
    found[id] = leaves
      .map(({ ok }) => ok as JsonObject)
      .sort((one, other) => (String(one._rev) < String(other._rev) ? -1 : 1));
    for (const leaf of found[id] as JsonObject[])
      for (const stub of Object.values((leaf._attachments ?? {}) as JsonObject)) delete stub.revpos;
  }
  return found;
}

/** A database with branches, deletions, a document that was created again, attachments and a design document. */
async function fillTrees(context: Context): Promise<void> {
  const { db } = context;
  await fillMany(context, numbered(40));
  const cat = await db.create("cat", { legs: 4 });
  await cat.save();
  await cat.attachment("photo").save("of the cat", "text/plain");
  const branches = ["a", "b"].map((name) => ({
    ...{ _id: "cat", _rev: `2-${name.repeat(32)}`, name },
    _revisions: { start: 2, ids: [name.repeat(32), "c".repeat(32)] },
  }));
  const dead = { _id: "cat", _deleted: true, _rev: `2-${"d".repeat(32)}` };
  const gone = { ...dead, _revisions: { start: 2, ids: ["d".repeat(32), "c".repeat(32)] } };
  await importDocs(db, [...branches, gone], { new_edits: false });
  await (await db.get("doc-00001")).delete();
  const again = await db.get("doc-00002");
  await again.delete();
  await (await db.create("doc-00002", { again: true })).save();
  await designDoc(db, "zoo").then((design) => design.save());
}

export const exportCases: Case[] = [
  {
    name: "an export has each document once, whichever are selected",
    async run(context) {
      await fillMany(context, numbered(2500));
      await designDoc(context.db, "zoo").then((design) => design.save());
      const { db, sent } = watch(context);
      const all = numbered(2500).map(({ _id }) => String(_id));
      const of = async (options?: Parameters<typeof exportDocs>[1]) =>
        idsOf(await read(exportDocs(db, options)));
      assert.deepEqual(await of(), ["_design/zoo", ...all]);
      assert.deepEqual(await of({ includeDesignDocs: false }), all);
      assert.deepEqual(await of({ prefix: "doc-01" }), all.slice(1000, 2000));
      assert.deepEqual(await of({ prefix: "doc-01", descending: true }), all.slice(1000, 2000));
      const range = { startkey: "doc-00100", endkey: "doc-00900", inclusive_end: false };
      assert.deepEqual(await of(range), all.slice(100, 900));
      assert.deepEqual(await of({ prefix: "none" }), []);
      assert.deepEqual(await of({ limit: 3, skip: 2, includeDesignDocs: false }), all.slice(2, 5));
      assert.deepEqual(await of({ ids: ["doc-00007", "doc-00001"] }), ["doc-00001", "doc-00007"]);
      const ordered = await read(exportDocs(db, { descending: false, includeDesignDocs: false }));
      assert.deepEqual(
        ordered,
        await read(exportDocs(db, { includeDesignDocs: false, limit: 9999 })),
      );
      assert.deepEqual(
        ordered.map(({ _id }) => _id),
        all,
      );
      const backwards = sent.filter((each) => each.includes("descending=true"));
      // In browsers, only where it is asked for. Elsewhere also the first two, and those of the prefixes.
      assert.lengthOf(backwards, isBrowser ? 1 : 5);
    },
  },
  {
    name: "a backup that is restored has the same revision trees",
    async run(context) {
      const { db, couch } = context;
      await fillTrees(context);
      const copy = await couch.create(`conformance_${crypto.randomUUID()}`);
      try {
        const backup = exportDocs(db, { conflicts: true });
        const { failed } = await importDocs(copy, backup, { new_edits: false });
        assert.equal(failed, 0);
        assert.deepEqual(await trees(copy), await trees(db));
        assert.equal((await copy.get("cat")).rev, (await db.get("cat")).rev);
        const [ours, theirs] = [await db.info(), await copy.info()];
        assert.equal(theirs.doc_count, ours.doc_count);
        assert.equal(theirs.doc_del_count, ours.doc_del_count);
      } finally {
        await copy.delete();
      }
    },
  },
  {
    name: "a backup is of the whole database: options that select documents are a TypeError",
    async run({ db }) {
      for (const options of [{ prefix: "a" }, { ids: ["a"] }, { limit: 1 }])
        await rejects(() => exportDocs(db, { conflicts: true, ...options }), TypeError);
    },
  },
  {
    name: "an export of ids with any characters has each document once",
    async run(context) {
      // CouchDB sorts ids by bytes, JavaScript by UTF-16: an emoji is after "\uffee" or before it.
      const starts = ["a", "A", "é", "\ud7ff", "\ue000", "\uffee", "😀", "😀\uffee", "\u{10ffff}"];
      const docs = starts.flatMap((start) =>
        numbered(150).map(({ _id }) => ({ _id: start + _id })),
      );
      await fillMany(context, docs);
      for (const options of [{}, { prefix: "😀" }, { prefix: "\uffee" }]) {
        const found = await read(exportDocs(context.db, options));
        const { prefix = "" } = options as { prefix?: string };
        const wanted = docs.filter(({ _id }) => _id.startsWith(prefix));
        assert.deepEqual(idsOf(found), idsOf(wanted), prefix);
      }
    },
  },
  {
    name: "an export whose responses are cut off has each document once",
    async run(context) {
      await fillMany(context, numbered(3000));
      const rules = ["_all_docs", "_bulk_get", "_changes"].map((of) => ({
        ...{ of, times: 2 },
        fault: { after: 1000, how: "reset" } as const,
      }));
      const all = numbered(3000).map(({ _id }) => String(_id));
      for (const [options, wantsAll] of [
        [{}, "_all_docs"],
        [{ conflicts: true }, "_bulk_get"],
      ] as const)
        await throughProxy(context, rules, async ({ db, status }) => {
          const found = await read(exportDocs(db, options));
          assert.deepEqual(
            found.map(({ _id }) => String(_id)).sort(),
            all,
            JSON.stringify(options),
          );
          const { requests } = await status();
          assert.isAtLeast(requests.filter((each) => each.includes(wantsAll)).length, 3);
        });
    },
  },
];
