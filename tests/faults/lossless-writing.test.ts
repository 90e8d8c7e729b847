import { designDoc, security } from "couchfetch";
import { afterEach, describe, expect, test } from "vitest";
import { type Exact, parsers, serving } from "./exact.js";

let server: Exact | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

const rows = '{"total_rows":0,"offset":0,"rows":[]}';
const many = 200;

const answersOf = (numbers: string) => ({
  "GET /animals/cat": `{"_id":"cat","_rev":"1-a","n":${numbers}}`,
  "PUT /animals/cat": '{"ok":true,"id":"cat","rev":"2-b"}',
  "PUT /animals/dog": '{"ok":true,"id":"dog","rev":"1-a"}',
  "GET /animals/_all_docs": (request: string) =>
    request.includes("dog")
      ? '{"rows":[{"key":"dog","error":"not_found"}]}'
      : `{"total_rows":2,"offset":0,"rows":[
    {"id":"cat","key":"cat","value":{"rev":"1-a"},"doc":{"_id":"cat","_rev":"1-a","n":${numbers}}},
    {"id":"fox","key":"fox","value":{"rev":"1-a"},"doc":{"_id":"fox","_rev":"1-a","n":${numbers}}}
  ]}`,
  "POST /animals/_bulk_docs":
    '[{"ok":true,"id":"cat","rev":"2-b"},{"ok":true,"id":"dog","rev":"1-a"}]',
  "GET /animals/_design/zoo/_view/by_n": rows,
  "POST /animals/_design/zoo/_view/by_n": rows,
  "POST /animals/_find": '{"docs":[],"bookmark":"nil"}',
  "POST /animals/_index": '{"result":"created","id":"_design/a","name":"a"}',
  "GET /animals/_changes": '{"results":[],"last_seq":"1-a","pending":0}',
  "POST /animals/_changes": '{"results":[],"last_seq":"1-a","pending":0}',
  "GET /animals/_security": `{"quota":${numbers}}`,
  "PUT /animals/_security": '{"ok":true}',
  "GET /animals/_design/zoo": `{"_id":"_design/zoo","_rev":"1-a","lib":{"n":${numbers}}}`,
  "PUT /animals/_design/zoo": '{"ok":true,"id":"_design/zoo","rev":"2-b"}',
});

/** All that sends what the parser made of numbers, and how it must look on the wire. */
const writes: Record<
  string,
  [
    work: (exact: Exact, numbers: unknown[]) => Promise<unknown>,
    expected: (numbers: string) => object,
  ]
