/** Options to parameters: the one place that knows how CouchDB wants a parameter written. */

export type Query = Record<string, unknown>;

// CouchDB reads these as JSON: users give values, and never quote them.
const asJson = new Set([
  "key",
  "keys",
  "startkey",
  "start_key",
  "endkey",
  "end_key",
  "doc_ids",
  "atts_since",
]);

/**
 * The query string with its `?`, or nothing. `undefined` is left out. Throws a TypeError for a value
 * that no parameter can have.
 */
export function encodeQuery(query: Query, stringify: (value: unknown) => string): string {
  const parameters: string[] = [];
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    parameters.push(
      `${encodeURIComponent(name)}=${encodeURIComponent(write(name, value, stringify))}`,
    );
  }
  return parameters.length === 0 ? "" : `?${parameters.join("&")}`;
}

function write(name: string, value: unknown, stringify: (value: unknown) => string): string {
  if (asJson.has(name) || Array.isArray(value)) return stringify(value);
  if (typeof value === "string" || typeof value === "bigint") return String(value);
  // What a number is, the user's parser decides: a sequence of the server's may be one of its own.
  const text = stringify(value);
  if (/^(-?\d|true|false)/.test(text)) return text;
  const shown = typeof value === "number" || value === null ? value : typeof value;
  throw new TypeError(`\`${name}\` cannot be ${shown}`);
}
