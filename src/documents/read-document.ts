import type { Query } from "../http/query.js";
import type { HttpRequest } from "../http/request.js";
import type { ViewRow } from "../shared/row-types.js";
import type { DocumentData, DocumentMembers, OperationOptions } from "../shared/types.js";
import type { Operation } from "../streams/operation.js";
import { type DatabaseContext, isSystem } from "./database-context.js";
import type { DocumentState } from "./document-state.js";
import { isMissingRow } from "./missing.js";

/** A document that was read, parsed and as text. */
export interface JsonDocument<T extends object> {
  value: DocumentData<T>;
  text: string;
}

/**
 * Read a document, as a value and as text.
 *
 * @param known - a revision: if the server still has it, the result is undefined
 */
export async function readDocument<T extends object>(
  { context, id, path }: DocumentState<T>,
  limits: OperationOptions,
  query: Query,
  known?: string,
): Promise<JsonDocument<T> | undefined> {
  const headers = known === undefined ? undefined : { "if-none-match": `"${known}"` };
  const request = { method: "GET", path, query, headers, expects: "_id", limits } as const;
  try {
    const { value, text } = await context.client.request(request);
    return { value: checkDocument<T>(context, request, id, value), text };
  } catch (error) {
    if (known !== undefined && Object(error).status === 304) return undefined;
    throw error;
  }
}

/**
 * Read a document, and replace the data here.
 *
 * @param check - called before the data is replaced; may throw, or return false to keep it
 * @returns whether the data was replaced: false if `ifChanged` and the server has the revision that is here
 */
export async function fetchDocument<T extends object>(
  state: DocumentState<T>,
  limits: OperationOptions,
  { ifChanged = false, ...query }: Query & { ifChanged?: boolean | undefined },
  check: () => unknown = () => true,
): Promise<boolean> {
  const { context, data } = state;
  const { client, codec } = context;
  // The data may belong to another revision than the one set, or may not have been validated.
  const isKnown = ifChanged && state.knownRev === data._rev && (codec?.isValid(data) ?? true);
  const response = await readDocument(state, limits, query, isKnown ? data._rev : undefined);
  if (!response) return false;
  const { value, text } = response;
  const valid = await validateRead(context, value, limits);
  if (check() === false) return false;
  state.replace(valid, () => client.json.parse(text));
  return true;
}

/** Check that a value is the document with this id. */
export function checkDocument<T extends object>(
  { client }: DatabaseContext,
  request: Pick<HttpRequest, "method" | "path">,
  id: string,
  value: unknown,
): DocumentData<T> {
  const { _id, _rev } = Object(value) as DocumentData<T>;
  if (_id === id && typeof _rev === "string") return value as DocumentData<T>;
  throw client.invalid(request, `expected the document ${JSON.stringify(id)}`);
}

/** Validate a document that was read, if the database has a schema. */
export async function validateRead<D extends DocumentData>(
  { client, codec }: DatabaseContext,
  data: D,
  limits: OperationOptions,
): Promise<D> {
  if (!codec) return data;
  return client.during(limits, (operation) => codec.validateRead(data, operation));
}

/** Validate a document to write, if the database has a schema. */
export async function validateWrite(
  { client, codec }: DatabaseContext,
  body: string,
  limits: OperationOptions,
): Promise<void> {
  if (codec) await client.during(limits, (operation) => codec.validateWrite([body], operation));
}

/**
 * Read the current revision and, with `include_docs`, the attachments. Other than HEAD, this works with a kept
 * connection in Node, and shows no 404 in a browser's console.
 *
 * @throws NotFoundError if the document does not exist
 */
export async function readHead(
  state: DocumentState<object>,
  limits: OperationOptions,
  include_docs?: true,
): Promise<DocumentMembers> {
  // The path checks the id.
  const { context, id, path } = state;
  // There, `_all_docs` is for administrators only, or has no such document.
  if (isSystem(context) || id.startsWith("_local/")) return readMembers(state, limits);
  const { client } = context;
  const query = { keys: [id], include_docs };
  const allDocs = { method: "GET", path: `${context.path}/_all_docs`, query } as const;
  const request = { ...allDocs, expects: "rows", limits };
  const { rows } = await client.value<{ rows: [ViewRow] }>(request);
  const row = Object(rows)[0] as ViewRow;
  const isMissing = isMissingRow(context, row, true);
  const { rev = "", deleted } = Object(row.value) as { rev?: string; deleted?: boolean };
  if (row.key !== id || !(isMissing || rev)) throw client.invalid(request, "expected a revision");
  if (!isMissing) return { ...row.doc, _id: id, _rev: rev };
  throw client.notFound(path, id, deleted ? "deleted" : "missing");
}

/** Read the members that CouchDB adds to a document on request. */
export async function readMembers(
  { context, path }: DocumentState<object>,
  limits: OperationOptions,
  query: Query = {},
  within?: Operation,
): Promise<DocumentData> {
  const request = { method: "GET", path, query, expects: "_rev", limits } as const;
  return context.client.value<DocumentData>(request, within);
}

/** Check that a member is a list of revisions. */
export function checkRevisions<R>({ context, path }: DocumentState<object>, list: R[]): R[] {
  if (Array.isArray(list) && list.every((each) => each !== null)) return list;
  throw context.client.invalid({ method: "GET", path }, "expected a list of revisions");
}
