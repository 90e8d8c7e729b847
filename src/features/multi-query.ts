import type { DatabaseContext } from "../documents/database-context.js";
import type { Call } from "../http/request.js";
import { InvalidResponseError } from "../shared/errors.js";
import type { RowsSummary } from "../shared/types.js";
import { type Batch, identity, mapped, slice } from "../streams/batch.js";
import { EndOfResult } from "../streams/multi-result-reader.js";
import { Rows } from "../streams/rows.js";
import { admitDoc, admitting } from "./schema/validation.js";

/**
 * The answers to several queries that were asked in one request: Rows for each, one after the other, as
 * they arrive. What was not read of one is read past when the next is asked for.
 */
export async function* rowsOfQueries<R>(
  context: DatabaseContext,
  call: Call,
  count: number,
): AsyncGenerator<Rows<R>, void, void> {
  const { client } = context;
  const operation = client.begin(call.signal);
  try {
    const { next: pull } = client.results(call, operation);
    let batch: Batch | undefined;
    let at = 0;
    let told = 0;
    const hasMore = async () => {
      if (batch && at < batch.rows.length) return true;
      batch = await pull();
      at = 0;
      return batch !== undefined;
    };
    while (await hasMore()) {
      let summary: RowsSummary = {};
      let isOver = false;
      const next = async (): Promise<Batch | undefined> => {
        if (isOver || !(await hasMore()) || !batch) return undefined;
        const from = at;
        const end = batch.rows.findIndex(
          (row, index) => index >= from && row instanceof EndOfResult,
        );
        isOver = end !== -1;
        at = isOver ? end + 1 : batch.rows.length;
        if (isOver) ({ summary } = batch.rows[end] as EndOfResult);
        return slice(batch, from, isOver ? end : at);
      };
      const source = {
        next,
        get summary() {
          return summary;
        },
      };
      const rows = new Rows<R>({
        begin: () => operation.part(),
        open: (part) => mapped<R>(admitting(context, source, admitDoc, part), identity),
      });
      told += 1;
      yield rows;
      await rows[Symbol.asyncDispose]();
      while (!isOver && (await next()));
    }
    if (told === count) return;
    const reason = `answered with ${told} results to ${count} queries`;
    throw client.error(InvalidResponseError, call, { status: 200, reason });
  } finally {
    operation.abort(new DOMException("The results were given up before their end", "AbortError"));
    operation.end();
  }
}
