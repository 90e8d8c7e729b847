import { IncompleteResponseError } from "./errors.js";
import { type Batch, slice } from "./streams/batch.js";
import type { Flight } from "./streams/flight.js";
import type { Call, SureJson } from "./transport/call.js";
import { backoff } from "./transport/retry.js";
import type { Transport } from "./transport/transport.js";
import type { RowsSummary, ViewParams, ViewRow } from "./types.js";

/** Where a scan stands: at a row of a document, which may have several there. */
interface Place {
  id: string;
  /** As JSON, as are all keys here, for the row itself is the consumer's by now. */
  key: string;
  /**
   * How many rows with which key came last, all of this document: with keys that sort as the same,
   * they come again together, whether the keys are the same ("é" is written in two ways) or not.
   */
  seen: Map<string, number>;
  count: number;
}

/**
 * The rows of a view. When the connection is lost on the way, they are asked for again from the last
 * one that was handed over, as long as `retry.limit` tries on end do not bring another.
 *
 * @throws IncompleteResponseError where it cannot be told exactly which are left
 */
export async function* scan(
  transport: Transport,
  params: ViewParams,
  toCall: (params: ViewParams) => Call,
  flight: Flight,
): AsyncGenerator<Batch, RowsSummary, void> {
  const { json, retries } = transport;
  const limit = Number(params.limit ?? Number.POSITIVE_INFINITY);
  let given = 0;
  let asked: ViewParams | undefined = params;
  let place: Place | undefined;
  let first: RowsSummary | undefined;
  for (let failures = 0; ; ) {
    const summary: RowsSummary = {};
    const known = new Map(place?.seen);
    try {
      for await (const batch of transport.rows(toCall(asked), "rows", flight, summary)) {
        let from = 0;
        while (known.size > 0 && from < batch.rows.length) {
          const { id, key } = Object(batch.rows[from]) as ViewRow;
          const text = json.stringify(key);
          const times = known.get(text) ?? 0;
          if (id !== place?.id || times === 0) break;
          known.set(text, times - 1);
          from += 1;
        }
        if (from < batch.rows.length) known.clear();
        const fresh = slice(batch, from, from + limit - given);
        if (fresh.rows.length === 0) continue;
        given += fresh.rows.length;
        place = placeAfter(fresh.rows as ViewRow[], place, json);
        first ??= summary;
        failures = 0;
        yield fresh;
      }
      // Whoever follows the changes since these rows must not miss those since the first of them.
      return first ?? summary;
    } catch (error) {
      failures += 1;
      if (!(error instanceof IncompleteResponseError) || failures > retries) throw error;
      if (first) asked = place && rest(params, place, given, json);
      if (!asked) throw error;
      await flight.sleep(backoff(failures));
    }
  }
}

/** What to ask for to get the rows at the place again, and those after it; undefined if that is not exact. */
function rest(
  params: ViewParams,
  { id, key, count }: Place,
  given: number,
  json: SureJson,
): ViewParams | undefined {
  if (!key || params.keys !== undefined || params.sorted === false) return undefined;
  // Some of the document's rows may be among those that were skipped.
  if (count === given) return params;
  const startkey = json.parse(key);
  if (!isExact(startkey)) return undefined;
  const limit = params.limit && Number(params.limit) - given + count;
  return { ...params, startkey, startkey_docid: id, skip: undefined, limit };
}

/** The place of the last row, if it has one: reduced rows have not. */
function placeAfter(rows: ViewRow[], before: Place | undefined, json: SureJson): Place | undefined {
  const id = rows.at(-1)?.id;
  if (id === undefined) return undefined;
  const first = rows.findLastIndex((row) => row?.id !== id) + 1;
  const goesOn = first === 0 && before?.id === id;
  const place = goesOn ? before : { id, key: "", seen: new Map<string, number>(), count: 0 };
  for (const row of rows.slice(first)) {
    place.key = json.stringify(row.key);
    place.seen.set(place.key, (place.seen.get(place.key) ?? 0) + 1);
    place.count += 1;
  }
  return place;
}

/** Whether a key is what the server had: of large numbers `JSON` keeps less, and it sorts some names. */
function isExact(key: unknown): boolean {
  if (typeof key === "number") return !Number.isInteger(key) || Number.isSafeInteger(key);
  if (typeof key !== "object" || key === null) return true;
  const isMoved = !Array.isArray(key) && Object.keys(key).some((name) => /^\d+$/.test(name));
  return !isMoved && Object.values(key).every(isExact);
}
