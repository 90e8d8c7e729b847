/**
 * The place of a page in the rows, and its size.
 *
 * @see https://docs.couchdb.org/en/stable/ddocs/views/pagination.html
 */
export interface PageOptions {
  /** The maximum number of rows, from 1 to 200. Default 25. */
  size?: number | undefined;
  /** The `next` of the page before. Default: the first page, also for null. */
  cursor?: string | null | undefined;
}

/** A page of rows. */
export interface Page<R> {
  rows: R[];
  /** The cursor of the next page, for a URL; undefined on the last page. */
  next: string | undefined;
}
