import type { Document } from "../../documents/document.js";
import type { DocumentQueries } from "../../queries/document-queries.js";
import type { FindParams } from "../../queries/find.js";
import type { Picked, QueryField, Selector } from "../../queries/selector.js";
import { View } from "../../queries/view.js";
import type { DocsOptions, ViewParams } from "../../queries/view-params.js";
import { checkObject } from "../../shared/arguments.js";
import type { Fixed } from "../../shared/fixed.js";
import type { DocRow, EmittedRow, Grouped, ReducedRow, WithDocs } from "../../shared/row-types.js";
import { foreignCursor } from "./cursor.js";
import { type FindOptions, findPage } from "./find-page.js";
import { type RowOptions, rowPage } from "./row-page.js";
import type { Page, PageOptions } from "./types.js";

type Refused = "limit" | "skip" | "bookmark" | "keys" | "ids" | "create" | "sorted" | "group_level";

/** Options for rows, as `page` takes them. */
type Paged<O> = Omit<O, Refused> & PageOptions;

const refused = /^(limit|skip|bookmark|keys|ids|create|sorted|group_level)$/;
const largestSize = 200;

/**
 * Read one page of a view, of a database's documents, or of a query. Pass its `next` as the `cursor` of the
 * following page. Rows that are inserted or deleted between two pages do not shift them: a row that exists all
 * the time is on exactly one page.
 *
 * ```ts
 * const first = await page(animals.view("zoo", "by_type"), { size: 20 });
 * const second = await page(animals.view("zoo", "by_type"), { size: 20, cursor: first.next });
 * const cats = await page(animals, { prefix: "cat" });
 * const found = await page(animals, { selector: { legs: 4 }, sort: ["born"] });
 * ```
 *
 * A view gives its rows, not reduced unless you pass `group`. A database or a partition gives
 * documents, as `docs` does; with `selector` as `find` does; with `selector` and `fields` plain objects, as `query`
 * does.
 *
 * `cursor` may come from a URL: no cursor leads to rows outside the query's range.
 *
 * @throws TypeError if `cursor` is damaged, or belongs to another database, view, selector, order or range
 * @throws RangeError if `size` is not an integer from 1 to 200, or if the page ends at a key with numbers or
 * members that `JSON.parse` changes
 */
export function page<K, V, T extends object>(
  view: View<K, V, T>,
  options: Paged<ViewParams<Fixed<K>>> & Grouped,
): Promise<Page<ReducedRow<K, V>>>;
export function page<K, V, T extends object>(
  view: View<K, V, T>,
  options: Paged<ViewParams<Fixed<K>>> & WithDocs & { reduce?: false | undefined },
): Promise<Page<DocRow<K, V, T>>>;
export function page<K, V, T extends object>(
  view: View<K, V, T>,
  options?: Paged<ViewParams<Fixed<K>>> & { reduce?: false | undefined },
): Promise<Page<EmittedRow<K, V, T>>>;
export function page<T extends object, S extends object, const F extends QueryField<S>>(
  db: DocumentQueries<T, S>,
  options: Paged<FindParams<Fixed<S>>> & { selector: Selector<Fixed<S>>; fields: readonly F[] },
): Promise<Page<Picked<S, F>>>;
export function page<T extends object, S extends object>(
  db: DocumentQueries<T, S>,
  options: Paged<FindParams<Fixed<S>>> & { selector: Selector<Fixed<S>> },
): Promise<Page<Document<T>>>;
export function page<T extends object, S extends object>(
  db: DocumentQueries<T, S>,
  options?: Paged<DocsOptions<string, T>>,
): Promise<Page<Document<T>>>;
export async function page(
  // biome-ignore lint/suspicious/noExplicitAny: the overloads have the types
  from: View<any, any, any> | DocumentQueries<any, any>,
  options: object = {},
): Promise<Page<unknown>> {
  checkObject("options", options);
  for (const name in options)
    if (refused.test(name))
      throw new TypeError(`page() has no \`${name}\`: use \`size\`, \`cursor\``);
  const { size = 25, cursor } = options as PageOptions;
  if (!(size > 0 && size <= largestSize && Number.isInteger(size)))
    throw new RangeError(`\`size\` must be an integer from 1 to ${largestSize}`);
  const rows =
    "selector" in options && !(from instanceof View)
      ? findPage(from as DocumentQueries, options as FindOptions, size)
      : rowPage(from, options as RowOptions, size);
  return rows.catch((error) => {
    // A place that somebody made up.
    const isOfCursor = /^(invalid_bookmark|query_parse_error)$/.test(Object(error).error);
    throw cursor != null && (isOfCursor || error instanceof SyntaxError) ? foreignCursor() : error;
  });
}
