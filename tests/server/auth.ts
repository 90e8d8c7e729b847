import { createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Context } from "./context.js";
import { badRequest, unauthorized } from "./errors.js";
import type { Instance } from "./instance.js";
import { isAdmin } from "./privileges.js";
import type { User } from "./types.js";
import { checkPassword, findUser } from "./users.js";

const ANONYMOUS: User = { name: null, roles: [] };

export interface Identity {
  user: User;
  authenticated?: "default" | "cookie" | "jwt" | "proxy";
  /** What renews the session. */
  cookie?: string;
}

export const wrongPassword = () => unauthorized("Name or password is incorrect.");

/** Who sends this request: by its Authorization header, by its cookie, or nobody. */
export async function authenticate(
  instance: Instance,
  request: IncomingMessage,
): Promise<Identity> {
  const [scheme, token = ""] = (request.headers.authorization ?? "").split(" ");
  if (scheme?.toLowerCase() === "basic") return basic(instance, token);
  if (scheme?.toLowerCase() === "bearer") return bearer(instance, token);
  const { "x-auth-couchdb-username": name } = request.headers;
  if (typeof name === "string") return proxied(instance, name, request.headers);
  const session = /(?:^|;\s*)AuthSession=([^;]*)/.exec(request.headers.cookie ?? "")?.[1];
  if (session) return cookie(instance, session);
  return { user: ANONYMOUS };
}

async function basic(instance: Instance, token: string): Promise<Identity> {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(token) || token.length % 4 !== 0) {
    throw badRequest("Authorization header has invalid base64 value");
  }
  const [name = "", ...rest] = Buffer.from(token, "base64").toString().split(":");
  const user = await logIn(instance, name, rest.join(":"));
  return { user, authenticated: "default" };
}

/** A JSON Web Token, signed with HS256. */
function bearer(instance: Instance, token: string): Identity {
  const [header = "", payload = "", proof = "", ...rest] = token.split(".");
  const { kid } = parsedPart(header);
  if (proof === "" || rest.length > 0) throw badRequest("Malformed token");
  if (kid !== undefined) throw badRequest("Unknown kid");
  const expected = signature(instance, `${header}.${payload}`).toString("base64url");
  if (proof !== expected) throw badRequest("Bad HMAC");
  const claims = parsedPart(payload);
  if (claims.exp < Date.now() / 1000) throw unauthorized("exp not in future");
  return {
    user: { name: claims.sub, roles: claims["_couchdb.roles"] ?? [] },
    authenticated: "jwt",
  };
}

function parsedPart(part: string) {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString());
  } catch {
    throw badRequest("Malformed token");
  }
}

/** What a proxy says of a user, if it knows the secret. */
function proxied(instance: Instance, name: string, headers: IncomingMessage["headers"]): Identity {
  const { "x-auth-couchdb-roles": roles, "x-auth-couchdb-token": token } = headers;
  const user = Buffer.from(name, "latin1");
  const isProof = (hash: string) =>
    createHmac(hash, instance.options.secret).update(user).digest("hex") === token;
  if (!["sha256", "sha1"].some(isProof)) return { user: ANONYMOUS };
  const list = Buffer.from(String(roles ?? ""), "latin1").toString();
  const all = list === "" ? [] : list.split(/\s*,\s*/);
  return { user: { name: user.toString(), roles: all }, authenticated: "proxy" };
}

export async function logIn(instance: Instance, name: string, password: string): Promise<User> {
  const { options } = instance;
  if (name === options.user && password === options.password) return administrator(instance);
  const user = await findUser(instance, name);
  if (user === undefined || !checkPassword(user, password)) throw wrongPassword();
  return { name, roles: user.roles };
}

function administrator(instance: Instance): User {
  return { name: instance.options.user, roles: ["_admin"] };
}

function signature(instance: Instance, content: string): Buffer {
  return createHmac("sha256", instance.options.secret).update(content).digest();
}

/** A session cookie: a name, the time in hexadecimal seconds, and what proves both. */
export function sessionCookie(instance: Instance, name: string): string {
  const content = `${name}:${Math.floor(Date.now() / 1000)
    .toString(16)
    .toUpperCase()}`;
  const proof = signature(instance, content);
  const value = Buffer.concat([Buffer.from(`${content}:`), proof]).toString("base64url");
  return cookieHeader(instance, value);
}

export function cookieHeader({ config, options }: Instance, value: string): string {
  const { sessionSeconds } = options;
  const end = new Date(Date.now() + sessionSeconds * 1000).toUTCString();
  const [weekday, day, month, year, time] = end.split(" ");
  const expires = `${weekday} ${day}-${month}-${year} ${time} GMT`;
  const sameSite = /^(none|lax|strict)$/i.exec(config.get("chttpd_auth", "same_site") ?? "")?.[0];
  const site = sameSite
    ? `; SameSite=${sameSite[0]?.toUpperCase()}${sameSite.slice(1).toLowerCase()}`
    : "";
  return `AuthSession=${value}; Version=1; Expires=${expires}; Max-Age=${sessionSeconds}; Path=/; HttpOnly${site}`;
}

async function cookie(instance: Instance, value: string): Promise<Identity> {
  const bytes = Buffer.from(value, "base64url");
  const [, content, name = "", time = ""] =
    /^(([^:]+):([0-9A-F]+)):/.exec(bytes.toString("latin1")) ?? [];
  if (content === undefined) {
    throw badRequest("Malformed AuthSession cookie. Please clear your cookies.");
  }
  const proof = bytes.subarray(content.length + 1);
  const expected = signature(instance, content);
  const age = Date.now() / 1000 - Number.parseInt(time, 16);
  const genuine = proof.length === expected.length && timingSafeEqual(proof, expected);
  const { sessionSeconds } = instance.options;
  if (!genuine || age >= sessionSeconds) return { user: ANONYMOUS };
  const userName = Buffer.from(name, "latin1").toString();
  const user = await sessionUser(instance, userName);
  if (user === undefined) return { user: ANONYMOUS };
  const renewed = age > sessionSeconds / 10 ? { cookie: sessionCookie(instance, userName) } : {};
  return { user, authenticated: "cookie", ...renewed };
}

async function sessionUser(instance: Instance, name: string): Promise<User | undefined> {
  if (name === instance.options.user) return administrator(instance);
  const user = await findUser(instance, name);
  return user === undefined ? undefined : { name, roles: user.roles };
}

export function requireAdmin(context: Context): void {
  if (!isAdmin(context.user)) throw unauthorized("You are not a server admin.");
}
