import type { HttpRequest } from "../http/request.js";
import type { DocumentData } from "../shared/types.js";
import type { DatabaseContext } from "./database-context.js";
import type { GetOptions } from "./document-options.js";
import type { DocumentState } from "./document-state.js";

/** A document as it was read. */
export interface JsonDocument<T extends object> {
  value: DocumentData<T>;
  text: string;
}

/**
 * The JSON of a document on the server, as a value and as text.
 *
 * @param known - a revision: undefined is returned if the server still has it
 */
export async function readDocument<T extends object>(
  { context, id, path }: DocumentState<T>,
  { signal, ...query }: GetOptions,
  known?: string,
): Promise<JsonDocument<T> | undefined> {
  const headers = known === undefined ? {} : { "if-none-match": `"${known}"` };
  const request = { method: "GET", path, query, headers, expects: "_id", signal } as const;
  try {
    const { value, text } = await context.client.request(request);
    return { value: checkDocument<T>(context, request, id, value), text };
  } catch (error) {
    if (known !== undefined && Object(error).status === 304) return undefined;
    throw error;
  }
}

/** A value that must be a document with this id. */
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

/** What the schema of the database makes of a document that was read; without one, the same. */
export async function validateRead<D extends DocumentData>(
  { client, codec }: DatabaseContext,
  data: D,
  signal: AbortSignal | undefined,
): Promise<D> {
  if (!codec) return data;
  return client.during(signal, (operation) => codec.validateRead(data, operation));
}

/** The members that CouchDB adds to a document when they are asked for. */
export async function readMembers(
  { context, path }: DocumentState<object>,
  { signal, ...query }: GetOptions,
): Promise<DocumentData> {
  const request = { method: "GET", path, query, expects: "_rev", signal } as const;
  return (await context.client.value(request)) as DocumentData;
}

/** A member that must be a list of revisions. */
export function checkRevisions<R>({ context, path }: DocumentState<object>, list: R[]): R[] {
  if (Array.isArray(list) && list.every((each) => each !== null)) return list;
  throw context.client.invalid({ method: "GET", path }, "expected a list of revisions");
}
