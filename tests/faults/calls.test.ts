import { setTimeout as sleep } from "node:timers/promises";
import {
  basic,
  ConflictError,
  CouchDB,
  type Database,
  type Document,
  NotFoundError,
} from "couchfetch";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ServerUnderTest, serverUnderTest } from "../server-under-test.js";

const { SEED, ROUNDS } = process.env;
const seed = SEED === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(SEED);
const rounds = Number(ROUNDS ?? 150);

let server: ServerUnderTest;
let db: Database;
/** Milliseconds that each response is late. */
let delays: number[] = [];

beforeAll(async () => {
  server = await serverUnderTest();
  const { url, user, password } = server;
  const auth = basic(user, password);
  const fetch = async (request: Request, init?: RequestInit) => {
    const delay = delays.shift() ?? 0;
    const response = await globalThis.fetch(request, init);
    if (delay > 0) await sleep(delay);
    return response;
  };
  db = await new CouchDB(url, { auth, fetch }).create(`calls_${crypto.randomUUID()}`);
});

afterAll(async () => {
  await db.delete();
  await server.close();
});

/** The calls; "update" leaves changes that are made meanwhile in conflict, and has a test of its own. */
const calls: Record<string, (cat: Document, signal: AbortSignal) => Promise<unknown>> = {
  save: (cat, signal) => cat.save({ signal }),
  fetch: (cat, signal) => cat.fetch({ signal }),
  drop: (cat, signal) => cat.fetch({ signal, discardChanges: true }),
  delete: (cat, signal) => cat.delete({ signal }),
  attach: (cat, signal) => cat.attachment("a").save("text", "text/plain", { signal }),
  copy: (cat, signal) => cat.copy(`copy-${crypto.randomUUID()}`, { signal }),
  bulk: async (cat, signal) => {
    const docs = await db.createDocs(() => {});
    docs.append(cat);
    await docs.save({ signal });
  },
};

type Step = { call: string } | { edit: number } | { pause: number } | { abort: number };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ call: fc.constantFrom(...Object.keys(calls)) }) },
  { weight: 4, arbitrary: fc.record({ edit: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ pause: fc.integer({ min: 0, max: 8 }) }) },
  { weight: 1, arbitrary: fc.record({ abort: fc.nat(5) }) },
);
const anyRound = fc.record({
  steps: fc.array(anyStep, { minLength: 2, maxLength: 14 }),
  delays: fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 20 }),
});

test(`calls on one object end, and leave it as the server has it: ${rounds} times`, async () => {
  console.log(`calls on one object, seed ${seed}`);
  for (const [at, round] of fc.sample(anyRound, { seed, numRuns: rounds }).entries()) {
    const cat = db.document(`cat-${at}`, { n: 0 });
    await cat.save();
    delays = [...round.delays];
    const works: Promise<unknown>[] = [];
    const aborts: AbortController[] = [];
    for (const step of round.steps) {
      if ("edit" in step) cat.data.n = step.edit;
      else if ("pause" in step) await sleep(step.pause);
      else if ("abort" in step) aborts[step.abort]?.abort(new Error("enough"));
      else {
        const abort = new AbortController();
        aborts.push(abort);
        const work = calls[step.call]?.(cat, abort.signal);
        works.push(Promise.resolve(work).catch((error) => error));
      }
    }
    const isAborted = aborts.some(({ signal }) => signal.aborted);
    for (const error of await Promise.all(works)) {
      if (!(error instanceof Error) || error.message === "enough") continue;
      if (error instanceof NotFoundError) continue;
      expect(error, JSON.stringify({ at, seed, round })).toBeInstanceOf(ConflictError);
      // A write that was aborted under way may have happened.
      const reason = (error as ConflictError).reason ?? "";
      if (!isAborted)
        expect(reason, JSON.stringify({ at, seed, round })).toMatch(
          /has unsaved changes|must be read or saved first/,
        );
    }
    if (!isAborted && cat.exists && !cat.dirty)
      expect((await db.get(cat.id)).data, JSON.stringify({ at, seed, round })).toEqual(cat.data);
    // Nothing waits for ever.
    await cat.fetch({ discardChanges: true }).catch(() => {});
  }
}, 300_000);
