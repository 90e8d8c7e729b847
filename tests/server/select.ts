import { compareIds } from "./collate.js";
import type { CompareKeys, IndexRow } from "./view-index.js";

export interface Range {
  startkey?: unknown;
  startkey_docid?: string;
  endkey?: unknown;
  endkey_docid?: string;
  descending: boolean;
  inclusive_end: boolean;
}

/** The number of rows, of an ordered list, that stand before a point. */
function countWhile(rows: readonly IndexRow[], isBefore: (row: IndexRow) => boolean): number {
  let from = 0;
  let to = rows.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    const row = rows[middle];
    if (row !== undefined && isBefore(row)) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** The rows of a range in the order asked for, and the number of rows before them. */
export function select(
  rows: readonly IndexRow[],
  compareKeys: CompareKeys,
  range: Range,
): { offset: number; selected: readonly IndexRow[] } {
  const ordered = range.descending ? rows.toReversed() : rows;
  const sign = range.descending ? -1 : 1;
  // A bound without an id takes in all rows of its key.
  const compare = (row: IndexRow, key: unknown, id: string | undefined) =>
    sign * compareKeys(row.key, key) || (id === undefined ? 0 : sign * compareIds(row.id, id));
  const { startkey, startkey_docid, endkey, endkey_docid, inclusive_end } = range;
  const offset =
    startkey === undefined
      ? 0
      : countWhile(ordered, (row) => compare(row, startkey, startkey_docid) < 0);
  const end =
    endkey === undefined
      ? ordered.length
      : countWhile(ordered, (row) => {
          const order = compare(row, endkey, endkey_docid);
          return inclusive_end ? order <= 0 : order < 0;
        });
  return { offset, selected: ordered.slice(offset, Math.max(offset, end)) };
}
