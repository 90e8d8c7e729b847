/** A document, or any other JSON object. */
export type Doc = { [member: string]: unknown };

export function isObject(value: unknown): value is Doc {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Who asks: CouchDB's user context. */
export interface User {
  name: string | null;
  roles: string[];
}
