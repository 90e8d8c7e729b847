import { requireAdmin } from "./auth.js";
import type { Context, DatabaseHandler, Handler } from "./context.js";
import { CouchError, methodNotAllowed } from "./errors.js";
import { requireMember } from "./privileges.js";

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
  try {
    return decodeURIComponent(segment.replaceAll("+", " "));
  } catch {
    return segment;
  }
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
    const handler = Object.hasOwn(methods, method) ? methods[method] : undefined;
    if (handler === undefined) throw methodNotAllowed(Object.keys(methods).join(","));
    return { handler, params };
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

/** A handler for a request about a database that the user may read. */
export function inDatabase(handler: DatabaseHandler): Handler {
  return (context: Context) => {
    const db = context.instance.database(context.params.db ?? "");
    requireMember(db.security, context.user);
    return handler({ ...context, db });
  };
}
