import type { StreamRequest } from "../http/request.js";
import { View } from "../queries/view.js";
import type { ViewParams } from "../queries/view-params.js";
import { checkArray, checkOptions } from "../shared/arguments.js";
import { type Batch, identity, mapped, type Pull, slice } from "../shared/batch.js";
import type { Fixed } from "../shared/fixed.js";
import type { ViewRow } from "../shared/row-types.js";
import type { OperationOptions, RowsSummary } from "../shared/types.js";
import { EndOfResult, MultiResultReader } from "../streams/multi-result-reader.js";
import { Rows } from "../streams/rows.js";

/**
 * Run several queries of a view in one request. It yields Rows for each query as they arrive: rows that you
 * do not read are skipped when you ask for the next query. Leaving the loop closes the connection.
 *
 * ```ts
 * for await (const rows of multiQuery(view, [{ key: 4 }, { key: 2 }])) console.log(await rows.toArray());
 * ```
 *
 * @throws TypeError if `queries` is not an array, or one has an invalid parameter
 * @throws IncompleteResponseError if the connection is lost
 * @see https://docs.couchdb.org/en/stable/api/ddoc/views.html#sending-multiple-queries-to-a-view
 */
export function multiQuery<K, V, T extends object>(
  view: View<K, V, T>,
  queries: readonly Omit<ViewParams<Fixed<K>>, "signal">[],
  options: OperationOptions = {},
): AsyncGenerator<Rows<ViewRow<K, V, T>>, void, void> {
  const limits = checkOptions(options, "");
  checkArray("queries", queries);
  const { context, path } = View.partsOf(view);
  // Invalid parameters throw now, not at the first row.
  for (const query of queries) context.client.url({ path, query: { ...query } }, Infinity);
  return results(view, queries, limits);
}

async function* results<K, V, T extends object>(
  view: View<K, V, T>,
  queries: readonly Omit<ViewParams<K>, "signal">[],
  limits: OperationOptions,
): AsyncGenerator<Rows<ViewRow<K, V, T>>, void, void> {
  const { context, path } = View.partsOf(view);
  const { client, codec } = context;
  const body = client.json.stringify({ queries });
  const how = { method: "POST", path: `${path}/queries`, effect: "read" } as const;
  const request: StreamRequest = { ...how, ...context.timing, body };
  const operation = client.begin(limits);
  try {
    const reader = new MultiResultReader((text) => client.json.parse(text));
    const batches = new ResultBatches(client.read(request, operation, reader).next);
    let count = 0;
    while (await batches.hasMore()) {
      const source = new Result(batches);
      const rows = new Rows<ViewRow<K, V, T>>({
        begin: () => operation.part(),
        open: (part) => mapped(codec?.validateRows(source, "row", part) ?? source, identity),
      });
      count += 1;
      yield rows;
      await rows[Symbol.asyncDispose]();
      while (await source.next());
    }
    if (count === queries.length) return;
    const reason = `expected ${queries.length} results, got ${count}`;
    throw client.invalid(request, reason, 200);
  } finally {
    operation.abort(new DOMException("the results were closed before their end", "AbortError"));
    operation.end();
  }
}

/** The batches of all results: a batch may have the end of one and the beginning of the next. */
class ResultBatches {
  readonly #pull: Pull<Batch>;
  #batch: Batch | undefined;
  #at = 0;

  constructor(pull: Pull<Batch>) {
    this.#pull = pull;
  }

  async hasMore(): Promise<boolean> {
    if (this.#batch && this.#at < this.#batch.rows.length) return true;
    this.#batch = await this.#pull();
    this.#at = 0;
    return this.#batch !== undefined;
  }

  /** The next rows of the current result, and its end if that is among them. */
  async next(): Promise<{ batch: Batch; end: EndOfResult | undefined } | undefined> {
    if (!(await this.hasMore()) || !this.#batch) return undefined;
    const batch = this.#batch;
    const from = this.#at;
    const isEnd = (row: unknown, index: number) => index >= from && row instanceof EndOfResult;
    const at = batch.rows.findIndex(isEnd);
    const to = at === -1 ? batch.rows.length : at;
    this.#at = at === -1 ? to : at + 1;
    return { batch: slice(batch, from, to), end: batch.rows[at] as EndOfResult | undefined };
  }
}

/** The rows of one result. */
class Result {
  summary: RowsSummary = {};
  readonly #batches: ResultBatches;
  #isOver = false;

  constructor(batches: ResultBatches) {
    this.#batches = batches;
  }

  readonly next = async (): Promise<Batch | undefined> => {
    const step = this.#isOver ? undefined : await this.#batches.next();
    if (!step?.end) return step?.batch;
    this.#isOver = true;
    this.summary = step.end.summary;
    return step.batch;
  };
}
