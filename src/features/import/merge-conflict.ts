import type { DatabaseContext } from "../../documents/database-context.js";
import type { JsonRequest } from "../../http/request.js";
import { documentText } from "../../shared/json-equal.js";
import type { ViewRow } from "../../shared/row-types.js";
import type { DocumentData } from "../../shared/types.js";
import type { Operation } from "../../streams/operation.js";
import { dataOf, type Entry } from "./entry.js";
import type { MergeTwo } from "./options.js";

/** Read the rows of `_all_docs` for these documents, by id. */
export async function readTheirs(
  { client, path }: DatabaseContext,
  ids: string[],
  include_docs: boolean,
  operation: Operation,
): Promise<Map<unknown, ViewRow>> {
  const body = client.json.stringify({ keys: ids });
  const request: JsonRequest = {
    method: "POST",
    path: `${path}/_all_docs`,
    query: { include_docs },
    body,
    effect: "read",
    expects: "rows",
  };
  const { rows } = await client.value<{ rows: ViewRow[] }>(request, operation);
  if (Array.isArray(rows) && rows.every((row) => Object(row) === row)) {
    return new Map(rows.map((row) => [row.key, row]));
  }
  throw client.invalid(request, "expected rows");
}

/**
 * Create the document that overwrites the server's, which `row` has. Returns null if the server's is kept. Fields
 * that a schema stripped are those of the argument that `merge` returned, and otherwise the server's.
 *
 * An error of `merge` aborts the operation: it is not a rejection of the document.
 */
export async function replacementOf<T extends object>(
  { client: { json }, codec }: DatabaseContext,
  entry: Entry<T>,
  row: ViewRow | undefined,
  merge: MergeTwo<T> | undefined,
  operation: Operation,
): Promise<Entry<T> | null> {
  const { id: _id } = entry;
  const { rev, deleted } = Object(row?.value) as { rev?: string; deleted?: boolean };
  const withIds = (text: string) => {
    const data = json.parse(text) as object;
    return { ...data, _id, _rev: deleted ? undefined : rev };
  };
  const replacement = async (data: T | undefined, body: string) => {
    await codec?.validateWrite([body], operation);
    return { ...entry, rev, data, body, mayBeThere: false };
  };
  const doc = row?.doc as DocumentData<T> | undefined;
  if (!merge || !doc) return replacement(entry.data, json.stringify(withIds(entry.body)));
  const text = json.stringify(doc);
  const read = async (data: T) =>
    codec ? codec.validateRead(data as DocumentData<T>, operation) : data;
  const { data: given = json.parse(entry.body) as T } = codec ? {} : entry;
  const mine = await read(given);
  const theirs = (await read(doc)) as DocumentData<T>;
  const calling = (async () => merge(mine, theirs))();
  const merged = await operation.race(calling).catch((error) => {
    operation.abort(error);
    throw error;
  });
  if (merged === undefined) return null;
  const data = dataOf(merged);
  const is = withIds(documentText(json, data, _id));
  const [from, original] = data === mine ? [mine, entry.body] : [theirs, text];
  return replacement(data, codec ? codec.mergeInto(from, original, is) : json.stringify(is));
}
