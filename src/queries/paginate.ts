import type { DatabaseContext } from "../documents/database-context.js";
import { type AdmitRow, admitting } from "../features/schema/validation.js";
import type { HttpClient } from "../http/client.js";
import type { Call } from "../http/request.js";
import { InvalidResponseError } from "../shared/errors.js";
import type { OperationOptions, RowsSummary } from "../shared/types.js";
import { type Batch, mapped, pullFrom } from "../streams/batch.js";
import type { Operation } from "../streams/operation.js";
import { Rows } from "../streams/rows.js";

/** What is asked page by page, each beginning at the bookmark where the last one ended. */
export interface Question extends OperationOptions {
  path: string;
  /** Where the rows are. */
  member: string;
  params: Record<string, unknown>;
  /** Rows over all pages. Default: all there are. */
  limit: number | undefined;
  /** Rows a page. */
  size: number;
  /** A page may be cut by the server, but to no less than this. */
  leastCap: number;
}

/** The rows of as many pages as it takes, behind one Rows. */
export function paginate<R>(
  context: DatabaseContext,
  question: Question,
  admitRow: AdmitRow,
  map: (batch: Batch, rows: R[]) => void,
): Rows<R> {
  const { client } = context;
  const { limit = Number.POSITIVE_INFINITY, signal } = question;
  if (!(limit >= 0) || limit === null) throw new RangeError("limit cannot be negative");
  return new Rows({
    begin: () => client.begin(signal),
    open: (operation) => {
      const summary: RowsSummary = {};
      const batches = pages(client, question, Number(limit), operation, summary);
      const source = { next: pullFrom(batches), summary };
      return mapped(admitting(context, source, admitRow, operation), map);
    },
  });
}

async function* pages(
  client: HttpClient,
  { path, member, params, size, leastCap }: Question,
  limit: number,
  operation: Operation,
  summary: RowsSummary,
): AsyncGenerator<Batch, void, void> {
  let left = limit;
  let page = params;
  while (left > 0) {
    const asked = Math.min(left, size);
    const body = client.json.stringify({ ...page, limit: asked });
    const call: Call = { method: "POST", path, body, reads: true };
    const answer = client.rows(call, member, operation);
    let count = 0;
    for (let batch = await answer.next(); batch; batch = await answer.next()) {
      count += batch.rows.length;
      yield batch;
    }
    merge(summary, answer.summary);
    left -= count;
    if (count < Math.min(asked, leastCap)) break;
    const hasBookmark = summary.bookmark !== undefined && summary.bookmark !== "nil";
    if (!hasBookmark && count < asked) break;
    if (left > 0 && (!hasBookmark || summary.bookmark === page.bookmark)) {
      const reason = "answered with no new bookmark: the rest cannot be reached";
      throw client.error(InvalidResponseError, call, { status: 200, reason });
    }
    // The bookmark stands after what was skipped.
    page = { ...page, bookmark: summary.bookmark, ...("skip" in page && { skip: 0 }) };
  }
  // CouchDB's word for nowhere, which it does not take back.
  if (summary.bookmark === "nil") delete summary.bookmark;
}

function merge(summary: RowsSummary, page: RowsSummary): void {
  const { execution_stats: sum = {}, warning } = summary;
  Object.defineProperties(summary, Object.getOwnPropertyDescriptors(page));
  // The first page's warning is about the query; later ones are about a page.
  if (warning !== undefined) summary.warning = warning;
  for (const [name, value] of Object.entries(page.execution_stats ?? {})) {
    sum[name] = (sum[name] ?? 0) + Number(value);
  }
  if (page.execution_stats) summary.execution_stats = sum;
}
