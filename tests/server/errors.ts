/** An answer that CouchDB gives as `{"error","reason"}`. */
export class CouchError extends Error {
  constructor(
    readonly status: number,
    readonly error: string,
    readonly reason: unknown,
    readonly headers: Record<string, string> = {},
  ) {
    super(`${status} ${error}`);
  }
}

export const badRequest = (reason: string) => new CouchError(400, "bad_request", reason);
export const queryError = (reason: string) => new CouchError(400, "query_parse_error", reason);
export const invalidJson = () => badRequest("invalid UTF-8 JSON");
export const unauthorized = (reason: unknown) => new CouchError(401, "unauthorized", reason);
export const forbidden = (reason: unknown) => new CouchError(403, "forbidden", reason);
export const notFound = (reason = "missing") => new CouchError(404, "not_found", reason);
export const noDatabase = () => notFound("Database does not exist.");
export const conflict = () => new CouchError(409, "conflict", "Document update conflict.");
export const methodNotAllowed = (allow: string) =>
  new CouchError(405, "method_not_allowed", `Only ${allow} allowed`, { Allow: allow });

/** CouchDB's own answer where it stumbles over what it was sent. */
export const functionClause = () => new CouchError(500, "unknown_error", "function_clause");

/** What PouchDB throws. */
export function pouchStatus(error: unknown): number | undefined {
  return error instanceof Error && "status" in error && typeof error.status === "number"
    ? error.status
    : undefined;
}
