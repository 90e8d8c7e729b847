import {
  basic,
  ConflictError,
  CouchDB,
  type Database,
  type JsonObject,
  NetworkError,
} from "couchfetch";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type ServerUnderTest, serverUnderTest } from "../server-under-test.js";
import { type Break, type Fault, type FaultProxy, startProxy } from "./proxy.js";

const { SEED, ROUNDS } = process.env;
const seed = SEED === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(SEED);
// ROUNDS=2000 takes more than a minute.
const rounds = Number(ROUNDS ?? 400);

let server: ServerUnderTest;
let proxy: FaultProxy;
/** What goes wrong with the next write, and with the questions after it. */
let faultOfWrite: Fault | undefined;
let faultOfLook: Fault | undefined;
/** Through the proxy, and past it. */
let db: Database;
let truth: Database;

beforeAll(async () => {
  server = await serverUnderTest();
  const { url, user, password } = server;
  proxy = await startProxy(url, ({ method, path }) => {
    const isLook = path.includes("_bulk_get");
    if (isLook || method === "GET" || method === "HEAD") return isLook ? faultOfLook : undefined;
    const fault = faultOfWrite;
    faultOfWrite = undefined;
    return fault;
  });
  const auth = basic(user, password);
  // A silence is long enough to be one.
  const options = { auth, timeout: 250, retry: { limit: 0 } };
  truth = await new CouchDB(url, { auth }).create(`writes_${crypto.randomUUID()}`);
  db = new CouchDB(proxy.url, options).database(truth.id);
});

afterAll(async () => {
  await truth.delete();
  await proxy.close();
  await server.close();
});

const gateway = (status: number) => ({
  status,
  body: "<p>",
  headers: { "content-type": "text/html" },
});
const how = fc.constantFrom<Break>("cut", "reset");

/** Before it is sent, while, after it but before the answer, in the answer; or nothing. */
const anyFault: fc.Arbitrary<Fault> = fc.oneof(
  { weight: 2, arbitrary: fc.constant({}) },
  { weight: 3, arbitrary: fc.record({ how }) },
  { weight: 3, arbitrary: fc.record({ taken: fc.integer({ min: 0, max: 200 }) }) },
  { weight: 6, arbitrary: fc.record({ after: fc.integer({ min: 0, max: 90 }), how }) },
  { weight: 3, arbitrary: fc.record({ unheard: fc.constant(true as const), how }) },
  { weight: 2, arbitrary: fc.constantFrom({ answer: gateway(502) }, { answer: gateway(504) }) },
  { weight: 3, arbitrary: fc.constantFrom({ instead: gateway(502) }, { instead: gateway(503) }) },
  { weight: 1, arbitrary: fc.constantFrom<Fault>({ after: 0, how: "stall" }, { how: "stall" }) },
);
const anyLook = fc.oneof(
  { weight: 9, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.record({ after: fc.integer({ min: 0, max: 90 }), how }) },
);

/** What can be written of a document, and how to see whether it was. */
interface Kind {
  /** Whether the document is there before. */
  isThere: boolean;
  write(id: string, mark: number): Promise<string | undefined>;
  isDone(id: string, mark: number): Promise<boolean>;
}

const isGone = async (id: string) => !(await truth.get(id, { default: {} })).exists;
const markOf = async (id: string) => (await truth.get(id, { default: {} })).data.mark;
const attachment = async (id: string) => {
  const document = await truth.get(id, { default: {} });
  if (!document.data._attachments?.a) return undefined;
  return (await document.attachment("a").fetch()).text();
};

/** A document, after whose reading somebody else may have saved. */
async function readBeforeRival(id: string) {
  const document = await db.get(id);
  await rival?.(id);
  return document;
}

const kinds: Record<string, Kind> = {
  create: {
    isThere: false,
    write: async (id, mark) => (await db.document(id, { mark }).save())?.rev,
    isDone: async (id, mark) => (await markOf(id)) === mark,
  },
  save: {
    isThere: true,
    async write(id, mark) {
      const document = await readBeforeRival(id);
      document.data.mark = mark;
      await document.save();
      return document.rev;
    },
    isDone: async (id, mark) => (await markOf(id)) === mark,
  },
  update: {
    isThere: true,
    async write(id, mark) {
      const document = await readBeforeRival(id);
      await document.update(
        (data) => {
          data.mark = mark;
        },
        { idempotent: true },
      );
      return document.rev;
    },
    isDone: async (id, mark) => (await markOf(id)) === mark,
  },
  count: {
    isThere: true,
    async write(id) {
      const document = await readBeforeRival(id);
      await document.update(
        (data) => {
          data.n = (data.n ?? 0) + 1;
        },
        { token: "by" },
      );
      return document.rev;
    },
    isDone: async (id) => (await truth.get(id)).data.n === 1,
  },
  delete: {
    isThere: true,
    async write(id) {
      const document = await readBeforeRival(id);
      return (await document.delete()).rev;
    },
    isDone: isGone,
  },
  attach: {
    isThere: true,
    async write(id, mark) {
      const document = await readBeforeRival(id);
      return (await document.attachment("a").save(`of ${mark}`.repeat(50))).rev;
    },
    isDone: async (id, mark) => (await attachment(id)) === `of ${mark}`.repeat(50),
  },
  detach: {
    isThere: true,
    async write(id) {
      const document = await readBeforeRival(id);
      return (await document.attachment("old").delete()).rev;
    },
    isDone: async (id) => !(await truth.get(id)).data._attachments?.old,
  },
  bulk: {
    isThere: true,
    async write(id, mark) {
      const document = await readBeforeRival(id);
      document.data.mark = mark;
      const { error } = await db.createDocs((docs) => void docs.append(document));
      if (error.length > 0) throw new ConflictError({ method: "POST", url: "" });
      return document.rev;
    },
    isDone: async (id, mark) => (await markOf(id)) === mark,
  },
};

