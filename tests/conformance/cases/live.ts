import { assert } from "chai";
import { BadRequestError, basic, CouchDB, type Database, NotFoundError } from "couchfetch";
import { type LiveOptions, type LiveQuery, live, type Snapshot } from "couchfetch/live";
import { type StandardSchema, standardSchema } from "couchfetch/schema";
import { type Case, eventually, fill, fillMany, rejects, watch } from "../case.js";
import { throughProxy } from "../proxies.js";

const idsOf = ({ docs }: Pick<Snapshot<object>, "docs">) => docs.map(({ id }) => id);

/** Subscribes for as long as the work takes. The query's connection is closed a second later. */
async function following<D extends object>(
  query: LiveQuery<D>,
  work: (snapshots: Snapshot<D>[]) => Promise<void>,
): Promise<void> {
  const snapshots: Snapshot<D>[] = [];
  const stop = query.subscribe((snapshot) => snapshots.push(snapshot));
  try {
    await work(snapshots);
  } finally {
    stop();
  }
}

const shows = (query: LiveQuery<object>, ids: string[]) =>
  eventually(() => idsOf(query.current).join() === ids.join());

async function change(db: Database, id: string, data: object): Promise<void> {
  const document = await db.get(id);
  Object.assign(document.data, data);
  await document.save();
}

const animals = {
  cat: { legs: 4, name: "Tom" },
  dog: { legs: 4, name: "Rex" },
  fish: { legs: 0, name: "Nemo" },
  fly: { legs: 6 },
};

/** How each kind of query follows: what it shows at first, and after the changes. */
const kinds: [name: string, query: LiveOptions, before: string[], after: string[]][] = [
  ["the whole database", {}, ["cat", "dog", "fish", "fly"], ["ant", "cat", "fish", "fly"]],
  ["a prefix", { prefix: "f" }, ["fish", "fly"], ["fish", "fly"]],
  ["ids, in their order", { ids: ["fly", "ant", "dog"] }, ["fly", "dog"], ["fly", "ant"]],
  ["a selector", { selector: { legs: { $gt: 3 } } }, ["cat", "dog", "fly"], ["ant", "fish", "fly"]],
  [
    "a sorted selector",
    { selector: { legs: { $gte: 0 } }, sort: [{ legs: "desc" }, "name"] },
    ["fly", "dog", "cat", "fish"],
    ["fish", "fly", "ant", "cat"],
  ],
  ["the first ones", { sort: [{ legs: "desc" }], limit: 2 }, ["fly", "dog"], ["fish", "fly"]],
];

