import { createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Context } from "./context.js";
import { badRequest, unauthorized } from "./errors.js";
import type { Instance } from "./instance.js";
import { isAdmin } from "./privileges.js";
import type { User } from "./types.js";
import { checkPassword, findUser } from "./users.js";

const ANONYMOUS: User = { name: null, roles: [] };
const SESSION_SECONDS = 600;

export interface Identity {
  user: User;
  authenticated?: "default" | "cookie";
}

export const wrongPassword = () => unauthorized("Name or password is incorrect.");

/** Who sends this request: by its Authorization header, by its cookie, or nobody. */
export async function authenticate(
  instance: Instance,
  request: IncomingMessage,
): Promise<Identity> {
  const [scheme, token = ""] = (request.headers.authorization ?? "").split(" ");
  if (scheme?.toLowerCase() === "basic") return basic(instance, token);
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
  return createHmac("sha256", instance.secret).update(content).digest();
}

/** A session cookie: a name, the time in hexadecimal seconds, and what proves both. */
export function sessionCookie(instance: Instance, name: string): string {
  const content = `${name}:${Math.floor(Date.now() / 1000)
    .toString(16)
    .toUpperCase()}`;
  const proof = signature(instance, content);
  const value = Buffer.concat([Buffer.from(`${content}:`), proof]).toString("base64url");
  return cookieHeader(value);
}

export function cookieHeader(value: string): string {
  const [, day, month, year, time] = new Date(Date.now() + SESSION_SECONDS * 1000)
    .toUTCString()
    .split(" ");
  const weekday = new Date(Date.now() + SESSION_SECONDS * 1000).toUTCString().slice(0, 4);
  const expires = `${weekday} ${day}-${month}-${year} ${time} GMT`;
  return `AuthSession=${value}; Version=1; Expires=${expires}; Max-Age=${SESSION_SECONDS}; Path=/; HttpOnly`;
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
  if (!genuine || age > SESSION_SECONDS) return { user: ANONYMOUS };
  const user = await sessionUser(instance, Buffer.from(name, "latin1").toString());
  return user === undefined ? { user: ANONYMOUS } : { user, authenticated: "cookie" };
}

async function sessionUser(instance: Instance, name: string): Promise<User | undefined> {
  if (name === instance.options.user) return administrator(instance);
  const user = await findUser(instance, name);
  return user === undefined ? undefined : { name, roles: user.roles };
}

export function requireAdmin(context: Context): void {
  if (!isAdmin(context.user)) throw unauthorized("You are not a server admin.");
}