/** Somebody else, who saves between our read and our write. */
let rival: ((id: string) => Promise<void>) | undefined;

async function otherSave(id: string): Promise<void> {
  const document = await truth.get(id);
  document.data.theirs = true;
  await document.save();
}

test(`what is said of ${rounds} writes that were disturbed is what the database holds`, async () => {
  const round = fc.record({
    kind: fc.constantFrom(...Object.keys(kinds)),
    fault: anyFault,
    look: anyLook,
    hasRival: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
  });
  const said: Record<string, number> = {};
  const wrong: object[] = [];
  for (const [mark, { kind: name, fault, look, hasRival }] of fc
    .sample(round, { seed, numRuns: rounds })
    .entries()) {
    const kind = kinds[name] as Kind;
    const id = `doc-${mark}`;
    if (kind.isThere) {
      await truth.document(id, { mark: "before" }).save();
      if (name === "detach") await (await truth.get(id)).attachment("old").save("old");
    }
    [faultOfWrite, faultOfLook, rival] = [fault, look, hasRival ? otherSave : undefined];
    const outcome = await kind.write(id, mark).then(
      (rev) => ({ says: "done", rev, error: undefined }),
      (error: unknown) => ({ says: sayingOf(error), rev: undefined, error }),
    );
    [faultOfWrite, faultOfLook, rival] = [undefined, undefined, undefined];
    for (const passing of proxy.underWay) passing.breakOff("reset");
    await vi.waitUntil(() => proxy.underWay.size === 0, 10_000);
    const isDone = await kind.isDone(id, mark);
    const isRight =
      outcome.says === "done" ? isDone : outcome.says === "may have happened" || !isDone;
    const key = `${outcome.says}, and ${isDone ? "done" : "not"}`;
    said[key] = (said[key] ?? 0) + 1;
    const current = outcome.says === "done" && name !== "delete" ? (await truth.get(id)).rev : "";
    if (!isRight || outcome.says === "other" || (current && current !== outcome.rev)) {
      wrong.push({ mark, name, fault, look, hasRival, isDone, current, ...outcome });
    }
  }
  console.log(`${rounds} disturbed writes, seed ${seed}:`, said);
  expect(wrong).toEqual([]);
  expect(said["done, and done"]).toBeGreaterThan(rounds / 4);
}, 600_000);

test(`two clients that count at once count each done update, ${rounds / 4} times`, async () => {
  const round = fc.record({
    fault: anyFault,
    look: anyLook,
    options: fc.constantFrom({}, { token: "by" }),
    isBehind: fc.boolean(),
  });
  const said: Record<string, number> = {};
  const increment = (data: JsonObject) => {
    data.n += 1;
  };
  for (const [at, { fault, look, options, isBehind }] of fc
    .sample(round, { seed, numRuns: rounds / 4 })
    .entries()) {
    const id = `counter-${at}`;
    await truth.document(id, { n: 0 }).save();
    [faultOfWrite, faultOfLook] = [fault, look];
    let isFirst = true;
    const mutate = async (data: JsonObject) => {
      if (isFirst && isBehind) await (await truth.get(id)).update(increment);
      isFirst = false;
      increment(data);
    };
    const says = await db
      .document(id)
      .update(mutate, options)
      .then(() => "done", sayingOf);
    [faultOfWrite, faultOfLook] = [undefined, undefined];
    for (const passing of proxy.underWay) passing.breakOff("reset");
    await vi.waitUntil(() => proxy.underWay.size === 0, 10_000);
    said[says] = (said[says] ?? 0) + 1;
    const ours = (await truth.get(id)).data.n - (isBehind ? 1 : 0);
    const possible = { done: [1], "may have happened": [0, 1] }[says] ?? [0];
    expect(possible, JSON.stringify({ at, seed, fault, look, options, says })).toContain(ours);
  }
  console.log(`counted, seed ${seed}:`, said);
  expect(said.done).toBeGreaterThan(rounds / 16);
}, 600_000);

function sayingOf(error: unknown): string {
  if (error instanceof ConflictError) return "conflict";
  if (error instanceof NetworkError && error.mayHaveHappened) return "may have happened";
  return "other";
}
