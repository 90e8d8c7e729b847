/** A document, or any other JSON object. */
export type Doc = { [member: string]: unknown };

export function isObject(value: unknown): value is Doc {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** False for what was made of bytes that are no text: it has surrogates without their partners. */
export function isUtf8(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** Who asks: CouchDB's user context. */
export interface User {
  name: string | null;
  roles: string[];
}
