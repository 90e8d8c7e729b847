import { assert } from "chai";
import { CouchDB, type Database } from "couchfetch";

/** What a case is run with. */
export interface Context {
  /** The server's URL, without credentials. */
  url: string;
  user: string;
  password: string;
  /** A session with all rights. */
  couch: CouchDB;
  /** A database that is this case's own, new and empty. */
  db: Database;
}

/** One promise, and how it is tried. No test runner is part of it: any runtime can run it. */
export interface Case {
  name: string;
  /** What not every server can do; a runner that leaves the case out says so. */
  needs?: "__proto__ members";
  run(context: Context): Promise<void>;
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
    await (await db.create(id, { data })).save();
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

/** Runs a case on a database of its own, which is gone afterwards. */
export async function runCase(
  { run }: Case,
  server: Pick<Context, "url" | "user" | "password">,
): Promise<void> {
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
