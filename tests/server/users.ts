import { pbkdf2Sync, randomBytes } from "node:crypto";
import { forbidden } from "./errors.js";
import type { Instance } from "./instance.js";
import type { Doc } from "./types.js";

export const USERS = "_users";
const ITERATIONS = 10;

export interface StoredUser {
  roles: string[];
  derived_key: string;
  salt: string;
}

function derive(password: string, salt: string): string {
  return pbkdf2Sync(password, salt, ITERATIONS, 32, "sha256").toString("hex");
}

export async function findUser(instance: Instance, name: string): Promise<StoredUser | undefined> {
  const doc = await instance.find(USERS)?.find(`org.couchdb.user:${name}`);
  if (doc === undefined) return undefined;
  const { roles, derived_key, salt } = doc;
  return {
    roles: Array.isArray(roles) ? roles.map(String) : [],
    derived_key: String(derived_key),
    salt: String(salt),
  };
}

export function checkPassword(user: StoredUser, password: string): boolean {
  return derive(password, user.salt) === user.derived_key;
}

/** In `_users` an id says whose document it is. */
export function checkUser({ _id, _deleted, name }: Doc): void {
  if (_deleted === true || _id === `org.couchdb.user:${name}`) return;
  throw forbidden("Doc ID must be of the form org.couchdb.user:name");
}

/** In `_users` a password is replaced by what can check it. */
export function hidePassword(doc: Doc): Doc {
  const { password, ...rest } = doc;
  if (typeof password !== "string") return doc;
  const salt = randomBytes(16).toString("hex");
  const derived_key = derive(password, salt);
  const hash = { password_scheme: "pbkdf2", pbkdf2_prf: "sha256", salt, iterations: ITERATIONS };
  // Over those of an older password, and in CouchDB's order.
  return Object.assign({ ...hash, derived_key }, rest, hash, { derived_key });
}
