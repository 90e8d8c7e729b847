import { basic, CouchDB, type CouchDBOptions, type Database } from "couchfetch";
import { afterAll, afterEach, beforeAll, beforeEach, vi } from "vitest";
import { type ServerUnderTest, serverUnderTest } from "../server-under-test.js";
import { type Fault, type FaultProxy, startProxy } from "./proxy.js";

/** A database that is written to directly, and followed through a proxy. */
export interface Followed {
  server: ServerUnderTest;
  proxy: FaultProxy;
  /** A session with the server itself, and the database in it: for writing. */
  couch: CouchDB;
  db: Database;
  /** A session through the proxy, and the database in it. */
  session(options?: CouchDBOptions): CouchDB;
  followed(options?: CouchDBOptions): Database;
  /** What the network does to each request for a feed from now on, given how many came before. */
  faults(faultOf: (before: number, path: string) => Fault | undefined): void;
  /** The parameters of the requests for feeds, in order. */
  asked(): Record<string, string>[];
}

const isFeed = (path: string) => /\/(_changes|_db_updates)(\?|$)/.test(path);

/** A server for the tests of a file; a database, and a proxy without faults yet, for each test. */
export function following(): Followed {
  const followed = {} as Followed;
  const sessions: CouchDB[] = [];

  beforeAll(async () => {
    followed.server = await serverUnderTest();
  });

  beforeEach(async () => {
    const { url, user, password } = followed.server;
    const session = (at: string, options: CouchDBOptions = {}) => {
      const couch = new CouchDB(at, { auth: basic(user, password), ...options });
      sessions.push(couch);
      return couch;
    };
    let faultOf: Parameters<Followed["faults"]>[0] = () => undefined;
    let before = 0;
    const proxy = await startProxy(url, ({ path }) => {
      if (!isFeed(path)) return undefined;
      before += 1;
      return faultOf(before - 1, path);
    });
    const couch = session(url);
    const db = await couch.create(`following_${crypto.randomUUID()}`);
    Object.assign(followed, {
      proxy,
      couch,
      db,
      session: (options) => session(proxy.url, options),
      followed: (options) => session(proxy.url, options).database(db.id),
      faults(wanted) {
        faultOf = wanted;
        before = 0;
      },
      asked: () =>
        proxy.requests
          .filter(isFeed)
          .map((request) => Object.fromEntries(new URLSearchParams(request.split("?")[1]))),
    } satisfies Partial<Followed>);
  });

  afterEach(async () => {
    vi.restoreAllMocks();
    await followed.proxy.close();
    await followed.couch.delete(followed.db.id).catch(() => {});
    await Promise.all(sessions.splice(0).map((couch) => couch.close()));
  });

  afterAll(() => followed.server.close());
  return followed;
}

/** Makes waits between tries as short as chance allows. */
export function hurry(): void {
  vi.spyOn(Math, "random").mockReturnValue(0.001);
}

/** Writes documents one after the other: `doc-0`, `doc-1`, … */
export async function write(db: Database, count: number, from = 0): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, n) => `doc-${from + n}`);
  for (const id of ids) await db.document(id, { text: "ä🦊" }).save();
  return ids;
}

/** The ids that come, up to so many. */
export async function take(events: AsyncIterable<{ id: string }>, count: number) {
  const ids: string[] = [];
  for await (const { id } of events) if (ids.push(id) === count) break;
  return ids;
}

export const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error) => error,
  );
