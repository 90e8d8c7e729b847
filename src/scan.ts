import { IncompleteResponseError } from "./errors.js";
import { type Batch, slice } from "./streams/batch.js";
import type { Flight } from "./streams/flight.js";
import type { Call } from "./transport/call.js";
import { backoff } from "./transport/retry.js";
import type { Transport } from "./transport/transport.js";
import type { Json, RowsSummary, ViewParams, ViewRow } from "./types.js";

/** Where a scan stands: at a row, of which a document may have several, all with the same key. */
interface Place {
  id: string;
  /** As JSON, for the row itself is the consumer's by now. */
  key: string;
  /** How many of them were handed over. */
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
  const { limit = Number.POSITIVE_INFINITY } = params;
  let given = 0;
  let asked: ViewParams | undefined = params;
  let place: Place | undefined;
  let first: RowsSummary | undefined;
  for (let failures = 0; ; ) {
    const summary: RowsSummary = {};
    let known = place?.count ?? 0;
    try {
      for await (const batch of transport.rows(toCall(asked), "rows", flight, summary)) {
        let from = 0;
        while (from < known && isAt(place, batch.rows[from], json)) from += 1;
        known = from < batch.rows.length ? 0 : known - from;
        const fresh = slice(batch, from, from + limit - given);
        if (fresh.rows.length === 0) continue;
        given += fresh.rows.length;
        place = placeAfter(fresh.rows, place, json);
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
  json: Json,
): ViewParams | undefined {
  if (params.keys !== undefined || params.sorted === false) return undefined;
  // Of the rows at the place, `skip` may have left out some.
  if (count === given) return params;
  const startkey = json.parse(key);
  if (!isExact(startkey)) return undefined;
  const limit = params.limit && params.limit - given + count;
  return { ...params, startkey, startkey_docid: id, skip: undefined, limit };
}

/** The place of the last row, if it has one: reduced rows have not. */
function placeAfter(rows: unknown[], before: Place | undefined, json: Json): Place | undefined {
  const { id, key } = rows.at(-1) as ViewRow;
  if (id === undefined || key === undefined) return undefined;
  const place = { id, key: json.stringify(key), count: 1 };
  while (place.count < rows.length && isAt(place, rows.at(-place.count - 1), json)) {
    place.count += 1;
  }
  if (place.count === rows.length && before?.id === id && before.key === place.key) {
    place.count += before.count;
  }
  return place;
}

function isAt(place: Place | undefined, row: unknown, { stringify }: Json): boolean {
  const { id, key } = row as ViewRow;
  return id === place?.id && stringify(key) === place?.key;
}

/** Whether a key is what the server had: of large numbers `JSON` keeps less, and it sorts some names. */
function isExact(key: unknown): boolean {
  if (typeof key === "number") return !Number.isInteger(key) || Number.isSafeInteger(key);
  if (typeof key !== "object" || key === null) return true;
  const isMoved = !Array.isArray(key) && Object.keys(key).some((name) => /^\d+$/.test(name));
  return !isMoved && Object.values(key).every(isExact);
}
