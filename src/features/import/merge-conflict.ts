import type { DatabaseContext } from "../../documents/database-context.js";
import type { JsonRequest } from "../../http/request.js";
import { documentText } from "../../shared/json-equal.js";
import type { ViewRow } from "../../shared/row-types.js";
import type { DocumentData } from "../../shared/types.js";
import type { Operation } from "../../streams/operation.js";
import { dataOf, type Entry } from "./entry.js";

/** Read the rows of `_all_docs` for documents in conflict, by id. */
export async function readTheirs(
  { client, path }: DatabaseContext,
  ids: string[],
  include_docs: boolean,
  operation: Operation,
): Promise<Map<unknown, ViewRow>> {
  const body = client.json.stringify({ keys: ids });
  const query = { include_docs };
  const request = { method: "POST", path: `${path}/_all_docs`, query, body } as const;
  const whole: JsonRequest = { ...request, effect: "read", expects: "rows" };
  const { rows } = (await client.value(whole, operation)) as { rows: ViewRow[] };
  if (Array.isArray(rows) && rows.every((row) => Object(row) === row)) {
    return new Map(rows.map((row) => [row.key, row]));
  }
  throw client.invalid(request, "expected rows that are objects");
}

/** Validate a document and the server's. Rejects with a ValidationError. */
export async function validPair<T extends object>(
  { client, codec }: DatabaseContext,
  { data, body }: Entry<T>,
  theirs: DocumentData<T>,
  operation: Operation,
): Promise<[mine: T, theirs: DocumentData<T>]> {
  if (!codec) return [data, theirs];
  const mine = client.json.parse(body) as DocumentData<T>;
  return [await codec.validateRead(mine, operation), await codec.validateRead(theirs, operation)];
}

/** Create a document that overwrites the server's, whose revision is in `row`. */
export function replacementOf<T extends object>(
  { client }: DatabaseContext,
  entry: Entry<T>,
  merged: T,
  row: ViewRow | undefined,
): Entry<T> {
  const { json } = client;
  const data = dataOf(merged);
  const { rev, deleted } = Object(row?.value) as { rev?: string; deleted?: boolean };
  const { id: _id } = entry;
  const whole = { ...(json.parse(documentText(json, data, _id)) as object), _id };
  const body = json.stringify({ ...whole, _rev: deleted ? undefined : rev });
  return { ...entry, data, body, mayBeThere: false };
}
