import { requireAdmin } from "./auth.js";
import type { Context, DatabaseHandler, Handler } from "./context.js";
import { CouchError, methodNotAllowed } from "./errors.js";
import { requireMember } from "./privileges.js";
import { USERS } from "./users.js";

/** Methods and their handlers, in the order in which CouchDB's Allow header names them. */
export type Methods = Record<string, Handler>;

/** A path pattern: literal segments, `:name` for one segment, `*name` for all that follow. */
export type Route = [pattern: string, methods: Methods];

// CouchDB splits the path before it decodes it, and takes a plus sign for a space.
export function splitPath(path: string): string[] {
  const segments = path.split("/").filter((segment) => segment !== "");
  const decoded = segments.map((segment) => decodeSegment(segment));
  // A design or local document's id is two segments, and may be sent as one.
  const [db, id, ...rest] = decoded;
  const [, kind, name] = /^(_design|_local)\/(.+)$/s.exec(id ?? "") ?? [];
  if (db === undefined || kind === undefined || name === undefined) return decoded;
  return [db, kind, name, ...rest];
}

export function decodeSegment(segment: string): string {
  const text = segment.replaceAll("+", " ");
  try {
    return decodeURIComponent(text);
  } catch {
    // Bytes that are no UTF-8 become lone surrogates, which nothing that is stored has.
    return text.replace(/%([89a-f][0-9a-f])/gi, (_, hex) => {
      return String.fromCharCode(0xdc00 + Number.parseInt(hex, 16));
    });
  }
}

/** A design document's slash may be escaped, but who reads is sent to where it is not. */
export function redirectOf(method: string, url: string): string | undefined {
  if (method !== "GET" && method !== "HEAD") return undefined;
  const [, db, rest] = /^\/+([^/?]+)\/+_design%2f(.*)$/is.exec(url) ?? [];
  return rest === undefined ? undefined : `/${db}/_design/${rest}`;
}

function match(pattern: string, segments: string[]): Record<string, string> | undefined {
  const parts = pattern.split("/").filter((part) => part !== "");
  const params: Record<string, string> = {};
  for (const [i, part] of parts.entries()) {
    if (part.startsWith("*")) {
      if (segments.length <= i) return undefined;
      params[part.slice(1)] = segments.slice(i).join("/");
      return params;
    }
    const segment = segments[i];
    if (segment === undefined) return undefined;
    if (part.startsWith(":")) params[part.slice(1)] = segment;
    else if (part !== segment) return undefined;
  }
  return parts.length === segments.length ? params : undefined;
}

/** The first route whose pattern fits has the request, whatever its method. */
export function findHandler(
  routes: Route[],
  method: string,
  segments: string[],
): { handler: Handler; params: Record<string, string> } {
  for (const [pattern, methods] of routes) {
    const params = match(pattern, segments);
    if (params === undefined) continue;
    const find = (name: string) => (Object.hasOwn(methods, name) ? methods[name] : undefined);
    const handler = find(method) ?? (method === "HEAD" ? find("GET") : undefined);
    const refuse = () => {
      throw methodNotAllowed(Object.keys(methods).join(","));
    };
    // Who may not see the database is not told either what can be done with it.
    const refusal = params.db === undefined ? refuse : inDatabase(refuse);
    return { handler: handler ?? refusal, params };
  }
  throw new CouchError(404, "not_found", "missing");
}

/** A handler for server admins only. */
export function forAdmin(handler: Handler): Handler {
  return (context) => {
    requireAdmin(context);
    return handler(context);
  };
}

/** A handler for a request that lists documents: who the users are is nobody else's business. */
export function inListing(handler: DatabaseHandler): Handler {
  const listed = inDatabase(handler);
  return (context) => {
    if (context.params.db === USERS) requireAdmin(context);
    return listed(context);
  };
}

/** A handler for a request about a database that the user may read. */
export function inDatabase(handler: DatabaseHandler): Handler {
  return (context: Context) => {
    const db = context.instance.database(context.params.db ?? "");
    requireMember(db.security, context.user);
    return handler({ ...context, db });
  };
}
