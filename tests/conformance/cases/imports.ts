import { assert } from "chai";
import {
  type Database,
  designDoc,
  type JsonObject,
  NotFoundError,
  PayloadTooLargeError,
  purge,
} from "couchfetch";
import { exportDocs, type ImportTotals, importDocs } from "couchfetch/transfer";
import { type Case, eventually, fill, rejects, watch } from "../case.js";
import { answer, throughProxy } from "../proxies.js";

function* numbered(count: number): Generator<JsonObject> {
  for (let n = 0; n < count; n += 1) yield { _id: `doc-${`${n}`.padStart(5, "0")}`, n };
}

async function* later<I>(items: Iterable<I>): AsyncGenerator<I> {
  yield* items;
}

function streamOf<I>(items: Iterable<I>): ReadableStream<I> {
  const iterator = items[Symbol.iterator]();
  return new ReadableStream({
    pull(controller) {
      const { done, value } = iterator.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
}

const totals = (some: Partial<ImportTotals>): ImportTotals => ({
  read: 0,
  written: 0,
  conflicts: 0,
  failed: 0,
  failures: [],
  ...some,
});

const count = async (db: Database) => (await db.keys().toArray()).length;

export const imports: Case[] = [
  {
    name: "import takes whatever gives documents, and export gives what it takes",
    async run({ db, couch }) {
      const done = totals({ read: 250, written: 250 });
      const options = { batchSize: 40, concurrency: 3 };
      assert.deepEqual(await importDocs(db, [...numbered(250)], options), done);
      const copy = await couch.create(`conformance_${crypto.randomUUID()}`);
      try {
        for (const source of [later(numbered(250)), streamOf(numbered(250))]) {
          const { read, written, conflicts } = await importDocs(copy, source, options);
          assert.equal(read, 250);
          assert.equal(written + conflicts, 250);
        }
        assert.deepEqual(await copy.keys().toArray(), await db.keys().toArray());
      } finally {
        await copy.delete();
      }
      const other = await couch.create(`conformance_${crypto.randomUUID()}`);
      try {
        await (await db.get("doc-00000")).attachment("a").save("of 0", "text/plain");
        await designDoc(db, "zoo").then((design) => design.save());
        const stream = exportDocs(db);
        const told = await importDocs(other, stream, { new_edits: false, batchSize: 100 });
        assert.deepEqual(told, totals({ read: 251, written: 251 }));
        const [ours, theirs] = [await db.get("doc-00000"), await other.get("doc-00000")];
        assert.equal(theirs.rev, ours.rev);
        assert.equal(await (await theirs.attachment("a").fetch()).text(), "of 0");
        assert.deepEqual(await other.keys().toArray(), await db.keys().toArray());
      } finally {
        await other.delete();
      }
    },
  },
  {
    name: "an import needs few requests for tiny documents, and more for large ones",
    async run(context) {
      const { db, sent, bodies } = watch(context);
      const tiny = await importDocs(db, numbered(8000));
      assert.equal(tiny.written, 8000);
      assert.isBelow(sent.length, 12);
      sent.length = bodies.length = 0;
      const text = "x".repeat(100_000);
      const large = Array.from({ length: 100 }, (_, n) => ({ _id: `large-${n}`, text }));
      assert.equal((await importDocs(db, large)).written, 100);
      assert.isAtLeast(sent.length, 10);
      for (const body of bodies as { docs: unknown[] }[]) assert.isAtMost(body.docs.length, 10);
    },
  },
  {
    name: "import takes Documents, gives ids to what has none, and counts what cannot be stored",
    async run({ db, couch }) {
      await importDocs(db, [{ n: 1 }, { n: 2 }]);
      for (const id of await db.keys().toArray()) assert.match(id, /^[0-9a-f]{32}$/);
      const other = await couch.create(`conformance_${crypto.randomUUID()}`);
      try {
        await importDocs(other, db.docs(), { new_edits: false });
        assert.deepEqual(await other.keys().toArray(), await db.keys().toArray());
      } finally {
        await other.delete();
      }
      const told = await importDocs(db, [
        { _id: "_nothing", n: 3 },
        { _id: "good", n: 4 },
        { _id: "bad", _strange: true },
        { _id: "", n: 5 },
      ] as JsonObject[]);
      assert.equal(told.read, 4);
      assert.equal(told.written, 1);
      assert.equal(told.failed, 3);
      assert.sameMembers(
        told.failures.map(({ id }) => id),
        ["_nothing", "bad", ""],
      );
      assert.equal((await db.get("good")).data.n, 4);
    },
  },
  {
    name: "import names the line or document that is no JSON object, or counts it as failed",
    async run({ db }) {
      const cycle: JsonObject = { _id: "cycle" };
      cycle.self = cycle;
      const dog = db.document("dog", { legs: 4 });
      Object.assign(dog.data, { legs: 4n });
      const bytes = (text: string) => streamOf([new TextEncoder().encode(text)]);
      const bad: [
        string,
        () => Iterable<JsonObject> | ReadableStream<Uint8Array>,
        RegExp,
        string,
      ][] = [
        [
          "a truncated line",
          () => bytes('{"_id":"a"}\n\n{"_id":"c\\"t","legs":\n{"_id":"d"}\n'),
          /^line 3 must be a JSON object \(1 /,
          "",
        ],
        [
          "a line without an id",
          () => bytes('{"_id":"a"}\nhunter2\n{"_id":"d"}'),
          /^line 2 must be a JSON object \(1 /,
          "",
        ],
        [
          "a line that is no object",
          () => bytes('{"_id":"a"}\r\n{"_id":"d"}\n["hunter2"]'),
          /^line 3 must be a JSON object \(2 /,
          "",
        ],
        [
          "a BigInt",
          () => [{ _id: "a" }, { _id: "big", n: 1n }, { _id: "d" }],
          /^document 2: the document "big" must be JSON \(1 /,
          "big",
        ],
        [
          "a cycle",
          () => [{ _id: "a" }, { _id: "d" }, cycle],
          /^document 3: the document "cycle" must be JSON \(2 /,
          "cycle",
        ],
        [
          "a Document",
          () => [{ _id: "a" }, dog as never, { _id: "d" }],
          /^document 2: the document "dog" must be JSON \(1 /,
          "dog",
        ],
        [
          "a number",
          () => [{ _id: "a" }, 5 as never, { _id: "d" }],
          /^document 2: a document to import must be an object \(1 /,
          "",
        ],
      ];
      for (const [what, source, message, id] of bad) {
        const error = await rejects(importDocs(db, source() as never), TypeError);
        assert.match(error.message, message, what);
        assert.include(error.message, '`onMalformed: "skip"`');
        assert.notInclude(error.message, "hunter2");
        const told = await importDocs(db, source() as never, {
          onConflict: "overwrite",
          onMalformed: "skip",
        });
        const [reason = ""] = error.message.split(" (");
        const failures = [{ id, error: "bad_request", reason }];
        assert.deepEqual(told, totals({ read: 3, written: 2, failed: 1, failures }), what);
      }
      for (const onMalformed of ["fail", null]) {
        await rejects(importDocs(db, [], { onMalformed } as never), TypeError);
      }
      const merging = importDocs(db, [{ _id: "a" }], { onConflict: () => ({ n: 1n }) as never });
      assert.include((await rejects(merging, TypeError)).message, '"a" must be JSON');
    },
  },
  {
    name: "import meets conflicts as it is told",
    async run({ db }) {
      await fill(db, { a: { n: 0 }, b: { n: 0 }, gone: { n: 0 } });
      await (await db.get("gone")).delete();
      const mine = ["a", "b", "c", "gone"].map((_id) => ({ _id, n: 1 }));
      const read = { read: 4 };
      assert.deepEqual(await importDocs(db, mine), totals({ ...read, written: 2, conflicts: 2 }));
      assert.equal((await db.get("a")).data.n, 0);
      const told = await importDocs(db, mine, { onConflict: "overwrite" });
      assert.deepEqual(told, totals({ ...read, written: 4 }));
      assert.equal((await db.get("a")).data.n, 1);
      const merged = await importDocs(db, mine, {
        onConflict: async (ours, theirs) =>
          theirs._id === "b" ? undefined : { n: Number(ours.n) + Number(theirs.n) },
      });
      assert.deepEqual(merged, totals({ ...read, written: 3, conflicts: 1 }));
      const ns = await Promise.all(["a", "b", "c"].map(async (id) => (await db.get(id)).data.n));
      assert.deepEqual(ns, [2, 1, 2]);
    },
  },
  {
    name: "import tells how far it is, and keeps no more requests in flight than it may",
    async run(context) {
      const told: number[] = [];
      const rules = [{ of: "^POST .*_bulk_docs", times: 3, together: 3, fault: {} }];
      await throughProxy(context, rules, async ({ db, status }) => {
        const options = { batchSize: 10, concurrency: 3 };
        const onProgress = ({ written }: ImportTotals) => told.push(written);
        await importDocs(db, numbered(100), { ...options, onProgress });
        const posts = (await status()).requests.filter((each) => each.startsWith("POST"));
        assert.equal(posts.length, 10);
      });
      assert.equal(told.length, 10);
      assert.equal(told.at(-1), 100);
      assert.deepEqual(
        told,
        told.toSorted((one, other) => one - other),
      );
    },
  },
  {
    name: "import writes each document once, though answers are lost",
    async run(context) {
      const losses = [{ after: 0, how: "reset" as const }, { how: "cut" as const }].map(
        (fault) => ({
          of: "^POST .*_bulk_docs",
          times: 2,
          fault,
        }),
      );
      await throughProxy(context, losses, async ({ db }) => {
        const told = await importDocs(db, numbered(300), { batchSize: 50 });
        assert.deepEqual(told, totals({ read: 300, written: 300 }));
      });
      assert.equal(await count(context.db), 300);
      for await (const { rev } of context.db.docs()) assert.match(rev ?? "", /^1-/);
    },
  },
  {
    name: "import splits what is too large, and waits when the server asks for it",
    async run(context) {
      const words = '{"error":"too_large","reason":"the request entity is too large"}';
      const rules = [
        { of: "^POST .*_bulk_docs", times: 2, fault: answer(413, words) },
        { of: "^POST .*_bulk_docs", times: 1, fault: answer(429, '{"error":"too_many_requests"}') },
        {
          of: "^POST .*_bulk_docs",
          times: 1,
          fault: answer(503, "<p>", { "content-type": "text/html" }),
        },
      ];
      await throughProxy(context, rules, async ({ db }) => {
        const told = await importDocs(db, numbered(100), { batchSize: 100 });
        assert.deepEqual(told, totals({ read: 100, written: 100 }));
      });
      await throughProxy(
        context,
        [{ of: "^POST .*_bulk_docs", fault: answer(413, words) }],
        async ({ db }) => {
          const told = await importDocs(db, [{ _id: "large" }, { _id: "larger" }]);
          assert.equal(told.failed, 2);
          assert.equal(told.failures[0]?.error, "too_large");
          await rejects(
            db
              .document("large")
              .save()
              .then(() => db.createDocs(["x"])),
            PayloadTooLargeError,
          );
        },
      );
    },
  },
  {
    name: "import ends with what its source, its callbacks or the server end it with, and lets go of the source",
    async run({ db, couch }) {
      const mine = new Error("mine");
      let closed = 0;
      async function* endless(breaks: boolean): AsyncGenerator<JsonObject> {
        try {
          for (let n = 0; ; n += 1) {
            if (breaks && n === 20) throw mine;
            yield { n };
          }
        } finally {
          closed += 1;
        }
      }
      const options = { batchSize: 5, concurrency: 2 };
      assert.equal(await rejects(importDocs(db, endless(true), options), Error), mine);
      const onProgress = () => {
        throw mine;
      };
      assert.equal(
        await rejects(importDocs(db, endless(false), { ...options, onProgress }), Error),
        mine,
      );
      const none = couch.database("conformance_none");
      await rejects(importDocs(none, endless(false), options), NotFoundError);
      const controller = new AbortController();
      const abort = () => controller.abort(mine);
      const { signal } = controller;
      const aborted = importDocs(db, endless(false), { ...options, signal, onProgress: abort });
      assert.equal(await rejects(aborted, Error), mine);
      await eventually(() => closed === 4);
      for (const bad of [{ batchSize: 0 }, { concurrency: 0 }]) {
        await rejects(importDocs(db, [], bad), RangeError);
      }
      await rejects(importDocs(db, [], { onConflict: "merge" as "skip" }), TypeError);
      await rejects(importDocs(db, [1] as never), TypeError);
    },
  },
  {
    name: "import is not held up by a source that gives nothing, nor by onProgress, when it is aborted",
    async run({ db }) {
      const mine = new Error("mine");
      let cancelled = 0;
      const silent = new ReadableStream<JsonObject>({
        cancel() {
          cancelled += 1;
        },
      });
      const never = new Promise<void>(() => {});
      for (const [source, onProgress] of [
        [silent, undefined],
        [numbered(10), () => never],
      ] as const) {
        const controller = new AbortController();
        const { signal } = controller;
        const importing = importDocs(db, source, { signal, onProgress: onProgress as () => void });
        await eventually(async () => source === silent || (await count(db)) === 10);
        controller.abort(mine);
        assert.equal(await rejects(importing, Error), mine);
      }
      assert.equal(cancelled, 1);
    },
  },
  {
    name: "import takes many lost at once for one loss",
    async run(context) {
      const rules = [{ of: "^POST .*_bulk_docs", times: 14, fault: { how: "cut" as const } }];
      await throughProxy(context, rules, async ({ db }) => {
        const told = await importDocs(db, numbered(40), { batchSize: 1, concurrency: 16 });
        assert.deepEqual(told, totals({ read: 40, written: 40 }));
      });
    },
  },
  {
    name: "import gives an id to what has an undefined one",
    async run({ db }) {
      const told = await importDocs(db, [{ _id: undefined, n: 1 } as unknown as JsonObject]);
      assert.deepEqual(told, totals({ read: 1, written: 1 }));
      assert.equal(await count(db), 1);
    },
  },
  {
    name: "export reads as it is asked to, and lets go when it is cancelled",
    async run(context) {
      await importDocs(context.db, numbered(2_000));
      await throughProxy(context, [], async ({ db, status }) => {
        const reader = exportDocs(db, { prefix: "doc-" }).getReader();
        const { value } = await reader.read();
        const [line = ""] = new TextDecoder().decode(value).split("\n");
        // From the first document or from the last one.
        assert.include(["doc-00000", "doc-01999"], JSON.parse(line)._id);
        await reader.cancel();
        await eventually(async () => (await status()).underWay.length === 0);
      });
    },
  },
  {
    name: "import counts what is written once, whatever its numbers, though an answer is lost",
    async run(context) {
      const large = { _id: "a", n: 1, at: 1_700_000_000_000_000_000, tiny: 5e-324 };
      for (const onConflict of ["skip", "overwrite", () => ({ n: 2 })] as const) {
        const gone = { _id: "gone", _deleted: true };
        const rules = [
          { of: "^POST .*_bulk_docs", times: 1, fault: { after: 0, how: "reset" as const } },
        ];
        await throughProxy(context, rules, async ({ db }) => {
          const told = await importDocs(db, [large, gone] as JsonObject[], { onConflict });
          assert.deepEqual(told, totals({ read: 2, written: 2 }));
          const a = await context.db.get("a");
          assert.equal(a.data.n, 1);
          await a.delete();
          await purge(context.db, { a: [(await leafOf(context.db, "a")) ?? ""] });
          await purge(context.db, { gone: [(await leafOf(context.db, "gone")) ?? ""] });
        });
      }
    },
  },
  {
    name: "import with new_edits: false tells revisions of one document apart",
    async run({ db }) {
      const validate_doc_update = "function (doc) { if (doc.bad) throw { forbidden: 'bad' }; }";
      await fill(db, { "_design/rules": { validate_doc_update } });
      const [one, other] = [
        "1-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "1-bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
      ];
      const docs = [
        { _id: "a", _rev: one, n: 1 },
        { _id: "a", _rev: other, bad: true },
        { _id: "c", _rev: one },
      ];
      const told = await importDocs(db, docs as JsonObject[], { new_edits: false });
      assert.deepInclude(told, { read: 3, written: 2, failed: 1 });
      assert.lengthOf(told.failures, 1);
      assert.equal((await db.get("a")).rev, one);
    },
  },
];

/** The current revision, of a deleted document, too. */
async function leafOf(db: Database, id: string): Promise<string | undefined> {
  const [row] = await db.allDocs.rows({ keys: [id] }).toArray();
  return row?.value.rev;
}
