/** URL parameters: the only place that knows how CouchDB expects a parameter to be written. */

export type Query = Record<string, unknown>;

// CouchDB parses these as JSON. Callers pass values, not JSON.
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
 * The query string with its `?`, or `""`. Parameters that are undefined are left out.
 *
 * @throws TypeError for a value that no parameter can have
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
  // The user's JSON functions decide what a number is: a sequence from the server may be an object.
  const text = stringify(value);
  if (/^(-?\d|true|false)/.test(text)) return text;
  const shown = typeof value === "number" || value === null ? value : typeof value;
  throw new TypeError(`\`${name}\` cannot be ${shown}`);
}