export const liveCases: Case[] = [
  ...kinds.map(
    ([name, query, before, after]): Case => ({
      name: `shows ${name}, and follows it`,
      async run({ db }) {
        await fill(db, { ...animals, "_design/zoo": {} });
        const result = live(db, query);
        assert.deepEqual(result.current, { docs: [], status: "loading" });
        await following(result, async () => {
          const ready = await result.ready;
          assert.deepEqual(idsOf(ready), before);
          assert.equal(ready.status, "live");
          await fill(db, { ant: { legs: 6, name: "Z" } });
          await change(db, "fish", { legs: 7 });
          await change(db, "cat", { legs: 3 });
          await (await db.get("dog")).delete();
          await shows(result, after);
          assert.equal(result.current.status, "live");
        });
      },
    }),
  ),
  {
    name: "documents are what the database holds, and keep their identity",
    async run({ db }) {
      await fill(db, animals);
      const result = live(db);
      await following(result, async (snapshots) => {
        const [cat, dog] = (await result.ready).docs;
        const read = await db.get("cat");
        assert.deepEqual(cat, { id: "cat", rev: read.rev as string, data: read.data });
        await change(db, "dog", { legs: 3 });
        await eventually(() => result.current.docs[1] !== dog);
        assert.strictEqual(result.current.docs[0], cat);
        assert.equal(result.current.docs[1]?.data.legs, 3);
        for (const part of [result.current, result.current.docs, cat, cat?.data])
          assert.isTrue(Object.isFrozen(part));
        for (const [at, { docs, status }] of snapshots.entries())
          assert.isFalse(
            docs === snapshots[at - 1]?.docs && status === snapshots[at - 1]?.status,
            "a snapshot that says nothing new",
          );
      });
    },
  },
  {
    name: "shows only some fields",
    async run({ db }) {
      await fill(db, { cat: { name: "Tom", home: { city: "Rome", street: "Via" } } });
      const result = live(db, { fields: ["name", "home.city"] });
      const [cat] = (await result.ready).docs;
      assert.deepEqual({ ...cat?.data }, { name: "Tom", home: { city: "Rome" } });
    },
  },
  {
    name: "for await gives the latest snapshot, and leaving the loop ends the subscription",
    async run({ db }) {
      await fill(db, animals);
      const seen: string[] = [];
      for await (const { docs, status } of live(db, { prefix: "f" })) {
        seen.push(`${status} ${docs.map(({ id }) => id)}`);
        if (docs.length === 2) await fill(db, { fox: {} });
        if (docs.length === 3) break;
      }
      assert.equal(seen[0], "loading ");
      assert.equal(seen.at(-1), "live fish,fly,fox");
    },
  },
  {
    name: "two hundred subscribers have one connection, which closes a second after the last",
    async run(context) {
      await fill(context.db, animals);
      await throughProxy(context, [], async (proxy) => {
        const queries = Array.from({ length: 20 }, () => live(proxy.db, { prefix: "f" }));
        const stops = queries.flatMap((query) =>
          Array.from({ length: 10 }, () => query.subscribe(() => {})),
        );
        await Promise.all(queries.map(({ ready }) => ready));
        await fill(context.db, { fox: {} });
        for (const query of queries) await shows(query, ["fish", "fly", "fox"]);
        const { requests, underWay } = await proxy.status();
        assert.lengthOf(underWay, 1);
        const feeds = requests.filter((request) => /^GET .*feed=continuous/.test(request));
        assert.lengthOf(feeds, 1);
        for (const stop of stops) stop();
        await eventually(async () => (await proxy.status()).underWay.length === 0);
      });
    },
  },
  {
    name: "a subscription that ends and begins again keeps its connection",
    async run(context) {
      const { db, sent } = watch(context);
      await fill(context.db, animals);
      const result = live(db);
      result.subscribe(() => {})();
      const stop = result.subscribe(() => {});
      await result.ready;
      result.subscribe(() => {})();
      stop();
      await following(result, async () => {
        await fill(context.db, { fox: {} });
        await shows(result, ["cat", "dog", "fish", "fly", "fox"]);
      });
      assert.lengthOf(
        sent.filter((request) => request.includes("_all_docs")),
        1,
      );
      assert.lengthOf(
        sent.filter((request) => request.includes("feed=continuous")),
        1,
      );
    },
  },
  {
    name: "a query resumes where it stopped, deletions included",
    async run(context) {
      await fill(context.db, animals);
      await throughProxy(context, [], async (proxy) => {
        const result = live(proxy.db);
        await result.ready;
        await eventually(async () => (await proxy.status()).underWay.length === 0);
        await (await context.db.get("cat")).delete();
        await fill(context.db, { fox: {} });
        await following(result, () => shows(result, ["dog", "fish", "fly", "fox"]));
        const { requests } = await proxy.status();
        assert.lengthOf(
          requests.filter((request) => /^GET .*_all_docs/.test(request)),
          1,
        );
      });
    },
  },
  {
    name: "the feed is no wider than the queries need",
    async run(context) {
      const { db, sent, bodies } = watch(context);
      await fill(context.db, animals);
      const feedsOf = () => sent.filter((request) => request.includes("_changes"));
      const some = live(db, { ids: ["cat", "fish"] });
      const names = live(db, { fields: ["_id"] });
      await following(some, async () => {
        await some.ready;
        assert.isTrue(feedsOf().every((request) => request.startsWith("POST")));
        assert.deepInclude(bodies, { doc_ids: ["cat", "fish"] });
        await following(names, async () => {
          assert.deepEqual(idsOf(await names.ready), ["cat", "dog", "fish", "fly"]);
          await fill(context.db, { fox: {} });
          await shows(names, ["cat", "dog", "fish", "fly", "fox"]);
          assert.deepEqual({ ...names.current.docs[4]?.data }, { _id: "fox" });
        });
        await change(context.db, "cat", { legs: 3 });
        await eventually(() => some.current.docs[0]?.data.legs === 3);
      });
    },
  },
  {
    name: "what changes during the first read is neither missed nor undone",
    async run(context) {
      await fill(context.db, animals);
      const rule = { of: "^GET .*_all_docs", times: 1, fault: { hold: 120 } };
      await throughProxy(context, [rule], async (proxy) => {
        const result = live(proxy.db);
        await following(result, async () => {
          await eventually(async () => (await proxy.status()).underWay.length >= 2);
          assert.deepEqual(result.current, { docs: [], status: "loading" });
          await change(context.db, "cat", { legs: 3 });
          await (await context.db.get("fly")).delete();
          await proxy.goOn();
          await result.ready;
          await eventually(() => idsOf(result.current).join() === "cat,dog,fish");
          assert.equal(result.current.docs[0]?.data.legs, 3);
        });
      });
    },
  },
  {
    name: "the first read may be shown while it is under way",
    async run(context) {
      await fill(context.db, animals);
      const rule = { of: "^GET .*_all_docs", times: 1, fault: { hold: 400 } };
      await throughProxy(context, [rule], async (proxy) => {
        const partial = live(proxy.db, { partial: true });
        await following(partial, async () => {
          await eventually(() => partial.current.docs.length > 0);
          assert.equal(partial.current.status, "loading");
          assert.isBelow(partial.current.docs.length, 4);
          await proxy.goOn();
          assert.deepEqual(idsOf(await partial.ready), ["cat", "dog", "fish", "fly"]);
        });
      });
    },
  },
  {
    name: "after an outage it is exact again",
    async run(context) {
      await fill(context.db, animals);
      await throughProxy(context, [], async (proxy) => {
        const result = live(proxy.db);
        await following(result, async (snapshots) => {
          await result.ready;
          await proxy.refuse(true);
          await eventually(() => result.current.status === "reconnecting");
          assert.instanceOf(result.current.error, Error);
          await (await context.db.get("cat")).delete();
          await fill(context.db, { fox: {} });
          await proxy.refuse(false);
          await shows(result, ["dog", "fish", "fly", "fox"]);
          await eventually(() => result.current.status === "live");
          assert.isUndefined(result.current.error);
          assert.notInclude(snapshots.map(({ status }) => status).slice(2), "loading");
        });
      });
    },
  },
  {
    name: "a server that is not there yet is waited for",
    async run(context) {
      await fill(context.db, animals);
      await throughProxy(context, [], async (proxy) => {
        await proxy.refuse(true);
        const result = live(proxy.db);
        await following(result, async () => {
          await eventually(() => result.current.status === "reconnecting");
          await proxy.refuse(false);
          assert.lengthOf((await result.ready).docs, 4);
        });
      });
    },
  },
  {
    name: "a database that is deleted or missing ends the query",
    async run({ couch, db }) {
      await fill(db, animals);
      const result = live(db);
      await following(result, async () => {
        await result.ready;
        await db.delete();
        await eventually(() => result.current.status === "closed");
        assert.instanceOf(result.current.error, NotFoundError);
      });
      const none = live(couch.database(db.id));
      await rejects(none.ready, NotFoundError);
      await rejects(async () => {
        for await (const _ of none);
      }, NotFoundError);
      assert.equal(none.current.status, "closed");
      await couch.create(db.id);
    },
  },
  {
    name: "a selector that CouchDB refuses ends the query",
    async run({ db }) {
      const refused = live(db, { selector: { $gt: 4 } });
      await rejects(refused.ready, BadRequestError);
      assert.equal(refused.current.status, "closed");
    },
  },
  {
    name: "a session that closes ends the query",
    async run({ url, db }) {
      const couch = new CouchDB(url);
      const result = live(couch.database(db.id));
      await following(result, async () => {
        await couch.close();
        await eventually(() => result.current.status === "closed");
      });
    },
  },
  {
    name: "the schema of the database validates the documents",
    async run(context) {
      const { couch, db } = context;
      await fill(db, { cat: { legs: 4 }, dog: { legs: "four" } });
      const schema: StandardSchema<{ legs: number }> = {
        "~standard": {
          version: 1,
          vendor: "test",
          validate: (value) =>
            typeof Object(value).legs === "number"
              ? { value: value as { legs: number } }
              : { issues: [{ message: "legs must be a number" }] },
        },
      };
      const onInvalid = () => "skip" as const;
      const typed = couch.database(db.id, { schema: standardSchema(schema, { onInvalid }) });
      const result = live(typed, { selector: { legs: { $exists: true } } });
      await following(result, async () => {
        assert.deepEqual(idsOf(await result.ready), ["cat"]);
        await change(db, "dog", { legs: 4 });
        await eventually(() => result.current.docs.length === 2);
        await change(db, "cat", { legs: "none" });
        await eventually(() => result.current.docs.length === 1);
      });
      const strict = live(couch.database(db.id, { schema: standardSchema(schema) }));
      await rejects(strict.ready, Error);
    },
  },
  {
    name: "tabs share one connection, and the next one takes over",
    async run(context) {
      await fill(context.db, animals);
      const { BroadcastChannel, navigator } = globalThis as Partial<typeof globalThis>;
      const isShared = BroadcastChannel !== undefined && navigator?.locks !== undefined;
      await throughProxy(context, [], async (proxy) => {
        // Two sessions are as far apart as two tabs.
        const sessions = [1, 2, 3].map(() => {
          const { user, password } = context;
          return new CouchDB(proxy.url, { auth: basic(user, password) });
        });
        const open = async () =>
          (await proxy.status()).requests.filter((request) => request.includes("feed=continuous"));
        const queries = sessions.map((couch, n) => {
          const query = [{}, { prefix: "f" }, { ids: ["cat", "fox"] }][n];
          return live(couch.database(context.db.id), { ...query, tabs: true });
        }) as [LiveQuery, LiveQuery, LiveQuery];
        const [all, some, named] = queries;
        const stops = queries.map((query) => query.subscribe(() => {}));
        await Promise.all(queries.map(({ ready }) => ready));
        await eventually(async () => (await proxy.status()).underWay.length === (isShared ? 1 : 3));
        await fill(context.db, { fox: {} });
        await shows(all, ["cat", "dog", "fish", "fly", "fox"]);
        await shows(some, ["fish", "fly", "fox"]);
        await shows(named, ["cat", "fox"]);
        // Whichever has the connection, the last one to stay gets it.
        for (const [n, id] of ["owl", "fig"].entries()) {
          stops[n]?.();
          await eventually(async () => (await open()).length > 0);
          await fill(context.db, { [id]: {} });
          await (await context.db.get(n === 0 ? "fly" : "cat")).delete();
          if (n === 0) await shows(some, ["fish", "fox"]);
        }
        await shows(named, ["fox"]);
        stops[2]?.();
        await eventually(async () => (await proxy.status()).underWay.length === 0);
        for (const couch of sessions) await couch.close();
      });
    },
  },
  {
    name: "invalid queries are errors before anything is sent",
    async run(context) {
      const { db, sent } = watch(context);
      const invalid: [LiveOptions, RegExp][] = [
        [{ selector: undefined }, /`selector` must be/],
        [{ selector: { legs: undefined } }, /`selector.legs`/],
        [{ selector: { $text: "cat" } }, /`\$text`/],
        [{ selector: { legs: { $near: 1 } } }, /`\$near`/],
        [{ selector: { name: { $regex: "(?P<n>a)" } } }, /`\$regex`/],
        [{ selector: { legs: { $in: 4 } } }, /`\$in` must be an array/],
        [{ prefix: "a", ids: [] }, /`prefix` excludes `ids`/],
        [{ ids: "cat" as never }, /`ids` must be an array/],
        [{ ids: [undefined as never] }, /`ids` must be a string/],
        [{ sort: ["a..b"] }, /is not a field/],
        [{ sort: [{ legs: "down" as never }] }, /`sort` must be fields/],
        [{ sort: [{ legs: "asc", name: "desc" }] }, /`sort` must be fields/],
        [{ limit: -1 }, /`limit`/],
        [{ since: 1 } as never, /unknown option `since`/],
      ];
      for (const [query, message] of invalid) {
        const error = await rejects(() => live(db, query), Error);
        assert.match(error.message, message);
      }
      assert.deepEqual(sent, []);
    },
  },
  {
    name: "a burst is one snapshot a frame",
    async run(context) {
      const result = live(context.db);
      await following(result, async (snapshots) => {
        await result.ready;
        const before = snapshots.length;
        await fillMany(
          context,
          Array.from({ length: 500 }, (_, n) => ({ _id: `doc-${n}` })),
        );
        await eventually(() => result.current.docs.length === 500);
        assert.isBelow(snapshots.length - before, 100);
      });
    },
  },
];
