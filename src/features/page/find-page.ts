import type { Document } from "../../documents/document.js";
import { DocumentQueries } from "../../queries/document-queries.js";
import type { FindParams } from "../../queries/find.js";
import type { Selector } from "../../queries/selector.js";
import { decidingOf, decode, encode, hash } from "./cursor.js";
import type { Page, PageOptions } from "./types.js";

/** Options for a page of a query. */
export interface FindOptions extends FindParams, PageOptions {
  selector: Selector;
  fields?: readonly string[] | undefined;
}

type Found = Pick<Document, "id" | "rev"> & { _id?: string; _rev?: string };

// More than pages whose neighbors were all deleted come to.
const mostRows = 5000;

const types = "string,string,string,string,number,object";

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
  const { client, path } = DocumentQueries.contextOf(db);
  const { cursor, fields } = options;
  const query = client.json.stringify([path, DocumentQueries.pathOf(db), decidingOf(options)]);
  const { read, readAgain } = readersOf(db, options);

  let rows: Found[];
  let end: string | undefined;
  // The rows after this bookmark, of which the first `known` were read before.
  let start: string | undefined;
  let known = 0;
  if (cursor == null) [rows, end] = await read(size + 1, start);
  else {
    const [bookmark, id, rev, earlier, count, hashes] = decode<Place>(query, cursor, types);
    [rows, end] = await read(size, bookmark);
    // If the row is there afterwards, the bookmark has skipped it and no other.
    const first = await readAgain(id, rev);
    if (first) {
      rows.unshift(first);
      start = bookmark;
      known = -1;
    } else {
      start = earlier || undefined;
      const [again] = await read(Math.min(count, mostRows) + size, start);
      known = again.findLastIndex((row) => hashes.includes(hash(idOf(row)))) + 1;
      [rows, end] = await read(known + size + 1, start);
      rows.splice(0, known);
    }
  }
  const next = rows[size];
  rows.splice(size);
  const hashes = rows.map((row) => hash(idOf(row)));
  const place = next && [end, idOf(next), next._rev ?? next.rev, start ?? "", known + size, hashes];
  if (fields)
    for (const row of rows)
      for (const member of ["_id", "_rev"] as const)
        if (!fields.includes(member)) delete row[member];
  return { rows, next: place && encode(query, place) };
}

function readersOf(db: DocumentQueries, options: FindOptions) {
  const { codec } = DocumentQueries.contextOf(db);
  const { selector, cursor: _, size: __, fields, ...params } = options;
  const find = (which: object, more: FindParams) =>
    fields
      ? db.query<Found>(which, { ...more, fields: [...fields, "_id", "_rev"] })
      : db.find(which, more);
  return {
    /** Read up to a number of rows. */
    async read(limit: number, from: string | undefined) {
      const rows: Found[] = [];
      for (let bookmark = from; ; ) {
        const missing = limit - rows.length;
        const found = find(selector, { ...params, limit: missing, bookmark });
        const part = await found.toArray();
        rows.push(...part);
        const { bookmark: end } = await found.summary;
        // A schema may skip documents, so that fewer rows are not the end.
        const isOver = part.length === missing || !codec?.skips || !end || end === bookmark;
        if (isOver) return [rows, end] as const;
        bookmark = end;
      }
    },
    /** Read a row that has not changed, if it still matches. */
    readAgain(_id: string, _rev: string) {
      const { sort: _, use_index: __, ...rest } = params;
      const same = find({ $and: [selector, { _id, _rev }] }, { ...rest, limit: 1 });
      // A text index may not support this. Any other error comes again.
      return same.toArray().then(
        ([row]) => row,
        () => undefined,
      );
    },
  };
}

/** Where the next page begins. */
type Place = [
  /** Leads to the rows after the first of them. */
  bookmark: string,
  id: string,
  rev: string,
  /** Leads to rows before it; empty for the beginning. */
  earlier: string,
  /** The number of rows from there up to it. */
  count: number,
  /** The rows on the page, by their ids. */
  hashes: string[],
];
