import { CouchDB, cookie, type Database, type DocumentData } from "couchfetch";
import { type LiveQuery, live } from "couchfetch/live";

const { VITE_COUCHDB_URL = "http://localhost:5984", VITE_DATABASE = "chores" } = import.meta.env;

export interface Chore {
  title: string;
  done: boolean;
}

export type Chores = LiveQuery<DocumentData<Chore>>;

export interface Session {
  user: string;
  db: Database<Chore>;
  /** All chores. Components share this query, and tabs its connection. */
  chores: Chores;
  /** Also in the other tabs. */
  signOut(): Promise<void>;
}

/**
 * Logs in. Without a login, it continues the session whose cookie the browser holds, as after a reload.
 * Throws an UnauthorizedError if CouchDB refuses the login, or there is no session.
 */
export async function openSession(login?: { user: string; password: string }): Promise<Session> {
  const auth = login ? cookie(login.user, login.password) : cookie();
  const couch = new CouchDB(VITE_COUCHDB_URL, { auth });
  const { name } = await couch.checkCredentials();
  const db = couch.database<Chore>(VITE_DATABASE);
  return { user: name ?? "", db, chores: live(db, { tabs: true }), signOut: () => couch.close() };
}
