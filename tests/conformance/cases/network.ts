import { assert } from "chai";
import {
  CouchDBError,
  type Database,
  designDoc,
  IncompleteResponseError,
  InvalidResponseError,
  NetworkError,
  PayloadTooLargeError,
  type Rows,
  ServerError,
  TimeoutError,
  TooManyRequestsError,
} from "couchfetch";
import { type Case, type Context, eventually, fill, fillMany, rejects } from "../case.js";
import { answer, type RemoteProxy, throughProxy } from "../proxies.js";
import { statuses } from "./aiocouch/errors.js";

const classes: (readonly [number, typeof CouchDBError])[] = [
  ...statuses,
  [413, PayloadTooLargeError],
  [418, CouchDBError],
  [429, TooManyRequestsError],
  [500, ServerError],
  [503, ServerError],
];

const letters = ["a", "b", "c", "d", "e"];

/** Documents of some two thousand bytes each, and a view of them. */
async function fillLarge(context: Context): Promise<void> {
  await fillMany(
    context,
    letters.map((_id) => ({ _id, text: 'ä🦊\\"'.repeat(200) })),
  );
  const zoo = await designDoc(context.db, "zoo");
  await zoo.createView("all", { map: "function (doc) { emit(doc._id, doc.text); }" });
}

/** Each way to read them, and the request that it sends. */
const readings: [string, string, (db: Database) => Rows<unknown>][] = [
  ["docs", "^GET .*_all_docs", (db) => db.docs()],
  ["a view", "^GET .*_view", (db) => db.view("zoo", "all").rows({ include_docs: true })],
  ["find", "^POST .*_find", (db) => db.find({ _id: { $gt: null } })],
  ["a normal feed", "^GET .*_changes", (db) => db.changes({ include_docs: true }) as never],
];

const idsOf = (rows: unknown[]) => rows.map((row) => (row as { id: string }).id);

const isAnimal = (id: string) => !id.startsWith("_design/");

