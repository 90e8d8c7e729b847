import { badRequest, queryError } from "./errors.js";
import { parseJson } from "./http.js";
import type { Doc } from "./types.js";

/** How CouchDB is asked for rows. */
export interface ViewParams {
  startkey?: unknown;
  startkey_docid?: string;
  endkey?: unknown;
  endkey_docid?: string;
  keys?: unknown[];
  limit?: number;
  skip: number;
  descending: boolean;
  inclusive_end: boolean;
  include_docs: boolean;
  conflicts: boolean;
  attachments: boolean;
  att_encoding_info: boolean;
  update_seq: boolean;
  sorted: boolean;
  reduce?: boolean;
  /** How many members of array keys make a group; all of any key for "exact". */
  group_level: number | "exact";
}

const DEFAULTS: ViewParams = {
  skip: 0,
  descending: false,
  inclusive_end: true,
  include_docs: false,
  conflicts: false,
  attachments: false,
  att_encoding_info: false,
  update_seq: false,
  sorted: true,
  group_level: 0,
};

/** A parameter's value: text from a query, JSON from a body. */
type Value = { text: string } | { json: unknown };

// CouchDB shows what it could not read as Erlang writes it.
function shown(value: Value): string {
  if ("json" in value) return typeof value.json === "string" ? `<<"${value.json}">>` : "...";
  return value.text === "" ? "[]" : `"${value.text}"`;
}

function raw(value: Value): unknown {
  return "json" in value ? value.json : value.text;
}

function json(value: Value): unknown {
  return "json" in value ? value.json : parseJson(value.text);
}

function boolean(value: Value): boolean {
  const text = String(raw(value));
  if (/^true$/i.test(text)) return true;
  if (/^false$/i.test(text)) return false;
  throw queryError(`Invalid boolean parameter: ${shown(value)}`);
}

function integer(value: Value): number {
  const given = raw(value);
  if (typeof given === "number" ? !Number.isInteger(given) : !/^[+-]?\d+$/.test(String(given))) {
    throw queryError(`Invalid value for integer: ${shown(value)}`);
  }
  const number = Number(given);
  if (number >= 0) return number;
  throw queryError(`Invalid value for positive integer: ${shown(value)}`);
}

function oneOf(value: Value, name: string, allowed: string[]): void {
  if (!allowed.includes(String(raw(value)))) throw queryError(`Invalid value for \`${name}\`.`);
}

type Reader = (params: ViewParams, value: Value) => void;

const startkey: Reader = (params, value) => {
  params.startkey = json(value);
};
const endkey: Reader = (params, value) => {
  params.endkey = json(value);
};
const startkeyDocid: Reader = (params, value) => {
  params.startkey_docid = String(raw(value));
};
const endkeyDocid: Reader = (params, value) => {
  params.endkey_docid = String(raw(value));
};

const READERS: Record<string, Reader> = {
  key: (params, value) => {
    startkey(params, value);
    endkey(params, value);
  },
  keys: (params, value) => {
    const keys = json(value);
    const where = "json" in value ? "member" : "parameter";
    if (!Array.isArray(keys)) throw badRequest(`\`keys\` ${where} must be an array.`);
    params.keys = keys;
  },
  startkey,
  start_key: startkey,
  startkey_docid: startkeyDocid,
  start_key_doc_id: startkeyDocid,
  endkey,
  end_key: endkey,
  endkey_docid: endkeyDocid,
  end_key_doc_id: endkeyDocid,
  limit: (params, value) => {
    params.limit = integer(value);
  },
  skip: (params, value) => {
    params.skip = integer(value);
  },
  descending: (params, value) => {
    params.descending = boolean(value);
  },
  inclusive_end: (params, value) => {
    params.inclusive_end = boolean(value);
  },
  include_docs: (params, value) => {
    params.include_docs = boolean(value);
  },
  conflicts: (params, value) => {
    params.conflicts = boolean(value);
  },
  attachments: (params, value) => {
    params.attachments = boolean(value);
  },
  att_encoding_info: (params, value) => {
    params.att_encoding_info = boolean(value);
  },
  update_seq: (params, value) => {
    params.update_seq = boolean(value);
  },
  sorted: (params, value) => {
    params.sorted = boolean(value);
  },
  reduce: (params, value) => {
    params.reduce = boolean(value);
  },
  group: (params, value) => {
    params.group_level = boolean(value) ? "exact" : 0;
  },
  group_level: (params, value) => {
    params.group_level = integer(value);
  },
  // Indexes are always brought up to date here; only the values are checked.
  stale: (_, value) => oneOf(value, "stale", ["ok", "update_after"]),
  update: (_, value) => oneOf(value, "update", ["true", "false", "lazy"]),
  stable: (_, value) => void boolean(value),
};

function read(params: ViewParams, name: string, value: Value): void {
  if (name === "partition") {
    throw queryError("`partition` parameter is not supported on this db");
  }
  if (Object.hasOwn(READERS, name)) READERS[name]?.(params, value);
}

/** Parameters from a URL, and what they say over and above a request's body. */
export function queryParams(query: URLSearchParams, body: Doc = {}): ViewParams {
  const params = { ...DEFAULTS };
  for (const [name, value] of Object.entries(body)) read(params, name, { json: value });
  for (const [name, value] of query) read(params, name, { text: value });
  return params;
}

/** What a view with or without a reduce function cannot be asked. */
export function checkReduce(params: ViewParams, isReduce: boolean): void {
  if (!isReduce) {
    if (params.reduce === true) throw queryError("Reduce is invalid for map-only views.");
    if (params.group_level !== 0) throw queryError("Invalid use of grouping on a map view.");
    return;
  }
  // A single one of `keys` is a `key`.
  if (params.keys !== undefined && params.keys.length !== 1 && params.group_level !== "exact") {
    throw queryError("Multi-key fetches for reduce views must use `group=true`");
  }
  if (params.include_docs) throw queryError("`include_docs` is invalid for reduce");
  if (params.conflicts) throw queryError("`conflicts` is invalid for reduce views.");
}
