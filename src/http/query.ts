/** URL parameters: the only place that knows how CouchDB expects a parameter to be written. */

import { argumentError, checkJson } from "../shared/arguments.js";

export type Query = Record<string, unknown>;

// CouchDB parses these as JSON, as it does lists. Callers pass values, not JSON.
const asJson = /^((start|end)_?)?keys?$/;
// Without one of these, CouchDB returns more.
const selecting = /^((start|end)_?)?keys?(_doc_?id)?$|^doc_ids$/;

/**
 * The query string with its `?`, or `""`. Parameters that are undefined are left out.
 *
 * @throws TypeError for a value that no parameter can have, and for a key that is undefined
 */
export function encodeQuery(query: Query, stringify: (value: unknown) => string): string {
  let parameters = "";
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined && !selecting.test(name)) continue;
    const written = write(name, value, stringify);
    parameters += `&${encodeURIComponent(name)}=${encodeURIComponent(written)}`;
  }
  return parameters.replace("&", "?");
}

function write(name: string, value: unknown, stringify: (value: unknown) => string): string {
  if (asJson.test(name) || Array.isArray(value)) {
    checkJson(name, value);
    return stringify(value);
  }
  if (typeof value === "string" || typeof value === "bigint") return String(value);
  // The user's JSON functions decide what a number is: a sequence from the server may be an object.
  const text = stringify(value);
  if (/^(-?\d|true|false)/.test(text)) return text;
  throw argumentError(name, "a string, number or boolean", value);
}
