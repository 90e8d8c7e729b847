import type { PouchChange } from "pouchdb-core";
import type { DatabaseContext } from "./context.js";
import { badRequest, CouchError, notFound } from "./errors.js";
import { parseJson } from "./http.js";
import { matches, parseSelector } from "./mango.js";
import { compile, compileMap } from "./sandbox.js";
import { type Doc, isObject } from "./types.js";

/** Which changes a feed shows. */
export interface Filter {
  accepts(change: PouchChange): boolean;
  needsDocs: boolean;
  /** CouchDB looks such changes up by id, and so does not count what it passed over. */
  skipsUncounted: boolean;
}

const byDocument = (accepts: (doc: Doc) => boolean): Filter => ({
  accepts: ({ doc }) => doc !== undefined && accepts(doc),
  needsDocs: true,
  skipsUncounted: false,
});

const byId = (accepts: (id: string) => boolean): Filter => ({
  accepts: ({ id }) => accepts(id),
  needsDocs: false,
  skipsUncounted: true,
});

// After the URL's own decoding; an invalid escape stays.
function decodeAgain(part: string): string {
  const spaced = part.replaceAll("+", " ");
  return spaced.replace(/(%[0-9a-f]{2})+/gi, (escapes) => decodeURIComponent(escapes));
}

/** The two names of `design/function`, each of which CouchDB decodes once more. */
function namesOf(path: string): [ddoc: string, name: string] | undefined {
  const [ddoc, name, ...more] = path.split("/").filter((part) => part !== "");
  if (ddoc === undefined || name === undefined || more.length > 0) return undefined;
  return [decodeAgain(ddoc), decodeAgain(name)];
}

async function designFunction(
  context: DatabaseContext,
  [ddoc, name]: [ddoc: string, name: string],
  member: string,
) {
  const design = await context.db.get(`_design/${ddoc}`);
  const group = design[member];
  const found = isObject(group) ? group[name] : undefined;
  const source = isObject(found) ? found.map : found;
  if (typeof source !== "string") throw notFound(`missing json key: ${name}`);
  return { source, name };
}

/** What a filter function sees of the request. */
function requestObject(context: DatabaseContext, body: Doc) {
  const { request, query, user, db } = context;
  return {
    method: request.method,
    headers: request.headers,
    query: Object.fromEntries(query),
    body,
    userCtx: { db: db.name, ...user },
    secObj: db.security,
  };
}

/** A filter that fails ends the request: once the rows have begun, by cutting the connection. */
async function byFunction(
  context: DatabaseContext,
  names: [ddoc: string, name: string],
  body: Doc,
): Promise<Filter> {
  const { source } = await designFunction(context, names, "filters");
  const filter = compile(source, "the filter function");
  const request = requestObject(context, body);
  return byDocument((doc) => {
    try {
      return Boolean(filter(doc, request));
    } catch (error) {
      throw new CouchError(500, "error", String(error));
    }
  });
}

async function byView(context: DatabaseContext): Promise<Filter> {
  const path = context.query.get("view");
  if (path === null) throw badRequest("`view` filter parameter is not provided.");
  const names = namesOf(path);
  if (!names) throw new CouchError(500, "case_clause", path.replaceAll("/", ""));
  const { source, name } = await designFunction(context, names, "views");
  const map = compileMap(source, name);
  return byDocument((doc) => map(doc).length > 0);
}

function byIds(context: DatabaseContext, body: Doc): Filter {
  const given = context.query.get("doc_ids");
  const ids = given === null ? body.doc_ids : parseJson(given);
  if (!Array.isArray(ids)) {
    throw badRequest("`doc_ids` filter parameter is not a list of doc ids.");
  }
  const wanted = new Set(ids);
  return byId((id) => wanted.has(id));
}

function bySelector(context: DatabaseContext, body: Doc): Filter {
  if (context.request.method !== "POST") {
    throw badRequest("Selector must be specified in POST payload");
  }
  if (!isObject(body.selector)) throw badRequest("Selector error: expected a JSON object");
  const selector = parseSelector(body.selector);
  return byDocument((doc) => matches(selector, doc));
}

/** The filter that a request to `_changes` asks for. */
export async function openFilter(context: DatabaseContext, body: Doc): Promise<Filter | undefined> {
  const name = context.query.get("filter");
  if (name === null) return undefined;
  if (name === "_doc_ids") return byIds(context, body);
  if (name === "_selector") return bySelector(context, body);
  if (name === "_view") return byView(context);
  if (name === "_design") return byId((id) => id.startsWith("_design/"));
  if (name.startsWith("_")) throw badRequest("unknown builtin filter name");
  const names = namesOf(name);
  if (!names) throw badRequest("`filter` must be of the form `designname/filtername`");
  return byFunction(context, names, body);
}
