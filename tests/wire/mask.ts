/**
 * What differs from server to server, or from one run to the next, gives way to a name for it, on
 * both sides alike: revisions (the embedded server computes other hashes), sequences, times, sizes.
 */
const MASKS: [RegExp, string][] = [
  [/\b(\d+)-[0-9a-f]{32}\b/g, "$1-REV"],
  [/"\d+-g[12][\w-]*"/g, '"SEQUENCE"'],
  [/"bookmark": "g[12][\w-]*"/g, '"bookmark": "BOOKMARK"'],
  [/\b[0-9a-f]{40}\b/g, "SIGNATURE"],
  [/\b[0-9a-f]{32}\b/g, "UUID"],
  [/"execution_time_ms":[\d.]+/g, '"execution_time_ms":MS'],
  [/"instance_start_time":"\d+"/g, '"instance_start_time":"TIME"'],
  [/"sizes":\{[^}]*\}/g, '"sizes":SIZES'],
  // Compacting is over at once in the embedded server, and may still run in CouchDB.
  [/"compact_running":(true|false)/g, '"compact_running":MAYBE'],
  [/"couchdb\w*@[\d.]+"/g, '"NODE"'],
  // Which of many rows a failed reduce names depends on the shape of CouchDB's index.
  [/"caused_by":"[^"]*"/g, '"caused_by":"ID"'],
];

export function maskBody(body: string): string {
  return MASKS.reduce((text, [pattern, name]) => text.replace(pattern, name), body);
}

const HEADER_MASKS: [RegExp, string][] = [
  [/^http:\/\/[^/]+/, "http://HOST"],
  [/\b(\d+)-[0-9a-f]{32}\b/, "$1-REV"],
  [/^"[0-9A-Z]{15,26}"$/, '"HASH"'],
  [/^"[\w+/]{22}=="$/, '"DIGEST"'],
  [/boundary="(--)?[0-9a-f]{32}"/, 'boundary="$1UUID"'],
  [/AuthSession=[\w-]+/, "AuthSession=COOKIE"],
  [/Expires=\w{3}, [\w-]+ [\d:]+ GMT/, "Expires=DATE"],
];

const COMPARED_HEADERS = [
  "accept-ranges",
  "access-control-allow-credentials",
  "access-control-allow-headers",
  "access-control-allow-methods",
  "access-control-allow-origin",
  "access-control-expose-headers",
  "access-control-max-age",
  "allow",
  "cache-control",
  "content-range",
  "content-security-policy",
  "content-type",
  "etag",
  "location",
  "set-cookie",
];

/** The headers that matter, as lines. */
export function maskHeaders(headers: Record<string, string | string[] | undefined>): string[] {
  const lines: string[] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (!COMPARED_HEADERS.includes(name.toLowerCase())) continue;
    const text = [value].flat().join(", ");
    const masked = HEADER_MASKS.reduce((t, [pattern, mask]) => t.replace(pattern, mask), text);
    lines.push(`${name.toLowerCase()}: ${masked}`);
  }
  return lines.sort();
}

/** A feed's lines, without heartbeats: their number is a matter of time. */
export function withoutHeartbeats(body: string): string {
  return body
    .replaceAll("event: heartbeat\ndata: \n\n", "")
    .split("\n")
    .filter((line) => line !== "")
    .join("\n");
}

/** Rows in the order of their text: CouchDB merges its shards' changes in no fixed order. */
export function sortRows(body: string): string {
  const isRow = (line: string) => line.startsWith('{"seq"');
  const lines = body.split(/\r?\n/).map((line) => line.replace(/,$/, ""));
  const rows = lines.filter(isRow).sort();
  return [...rows, ...lines.filter((line) => !isRow(line))].join("\n");
}

/** Rows without what tells one document from another. */
export function rowShapes(body: string): string {
  return body
    .replace(/^\{"seq"[^\n]*?\}(?=,?\r?$)/gm, (row) => (row.includes('"doc":') ? "ROW+DOC" : "ROW"))
    .replace(/"pending":\d+/, '"pending":COUNT');
}

/** The embedded server holds no number beyond 2^53: the document with such is left out. */
export function withoutBigNumbers(body: string): string {
  return body.replace(/("_id":"numbers3","_rev":"[^"]*"),[^\n]*?"constructor":1\}/g, "$1,REST");
}
