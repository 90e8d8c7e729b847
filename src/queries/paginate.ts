import type { DatabaseContext } from "../documents/database-context.js";
import type { HttpClient } from "../http/client.js";
import type { Query } from "../http/query.js";
import type { StreamRequest } from "../http/request.js";
import { checkLeast } from "../shared/arguments.js";
import { type Batch, pullFrom } from "../shared/batch.js";
import type { RowKind } from "../shared/codec.js";
import { copyMembers } from "../shared/copy-members.js";
import type { OperationOptions, RowsSummary } from "../shared/types.js";
import type { Operation } from "../streams/operation.js";
import type { Rows } from "../streams/rows.js";
import { databaseRows } from "./database-rows.js";

/** A query that is requested page by page, each from the bookmark of the one before. */
export interface PagedQuery {
  path: string;
  /** The member of the response with the rows. */
  member: string;
  params: Query;
  limits: OperationOptions;
  /** Rows over all pages. Default: no limit. */
  limit: number | undefined;
  /** Rows per page. */
  size: number;
  /** Whether a page with fewer rows than requested may not be the last one. Default: no. */
  isCapped?: (
    client: HttpClient,
    request: StreamRequest,
    bookmark: string,
    operation: Operation,
  ) => Promise<boolean>;
  kind: RowKind | undefined;
}

// No cap is below CouchDB's default `limit`.
const leastCap = 25;

/** Stream the rows of all pages. */
export function paginate<R>(
  context: DatabaseContext,
  query: PagedQuery,
  map: (batch: Batch, rows: R[]) => void,
): Rows<R> {
  const { limit = Infinity, limits, kind } = query;
  checkLeast("limit", limit, 0);
  const open = (operation: Operation) => {
    const summary: RowsSummary = {};
    const batches = pages(context.client, query, Number(limit), operation, summary);
    return { next: pullFrom(batches), summary };
  };
  return databaseRows(context, { limits, kind, open, map });
}

async function* pages(
  client: HttpClient,
  { path, member, params, size, isCapped }: PagedQuery,
  limit: number,
  operation: Operation,
  summary: RowsSummary,
): AsyncGenerator<Batch, void, void> {
  let left = limit;
  let page = params;
  let capped = false;
  while (left > 0) {
    const asked = Math.min(left, size);
    const body = client.json.stringify({ ...page, limit: asked });
    const { silenceTimeout } = client.session;
    const request: StreamRequest = { method: "POST", path, body, effect: "read", silenceTimeout };
    const response = client.rows(request, member, operation);
    let count = 0;
    for (let batch = await response.next(); batch; batch = await response.next()) {
      count += batch.rows.length;
      yield batch;
    }
    merge(summary, response.summary);
    left -= count;
    // CouchDB's value for no bookmark, which it does not accept in a request.
    if (summary.bookmark === "nil") delete summary.bookmark;
    const { bookmark } = summary;
    if (count < asked) {
      if (count < leastCap || !bookmark) break;
      capped ||= (await isCapped?.(client, request, bookmark, operation)) ?? false;
      if (!capped) break;
    }
    if (left > 0 && (bookmark === undefined || bookmark === page.bookmark)) {
      throw client.invalid(request, "expected a new bookmark", 200);
    }
    // The bookmark is already past the skipped rows.
    page = { ...page, bookmark, ...("skip" in page && { skip: 0 }) };
  }
}

function merge(summary: RowsSummary, page: RowsSummary): void {
  const { execution_stats: sum = {}, warning } = summary;
  copyMembers(page, summary);
  // The first page's warning concerns the query, later ones concern a page.
  if (warning !== undefined) summary.warning = warning;
  for (const [name, value] of Object.entries(page.execution_stats ?? {})) {
    sum[name] = Number(Object.hasOwn(sum, name) && sum[name]) + Number(value);
  }
  if (page.execution_stats) summary.execution_stats = sum;
}
