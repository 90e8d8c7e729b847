import { assert } from "chai";
import { basic, CouchDB, type Database, type Fetch } from "couchfetch";

/** Whether the runtime keeps cookies, which no script can set. */
export const isBrowser = !new Request("http://localhost/", {
  headers: { cookie: "a=b" },
}).headers.has("cookie");

/** What cases are run against. */
export interface Server {
  /** Without credentials. */
  url: string;
  user: string;
  password: string;
  /** What it signs with, where that is known. */
  secret?: string | undefined;
  /** Where a fault proxy before it can be had. */
  proxies: string;
}

/** What a case is run with. */
export interface Context extends Server {
  /** A session with all rights. */
  couch: CouchDB;
  /** A database that is this case's own, new and empty. */
  db: Database;
}

/** What not every runtime, or every server, can do. */
type Need =
  | "any header"
  | "Cookie headers"
  | "cookies across origins"
  | "exact numbers"
  | "nodes"
  | "partitions"
  | "query plans"
  | "refusals told apart"
  | "replication"
  | "single DELETE"
  | "single sending"
  | "streaming upload"
  | "the server's secret"
  | "update functions";

/** One promise, and how it is tried. No test runner is part of it: any runtime can run it. */
export interface Case {
  name: string;
  /** A runner that leaves the case out, because this cannot be had, says so. */
  needs?: Need | Need[];
  run(context: Context): Promise<void>;
}

/** What cannot be done, and why. */
export type Lacks = { [need in Need]?: string };

/** Why a case has to be left out, if it has. */
export function reasonToSkip({ needs = [] }: Case, lacks: Lacks): string | undefined {
  return [needs].flat().flatMap((need) => lacks[need] ?? [])[0];
}

type ErrorClass<E extends Error> = abstract new (...parameters: never[]) => E;

/** The error of the given class that the work must reject with. */
export async function rejects<E extends Error>(
  work: Promise<unknown> | (() => unknown),
  Class: ErrorClass<E>,
): Promise<E> {
  try {
    await (typeof work === "function" ? work() : work);
  } catch (error) {
    assert.isTrue(error instanceof Class, `${error} is no ${Class.name}`);
    return error as E;
  }
  throw new Error(`nothing was thrown where ${Class.name} was expected`);
}

/** Documents with these ids, saved. */
export async function fill(db: Database, documents: Record<string, object>): Promise<void> {
  for (const [id, data] of Object.entries(documents)) {
    await (await db.create(id, data)).save();
  }
}

/** Documents by the thousand, in one request of our own making. */
export async function fillMany({ url, user, password, db }: Context, docs: object[]) {
  const response = await fetch(`${url}/${db.id}/_bulk_docs`, {
    method: "POST",
    headers: {
      authorization: `Basic ${btoa(`${user}:${password}`)}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ docs }),
  });
  assert.equal(response.status, 201);
  await response.text();
}

/**
 * A session of its own, and what it sends: of each request its method and its path within the case's
 * database, and the JSON that was posted.
 */
export function watch({ url, user, password, db }: Context) {
  const sent: string[] = [];
  const bodies: object[] = [];
  const base = url.replace(/\/+$/, "");
  const fetch: Fetch = async (request, init) => {
    const path = request.url.slice(base.length).replace(`/${db.id}`, "");
    sent.push(`${request.method} ${path}`);
    if (request.method === "POST") bodies.push(await request.clone().json());
    return globalThis.fetch(request, init);
  };
  const couch = new CouchDB(url, { auth: basic(user, password), fetch });
  return { couch, db: couch.database(db.id), sent, bodies };
}

/** A session with a server that has one answer to everything. */
export function answering(status: number, body: unknown): CouchDB {
  return new CouchDB("http://localhost:1", { fetch: async () => Response.json(body, { status }) });
}

/** A user of the server who is nobody's else, and gone afterwards. */
export async function withUser(
  { couch, url }: Context,
  { name = "user", roles = [] as string[], password = "the user's" },
  work: (user: { name: string; password: string; session: CouchDB }) => Promise<void>,
): Promise<void> {
  const users = await couch.create("_users", { existsOk: true });
  const person = { name: `${name}-${crypto.randomUUID()}`, password, roles };
  const id = `org.couchdb.user:${person.name}`;
  const document = await users.create(id, { ...person, type: "user" });
  await document.save();
  const session = new CouchDB(url, { auth: basic(person.name, person.password) });
  try {
    await work({ ...person, session });
  } finally {
    await session.close();
    await document.delete();
  }
}

// Far longer than a case takes, and shorter than a test runner waits.
const patience = 15_000;

/** Waits until something is so, or fails. */
export async function eventually(isSo: () => Promise<boolean> | boolean): Promise<void> {
  const end = Date.now() + patience;
  while (!(await isSo())) {
    assert.isBelow(Date.now(), end, `in vain: ${isSo}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Runs a case on a database of its own, which is gone afterwards. */
export async function runCase({ run }: Case, server: Server): Promise<void> {
  const url = new URL(server.url);
  url.username = encodeURIComponent(server.user);
  url.password = encodeURIComponent(server.password);
  const couch = new CouchDB(url);
  const db = await couch.create(`conformance_${crypto.randomUUID()}`);
  try {
    await run({ ...server, couch, db });
  } finally {
    await db.delete();
    await couch.close();
  }
}
