import { CouchDB, cookie, type Database } from "couchfetch";
import type { Chore } from "./chore-list.js";

const { VITE_COUCHDB_URL = "http://localhost:5984", VITE_DATABASE = "chores" } = import.meta.env;

export interface Session {
  user: string;
  db: Database<Chore>;
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
  return { user: name ?? "", db: couch.database(VITE_DATABASE), signOut: () => couch.close() };
}