> = {
  "create and save": [
    async ({ db }, n) => (await db.create("dog", { n })).save(),
    (n) => ({ request: "PUT /animals/dog", body: `{"n":${n},"_id":"dog"}` }),
  ],
  "get with a default, and save": [
    async ({ db }, n) => (await db.get("dog", { default: { n } })).save(),
    (n) => ({ request: "PUT /animals/dog", body: `{"n":${n},"_id":"dog"}` }),
  ],
  "a change beside them": [
    async ({ db }) => {
      const cat = await db.get("cat");
      cat.data.legs = 4;
      await cat.save();
    },
    (n) => ({
      request: "PUT /animals/cat",
      body: `{"_id":"cat","_rev":"1-a","n":${n},"legs":4}`,
    }),
  ],
  "a second save": [
    async ({ db }) => {
      const cat = await db.get("cat");
      cat.data.legs = 4;
      await cat.save();
      if ((await cat.save()) !== undefined) throw new Error("it was saved unchanged");
      cat.data.legs = 5;
      await cat.save();
    },
    (n) => ({
      request: "PUT /animals/cat",
      body: `{"_id":"cat","_rev":"2-b","n":${n},"legs":5}`,
    }),
  ],
  "update of one of them": [
    async ({ db }, [value]) => (await db.get("cat")).update((data) => void data.n.push(value)),
    (n) => ({
      request: "PUT /animals/cat",
      body: `{"_id":"cat","_rev":"1-a","n":${n.slice(0, -1)},9007199254740993]}`,
    }),
  ],
  "update that replaces the data": [
    async ({ db }, more) => (await db.get("cat")).update(({ n }) => ({ n, more })),
    (n) => ({
      request: "PUT /animals/cat",
      body: `{"_id":"cat","_rev":"1-a","n":${n},"more":${n}}`,
    }),
  ],
  createDocs: [
    ({ db }, n) => db.createDocs((docs) => docs.create("dog", { n })),
    (n) => ({
      request: "POST /animals/_bulk_docs",
      body: `{"docs":[{"n":${n},"_id":"dog"}]}`,
    }),
  ],
  "updateDocs, only what has changed": [
    ({ db }) =>
      db.updateDocs(["cat", "fox"], ([cat, fox]) => {
        if (cat) cat.data.legs = 4;
        if (fox) fox.data.n = [...fox.data.n];
      }),
    (n) => ({
      request: "POST /animals/_bulk_docs",
      body: `{"docs":[{"_id":"cat","_rev":"1-a","n":${n},"legs":4}]}`,
    }),
  ],
  security: [
    async ({ db }) => {
      const rules = await security(db);
      await rules.save();
      rules.addMember("cat");
      await rules.save();
    },
    (n) => ({
      request: "PUT /animals/_security",
      body: `{"quota":${n},"members":{"names":["cat"]}}`,
    }),
  ],
  "a design document": [
    async ({ db }) => {
      const zoo = await designDoc(db, "zoo", { existsOk: true });
      await zoo.createView("by_n", { map: "…" });
    },
    (n) => ({
      request: "PUT /animals/_design/zoo",
      body: `{"_id":"_design/zoo","_rev":"1-a","lib":{"n":${n}},"views":{"by_n":{"map":"…"}},"language":"javascript"}`,
    }),
  ],
  "find's selector": [
    ({ db }, $in) => db.find({ n: { $in } }, { limit: 1 }).toArray(),
    (n) => ({ request: "POST /animals/_find", body: `{"selector":{"n":{"$in":${n}}},"limit":1}` }),
  ],
  "query's selector": [
    ({ db }, $in) => db.query({ n: { $in } }, { fields: ["n"], limit: 1 }).toArray(),
    (n) => ({
      request: "POST /animals/_find",
      body: `{"fields":["n"],"selector":{"n":{"$in":${n}}},"limit":1}`,
    }),
  ],
  "index's selector": [
    ({ db }, $in) => db.index({ fields: ["n"], partial_filter_selector: { n: { $in } } }),
    (n) => ({
      request: "POST /animals/_index",
      body: `{"index":{"fields":["n"],"partial_filter_selector":{"n":{"$in":${n}}}}}`,
    }),
  ],
  "the selector of a feed": [
    async ({ db }, $in) => {
      for await (const _change of db.changes({ selector: { n: { $in } } }));
    },
    (n) => ({
      request: "POST /animals/_changes?filter=_selector",
      body: `{"selector":{"n":{"$in":${n}}}}`,
    }),
  ],
  key: [
    ({ db }, key) => db.view("zoo", "by_n").rows({ key }).toArray(),
    (n) => ({ request: expect.stringContaining(`key=${n}`), body: "" }),
  ],
  "startkey and endkey": [
    ({ db }, key) => db.view("zoo", "by_n").get({ startkey: key, endkey: [key] }),
    (n) => ({
      request: expect.stringContaining(`startkey=${n}&endkey=[${n}]`),
      body: "",
    }),
  ],
  "keys, by GET": [
    ({ db }, keys) => db.view("zoo", "by_n").get({ keys }),
    (n) => ({ request: expect.stringContaining(`keys=${n}`), body: "" }),
  ],
  "keys, by POST": [
    ({ db }, key) =>
      db
        .view("zoo", "by_n")
        .keys({ keys: Array(many).fill(key) })
        .toArray(),
    (n) => ({
      request: expect.stringMatching(/^POST .*by_n/),
      body: `{"keys":[${Array(many).fill(n)}]}`,
    }),
  ],
  "docs of a view's keys": [
    ({ db }, ids) => db.view("zoo", "by_n").docs({ ids }).toArray(),
    (n) => ({
      request: expect.stringContaining(`keys=${n}`),
      body: "",
    }),
  ],
};

describe.each(parsers)("every number leaves as it was written: $name", ({ json, numbers }) => {
  test.each(Object.entries(writes))("%s", async (_, [work, expected]) => {
    server = await serving(answersOf(numbers), json);
    await work(server, json.parse(numbers) as unknown[]);
    expect(server.sent.at(-1)).toEqual(expected(numbers));
  });

  test("a number that is another is a change, however near it is", async () => {
    server = await serving(answersOf("9007199254740993"), json);
    const cat = await server.db.get("cat");
    for (const near of ["9007199254740992", "9007199254740994", '"9007199254740993"']) {
      cat.data.n = json.parse(near);
      expect(cat.dirty, near).toBe(true);
    }
    cat.data.n = json.parse("9007199254740993");
    expect(cat.dirty).toBe(false);
    // As plain JavaScript, by whoever knows that it is the same.
    cat.data.n = 9007199254740993n;
    expect(cat.dirty).toBe(false);
  });
});
