import type { Document } from "../../documents/document.js";
import { DocumentQueries } from "../../queries/document-queries.js";
import type { FindParams } from "../../queries/find.js";
import type { Selector } from "../../queries/selector.js";
import { decidingOf, decode, encode, hash } from "./cursor.js";
import type { Page, PageOptions } from "./page.js";

/** Options for a page of a query. */
export interface FindOptions extends FindParams, PageOptions {
  selector: Selector;
  fields?: readonly string[] | undefined;
}

type Found = Pick<Document, "id" | "rev"> & { _id?: string; _rev?: string };

const idOf = (row: Found) => row._id ?? row.id;

/**
 * Read a page of a query.
 *
 * CouchDB's bookmark leads to the rows after a row; if that row is gone, it skips another one in its place. So a
 * cursor has the first row of the next page: if it is gone, the rows are read again from an earlier bookmark.
 */
export async function findPage(
  db: DocumentQueries,
  options: FindOptions,
  size: number,
): Promise<Page<unknown>> {
  const { client, codec, path } = DocumentQueries.contextOf(db);
  const { selector, cursor, size: _, fields, ...params } = options;
  const query = client.json.stringify([path, DocumentQueries.pathOf(db), decidingOf(options)]);
  const find = (which: object, more: FindParams) =>
    fields
      ? db.query<Found>(which, { ...more, fields: [...fields, "_id", "_rev"] })
      : db.find(which, more);
  const read = async (limit: number, from: string | undefined) => {
    const read: Found[] = [];
    for (let bookmark = from; ; ) {
      const missing = limit - read.length;
      const found = find(selector, { ...params, limit: missing, bookmark });
      const part = await found.toArray();
      read.push(...part);
      const { bookmark: end } = await found.summary;
      // A schema may skip documents, so that fewer rows are not the end.
      const isOver = part.length === missing || !codec?.skips || !end || end === bookmark;
      bookmark = end;
      if (isOver) return [read, end] as const;
    }
  };

  let rows: Found[];
  let end: string | undefined;
  // The rows after this bookmark, of which the first `known` were read before.
  let start: string | undefined;
  let known = 0;
  if (cursor == null) [rows, end] = await read(size + 1, undefined);
  else {
    const [bookmark, _id, _rev, earlier, count, hashes] = decode(query, cursor) as Cursor;
    [rows, end] = await read(size, bookmark);
    start = bookmark;
    // If the row is there afterwards, the bookmark has skipped it and no other.
    const { sort: _, use_index: __, ...rest } = params;
    const same = find({ $and: [selector, { _id, _rev }] }, rest).toArray();
    // A text index may not support this.
    const [first] = await same.catch(() => []);
    if (first) [rows, known] = [[first, ...rows], -1];
    else {
      start = earlier ?? undefined;
      const [again] = await read(count + size, start);
      known = again.findLastIndex((row) => hashes.includes(hash(idOf(row)))) + 1;
      [rows, end] = await read(known + size + 1, start);
      rows.splice(0, known);
    }
  }
  const next = rows[size];
  rows.splice(size);
  const hashes = rows.map((row) => hash(idOf(row)));
  const place = next && [end, idOf(next), next._rev ?? next.rev, start, known + size, hashes];
  if (fields)
    for (const row of rows)
      for (const member of ["_id", "_rev"] as const)
        if (!fields.includes(member)) delete row[member];
  return { rows, next: place && encode(query, place) };
}

type Cursor = [
  bookmark: string,
  id: string,
  rev: string,
  earlier: string | null,
  count: number,
  hashes: string[],
];