export const network: Case[] = [
  ...readings.flatMap(([name, of, read]): Case[] => [
    {
      name: `${name}: the first comes while the server still holds the last`,
      async run(context) {
        await fillLarge(context);
        await throughProxy(context, [{ of, fault: { hold: 5_000 } }], async (proxy) => {
          const rows = read(proxy.db)[Symbol.asyncIterator]();
          const ids = idsOf([(await rows.next()).value]);
          await eventually(async () => (await proxy.status()).underWay[0] === 5_000);
          await proxy.goOn();
          for await (const row of rows) ids.push(...idsOf([row]));
          assert.sameMembers(ids.filter(isAnimal), letters);
        });
      },
    },
    {
      name: `${name}: break hangs up, while the server still holds the last`,
      async run(context) {
        await fillLarge(context);
        await throughProxy(context, [{ of, fault: { hold: 5_000 } }], async (proxy) => {
          for await (const row of read(proxy.db)) {
            assert.include(idsOf([row])[0], "");
            break;
          }
          await eventually(async () => (await proxy.status()).underWay.length === 0);
        });
      },
    },
    {
      name: `${name}: arrives whole, in however small pieces`,
      async run(context) {
        await fillLarge(context);
        await throughProxy(context, [{ of, fault: { trickle: 7 } }], async (proxy) => {
          const rows: unknown[] = [];
          for await (const row of read(proxy.db)) rows.push(row);
          assert.sameMembers(idsOf(rows).filter(isAnimal), letters);
        });
      },
    },
  ]),
  ...(["cut", "reset", "end", "stall"] as const).map(
    (how): Case => ({
      name: `a scan goes on after its last row: ${how}`,
      async run(context) {
        await fillMany(
          context,
          Array.from({ length: 50 }, (_, n) => ({ _id: `doc-${n}`, text: "x".repeat(200) })),
        );
        const rule = { of: "^GET .*_all_docs", times: 2, fault: { after: 4_000, how } };
        const scan = async (proxy: RemoteProxy) => {
          const ids = idsOf(await proxy.db.docs().toArray());
          assert.deepEqual(ids, await context.db.keys().toArray());
          const asked = (await proxy.status()).requests.filter((each) => /^GET/.test(each));
          assert.equal(asked.length, 3);
        };
        await throughProxy(context, [rule], scan, how === "stall" ? { timeout: 1_500 } : {});
      },
    }),
  ),
  ...(["continuous", "longpoll"] as const).flatMap((feed) => [
    ...(["cut", "reset", "end", "stall"] as const).map(
      (how): Case => ({
        name: `${feed}: comes back and misses nothing: ${how}`,
        async run(context) {
          const rule = { of: `^GET .*feed=${feed}`, times: 3, fault: { after: 300, how } };
          await throughProxy(context, [rule], async ({ db, status }) => {
            const seen: string[] = [];
            await fill(context.db, { 0: {}, 1: {}, 2: {} });
            for await (const { id } of db.changes({ feed, heartbeat: 200 })) {
              if (!seen.includes(id)) seen.push(id);
              if (seen.length === 12) break;
              if (seen.length > 2) await fill(context.db, { [seen.length]: {} });
            }
            assert.sameMembers(
              seen,
              Array.from({ length: 12 }, (_, n) => `${n}`),
            );
            const opened = (await status()).requests.filter((each) => each.includes(feed));
            assert.isAtLeast(opened.length, 4);
          });
        },
      }),
    ),
    {
      name: `${feed}: break, close and abort hang up`,
      async run(context: Context) {
        await fill(context.db, { cat: {} });
        await throughProxy(context, [], async ({ db, status }) => {
          const isQuiet = async () => (await status()).underWay.length === 0;
          for await (const _change of db.changes({ feed, heartbeat: 1_000 })) break;
          await eventually(isQuiet);
          const controller = new AbortController();
          const { signal } = controller;
          const mine = new Error("mine");
          const aborted = db.changes({ feed, since: "now", signal }).batches().next();
          await eventually(async () => (await status()).underWay.length === 1);
          controller.abort(mine);
          assert.equal(await rejects(aborted, Error), mine);
          await eventually(isQuiet);
          const closed = db.changes({ feed, since: "now" });
          const end = closed.batches().next();
          await eventually(async () => (await status()).underWay.length === 1);
          await closed.close();
          assert.isTrue((await end).done);
          await eventually(isQuiet);
        });
      },
    },
  ]),
  {
    name: "an error has its class, what CouchDB says, and what was asked",
    async run(context) {
      for (const [status, Class] of classes) {
        const body = '{"error":"some_error","reason":"Some reason."}';
        const fault = answer(status, body, { "www-authenticate": 'Basic realm="x"' });
        const rules = [{ of: "^GET", fault }];
        await throughProxy(
          context,
          rules,
          async ({ db, url }) => {
            const error = await rejects(db.get("cat"), Class);
            assert.equal(error.constructor, Class);
            assert.equal(error.status, status);
            assert.equal(error.error, "some_error");
            assert.equal(error.reason, "Some reason.");
            assert.equal(error.url, `${url}/${db.id}/cat`);
            assert.equal(error.method, "GET");
          },
          { retry: { limit: 0 } },
        );
      }
    },
  },
  {
    name: "a page of a proxy is no answer of CouchDB's",
    async run(context) {
      const html = { "content-type": "text/html" };
      for (const [status, Class] of [
        [200, InvalidResponseError],
        [404, InvalidResponseError],
        [502, ServerError],
      ] as const) {
        const rules = [{ of: "^(GET|PUT)", fault: answer(status, "<h1>Hello</h1>", html) }];
        const options = { retry: { limit: 0 } };
        await throughProxy(
          context,
          rules,
          async ({ db }) => {
            await rejects(db.get("cat"), Class);
            await rejects(db.docs().toArray(), Class);
            await rejects(db.changes({ feed: "normal" }).batches().next(), Class);
            // It may have passed the write on.
            const error = await rejects(db.document("cat").save(), NetworkError);
            assert.isTrue(error.mayHaveHappened);
            assert.equal(error.status, status);
            assert.instanceOf(error.cause, Class);
          },
          options,
        );
      }
    },
  },
  {
    name: "a redirect is refused, and nobody is asked where it leads",
    async run(context) {
      for (const status of [301, 302, 303, 307, 308]) {
        const rules = [
          // Not a page's preflight, which asks whether it may.
          { of: "^GET .*cat", fault: answer(status, "", { location: "/elsewhere" }) },
        ];
        await throughProxy(context, rules, async ({ db, status }) => {
          await rejects(db.get("cat"), InvalidResponseError);
          await rejects(db.document("cat").attachment("a").exists(), InvalidResponseError);
          const { requests } = await status();
          assert.isFalse(requests.some((each) => each.includes("elsewhere")));
        });
      }
    },
  },
  {
    name: "a server that does not answer is a TimeoutError",
    async run(context) {
      const rules = [{ of: "cat", fault: { how: "stall" as const } }];
      const options = { timeout: 100, retry: { limit: 0 } };
      await throughProxy(
        context,
        rules,
        async ({ db }) => {
          const read = await rejects(db.get("cat"), TimeoutError);
          assert.isFalse(read.mayHaveHappened);
          const cat = db.document("cat", { legs: 4 });
          assert.isTrue((await rejects(cat.save(), TimeoutError)).mayHaveHappened);
          assert.isTrue(cat.dirty);
        },
        options,
      );
    },
  },
  {
    name: "so is one that stops in the middle",
    async run(context) {
      await fill(context.db, { cat: { text: "x".repeat(1_000) } });
      const rules = [{ of: "^GET .*cat", fault: { after: 500, how: "stall" as const } }];
      const options = { timeout: 100, retry: { limit: 0 } };
      await throughProxy(
        context,
        rules,
        async ({ db, status }) => {
          await rejects(db.get("cat"), TimeoutError);
          await eventually(async () => (await status()).underWay.length === 0);
        },
        options,
      );
    },
  },
  {
    name: "a view and a query that stop in the middle are TimeoutErrors, and are not asked again",
    async run(context) {
      await fillLarge(context);
      const options = { silenceTimeout: 1_500 };
      for (const [name, of, read] of readings.slice(1, 3)) {
        const rule = { of, fault: { after: 5_000, how: "stall" as const } };
        await throughProxy(
          context,
          [rule],
          async ({ db, status }) => {
            const ids: string[] = [];
            const all = async () => {
              for await (const row of read(db)) ids.push(...idsOf([row]));
            };
            await rejects(all, TimeoutError);
            assert.isNotEmpty(ids, name);
            const asked = (await status()).requests.filter((each) => /^(GET|POST)/.test(each));
            assert.equal(asked.length, 1, name);
            await eventually(async () => (await status()).underWay.length === 0);
          },
          options,
        );
      }
    },
  },
  {
    name: "what CouchDB computes may take longer than the timeout",
    async run(context) {
      await fillLarge(context);
      for (const [, of, read] of readings.slice(1, 3)) {
        const rule = { of, fault: { delay: 400 } };
        const scan = async ({ db }: RemoteProxy) => {
          assert.sameMembers(idsOf(await read(db).toArray()), letters);
        };
        await throughProxy(context, [rule], scan, { timeout: 100 });
      }
    },
  },
  {
    name: "a document that keeps arriving may take longer than the timeout",
    async run(context) {
      await fill(context.db, { cat: { text: "x".repeat(1_000) } });
      const rule = { of: "^GET .*cat", fault: { trickle: 20, pause: 20 } };
      const read = async ({ db }: RemoteProxy) => {
        assert.equal((await db.get("cat")).data.text.length, 1_000);
      };
      await throughProxy(context, [rule], read, { timeout: 500 });
    },
  },
  {
    name: "a read that is cut off is sent again",
    async run(context) {
      await fill(context.db, { cat: { text: "x".repeat(1_000) } });
      for (const fault of [{ how: "cut" as const }, { after: 500, how: "cut" as const }]) {
        await throughProxy(context, [{ of: "^GET .*cat", times: 1, fault }], async ({ db }) => {
          assert.equal((await db.get("cat")).data.text.length, 1_000);
        });
      }
    },
  },
  {
    name: "a document that ends too early, as if it were complete, is read again",
    async run(context) {
      await fill(context.db, { cat: { text: "x".repeat(1_000) } });
      for (const after of [1, 500]) {
        const rule = { of: "^GET .*cat", times: 1, fault: { after, how: "end" as const } };
        await throughProxy(context, [rule], async ({ db, status }) => {
          assert.equal((await db.get("cat")).data.text.length, 1_000);
          const reads = (await status()).requests.filter((each) => each.startsWith("GET"));
          assert.equal(reads.length, 2);
        });
      }
    },
  },
  {
    name: "a write whose response ends too early is looked up",
    async run(context) {
      const rule = { of: "^PUT .*cat", times: 1, fault: { after: 5, how: "end" as const } };
      await throughProxy(context, [rule], async ({ db, status }) => {
        const cat = db.document("cat", { legs: 4 });
        await cat.save();
        assert.equal(cat.rev, (await context.db.get("cat")).rev);
        const writes = (await status()).requests.filter((each) => each.startsWith("PUT"));
        assert.equal(writes.length, 1);
      });
    },
  },
  {
    name: "an attachment that ends too early, as if it were complete, is incomplete, and can be read again",
    async run(context) {
      await fill(context.db, { cat: {} });
      const random = crypto.getRandomValues(new Uint8Array(60_000));
      const text = Array.from(random, (byte) => byte.toString(36)).join(" ");
      const contents = { "image/png": random, "text/plain": text };
      for (const [type, content] of Object.entries(contents)) {
        const saved = (await context.db.get("cat")).attachment("a");
        await saved.save(content, type);
        const size = new Blob([content]).size;
        const fault = { after: 20_000, how: "end" as const };
        await throughProxy(context, [{ of: "^GET .*cat/a", times: 1, fault }], async ({ db }) => {
          const receive = async () => {
            let received = 0;
            const response = await (await db.get("cat")).attachment("a").fetch();
            const reader = response.body?.getReader();
            for (let step = await reader?.read(); step?.value; step = await reader?.read())
              received += step.value.length;
            return received;
          };
          await rejects(receive, IncompleteResponseError);
          // Not what a browser has stored of the first response.
          assert.equal(await receive(), size, type);
        });
      }
    },
  },
  {
    name: "a write that is lost on the way is a NetworkError that says so",
    async run(context) {
      await throughProxy(
        context,
        [{ of: "^PUT .*cat", fault: { how: "reset" } }],
        async ({ db }) => {
          const document = db.document("cat", { legs: 4 });
          const error = await rejects(document.save(), NetworkError);
          assert.isFalse(error instanceof TimeoutError);
          assert.isTrue(error.mayHaveHappened);
          assert.isTrue(document.dirty);
        },
      );
    },
  },
  {
    name: "a refused connection is a NetworkError, and the session works when it is taken again",
    async run(context) {
      await throughProxy(context, [], async ({ db, couch, refuse }) => {
        await refuse(true);
        const error = await rejects(couch.info(), NetworkError);
        assert.isFalse(error instanceof TimeoutError);
        assert.isFalse(error.mayHaveHappened);
        await rejects(db.docs().toArray(), NetworkError);
        const cat = db.document("cat", { legs: 4 });
        await rejects(cat.save(), NetworkError);
        await refuse(false);
        await cat.save();
        assert.equal((await context.db.get("cat")).data.legs, 4);
      });
    },
  },
  {
    name: "a write to a server that refuses connections has not happened",
    needs: "refusals told apart",
    async run(context) {
      await throughProxy(context, [], async ({ db, refuse }) => {
        await refuse(true);
        const error = await rejects(db.document("cat").save(), NetworkError);
        assert.isFalse(error.mayHaveHappened);
      });
    },
  },
  {
    name: "a write to a server whose certificate is refused has not happened",
    needs: "refusals told apart",
    async run(context) {
      const write = async ({ db, status }: RemoteProxy) => {
        const error = await rejects(db.document("cat").save(), NetworkError);
        assert.isFalse(error instanceof TimeoutError);
        assert.isFalse(error.mayHaveHappened);
        assert.isEmpty((await status()).requests);
      };
      await throughProxy(context, [], write, {}, true);
    },
  },
  {
    name: "a live feed waits for a server that refuses connections",
    async run(context) {
      await fill(context.db, { cat: {} });
      await throughProxy(context, [], async ({ db, refuse }) => {
        const seen: string[] = [];
        for await (const { id } of db.changes({ feed: "continuous", heartbeat: 200 })) {
          seen.push(id);
          if (id === "dog") break;
          await refuse(true);
          await fill(context.db, { dog: {} });
          await refuse(false);
        }
        assert.deepEqual([...new Set(seen)], ["cat", "dog"]);
      });
    },
  },
  {
    name: "an abort ends what waits, with its very reason, and hangs up",
    async run(context) {
      await fillLarge(context);
      for (const fault of [{ how: "stall" as const }, { after: 10, how: "stall" as const }]) {
        const rules = [{ of: "^(GET|PUT) .*(_all_docs|/a$)", fault }];
        await throughProxy(context, rules, async ({ db, status }) => {
          for (const work of [
            (signal: AbortSignal) => db.get("a", { signal }),
            (signal: AbortSignal) => db.docs({ signal }).toArray(),
            (signal: AbortSignal) => db.document("a", { legs: 4 }).save({ signal }),
          ]) {
            const controller = new AbortController();
            const reason = { mine: true };
            const ended = work(controller.signal).catch((error: unknown) => error);
            await eventually(async () => (await status()).underWay.length === 1);
            controller.abort(reason);
            assert.equal(await ended, reason);
            await eventually(async () => (await status()).underWay.length === 0);
          }
        });
      }
    },
  },
  {
    name: "twenty at once are twenty answers",
    async run({ db }) {
      const ids = Array.from({ length: 20 }, (_, n) => `doc-${n}`);
      await Promise.all(ids.map((id, n) => db.document(id, { n }).save()));
      const read = await Promise.all(ids.map((id) => db.get(id)));
      assert.deepEqual(
        read.map(({ data }) => data.n),
        ids.map((_, n) => n),
      );
    },
  },
  {
    name: "an attachment's first bytes come while the server still holds the last",
    async run(context) {
      await fill(context.db, { cat: {} });
      const bytes = crypto.getRandomValues(new Uint8Array(60_000));
      await (await context.db.get("cat")).attachment("a").save(bytes);
      await throughProxy(
        context,
        [{ of: "^GET .*cat/a", fault: { hold: 30_000 } }],
        async ({ db, goOn }) => {
          const response = await db.document("cat").attachment("a").fetch();
          const reader = response.body?.getReader();
          const received: number[] = [];
          while (received.length < 30_000) received.push(...((await reader?.read())?.value ?? []));
          assert.equal(received.length, 30_000);
          await goOn();
          for (;;) {
            const step = await reader?.read();
            if (!step || step.done) break;
            received.push(...step.value);
          }
          assert.deepEqual(Uint8Array.from(received), bytes);
        },
      );
    },
  },
  {
    name: "an attachment's last bytes are asked for when the first are on their way",
    needs: "streaming upload",
    async run(context) {
      await fill(context.db, { cat: {} });
      await throughProxy(context, [], async ({ db, status }) => {
        const cat = await db.get("cat");
        let asked = 0;
        const source = new ReadableStream<Uint8Array>(
          {
            async pull(controller) {
              asked += 1;
              if (asked === 3) return controller.close();
              if (asked === 2) {
                const isUnderWay = (each: string) => /^PUT .*cat\/a/.test(each);
                await eventually(async () => (await status()).requests.some(isUnderWay));
              }
              controller.enqueue(new Uint8Array(70_000).fill(asked));
            },
          },
          { highWaterMark: 0 },
        );
        await cat.attachment("a").save(source);
        const back = await (await cat.attachment("a").fetch()).arrayBuffer();
        const sums = new Uint8Array(back).reduce((sum, byte) => sum + byte, 0);
        assert.equal(sums, 70_000 * 3);
      });
    },
  },
];
