import { cookieHeader, logIn, sessionCookie, wrongPassword } from "./auth.js";
import type { Context } from "./context.js";
import { badRequest, CouchError, unauthorized } from "./errors.js";
import { parseJson, readText, sendJson } from "./http.js";
import { isObject } from "./types.js";

/** GET /_session */
export function whoAmI(context: Context): void {
  const { user, authenticated, query } = context;
  if (query.get("basic") === "true" && user.name === null) throw unauthorized("Please login.");
  const info = {
    authentication_handlers: ["cookie", "jwt", "proxy", "default"],
    ...(authenticated !== undefined && { authenticated }),
  };
  sendJson(context, 200, { ok: true, userCtx: user, info });
}

/** POST /_session */
export async function openSession(context: Context): Promise<void> {
  const { name, password } = await readCredentials(context);
  if (name === null) throw badRequest("request body must contain a username");
  if (password === null) throw badRequest("request body must contain a password");
  try {
    const user = await logIn(context.instance, name, password);
    const headers = { "Set-Cookie": sessionCookie(context.instance, name) };
    sendJson(context, 200, { ok: true, ...user }, headers);
  } catch (error) {
    if (!(error instanceof CouchError)) throw error;
    const { status, reason, error: kind } = wrongPassword();
    throw new CouchError(status, kind, reason, {
      "Set-Cookie": cookieHeader(context.instance, ""),
    });
  }
}

async function readCredentials(context: Context) {
  const text = await readText(context.request);
  const isJson = context.request.headers["content-type"]?.startsWith("application/json");
  if (!isJson) {
    const form = new URLSearchParams(text);
    return { name: form.get("name"), password: form.get("password") };
  }
  const body = parseJson(text);
  const member = (name: string) =>
    isObject(body) && typeof body[name] === "string" ? String(body[name]) : null;
  return { name: member("name"), password: member("password") };
}

/** DELETE /_session */
export function closeSession(context: Context): void {
  sendJson(context, 200, { ok: true }, { "Set-Cookie": cookieHeader(context.instance, "") });
}
