import { CouchError, forbidden, unauthorized } from "./errors.js";
import { type Doc, isObject, type User } from "./types.js";

export function isAdmin(user: User): boolean {
  return user.roles.includes("_admin");
}

function isNamed(group: unknown, user: User): boolean {
  if (!isObject(group)) return false;
  const { names, roles } = group;
  if (Array.isArray(names) && names.includes(user.name)) return true;
  return Array.isArray(roles) && roles.some((role) => user.roles.includes(role));
}

function isEmpty(group: unknown): boolean {
  if (!isObject(group)) return true;
  return [group.names, group.roles].every((list) => !Array.isArray(list) || list.length === 0);
}

/** Members were called readers once. */
function membersOf(security: Doc): unknown {
  return "members" in security ? security.members : security.readers;
}

export function isDatabaseAdmin(security: Doc, user: User): boolean {
  return isAdmin(user) || isNamed(security.admins, user);
}

/** May this user read the database? Without members it is everybody's. */
export function requireMember(security: Doc, user: User): void {
  const members = membersOf(security);
  if (isDatabaseAdmin(security, user) || isNamed(members, user) || isEmpty(members)) return;
  if (user.name === null) throw unauthorized("You are not authorized to access this db.");
  throw forbidden("You are not allowed to access this db.");
}

/** May this user change design documents? Only who is not logged in may gain by logging in. */
export function requireDatabaseAdmin(security: Doc, user: User): void {
  if (isDatabaseAdmin(security, user)) return;
  const reason = "You are not a db or server admin.";
  throw user.name === null ? unauthorized(reason) : forbidden(reason);
}

/** May this user have the database's files worked on? */
export function requireMaintainer(security: Doc, user: User): void {
  if (isDatabaseAdmin(security, user)) return;
  throw unauthorized("You are not a server or db admin.");
}

const isListOfNames = (list: unknown) =>
  list === undefined || (Array.isArray(list) && list.every((name) => typeof name === "string"));

/** Is this fit to be `_security`? CouchDB looks at nothing but the names and roles. */
export function isSecurity(value: unknown): value is Doc {
  if (!isObject(value)) return false;
  return [value.admins, membersOf(value)].every(
    (group) =>
      group === undefined ||
      (isObject(group) && isListOfNames(group.names) && isListOfNames(group.roles)),
  );
}

/** What CouchDB's nodes agree on about a security object that none of them takes. */
export const noMajority = () => new CouchError(500, "error", "no_majority");
