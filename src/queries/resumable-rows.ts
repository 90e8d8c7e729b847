import type { HttpClient } from "../http/client.js";
import type { StreamRequest } from "../http/request.js";
import { backoff } from "../http/retry.js";
import { type Batch, type Source, slice } from "../shared/batch.js";
import { IncompleteResponseError } from "../shared/errors.js";
import type { ViewRow } from "../shared/row-types.js";
import type { SureJson } from "../shared/sure-json.js";
import type { Operation } from "../streams/operation.js";
import type { ViewParams } from "./view-params.js";

/** The position of a scan: a row of a document, which may have several rows there. */
interface Place {
  id: string;
  /**
   * The number of rows of this document so far, by key. A resumed scan repeats the rows whose keys sort as
   * equal, even if the keys differ ("é" has two encodings).
   */
  seen: Map<string, number> | undefined;
  /** The rows of this document in the last batch, as text: the consumer may have changed the rows. */
  texts: string[];
}

/**
 * Stream the rows of a view. If the connection is lost, it resumes from the last row that was delivered,
 * until `retry.limit` attempts in a row bring nothing new.
 *
 * @throws IncompleteResponseError if the remaining rows cannot be determined exactly
 */
export function resumableRows(
  client: HttpClient,
  params: ViewParams,
  toRequest: (params: ViewParams) => StreamRequest,
  operation: Operation,
): Source<Batch> {
  const { json, session } = client;
  const request = (some: ViewParams) => client.rows(toRequest(some), "rows", operation);
  const limit = Number(params.limit ?? Infinity);
  let given = 0;
  let place: Place | undefined;
  let response = request(params);
  let first: Source<Batch> | undefined;
  let known: Place["seen"];
  let failures = 0;

  const next = async (): Promise<Batch | undefined> => {
    for (;;) {
      try {
        const batch = await response.next();
        if (batch === undefined) return undefined;
        const from = known ? countKnown(batch, known, place, json) : 0;
        if (from < batch.rows.length) known = undefined;
        const fresh = slice(batch, from, from + limit - given);
        if (fresh.rows.length === 0) continue;
        given += fresh.rows.length;
        place = placeAfter(fresh, place, json);
        first ??= response;
        failures = 0;
        return fresh;
      } catch (error) {
        failures += 1;
        if (!(error instanceof IncompleteResponseError) || failures > session.retries) throw error;
        const left = first ? place && rest(params, place, given, json) : params;
        if (!left) throw error;
        await operation.sleep(backoff(failures));
        response = request(left);
        known = place && new Map(seenAt(place, json));
      }
    }
  };

  return {
    next,
    get summary() {
      // A feed that continues from these rows must not miss changes since the first of them.
      return (first ?? response).summary;
    },
  };
}

/** Count the rows of a batch that were delivered before the connection was lost. */
function countKnown(
  { rows }: Batch,
  known: Map<string, number>,
  place: Place | undefined,
  json: SureJson,
): number {
  const isKnown = (row: unknown) => {
    const { id, key } = Object(row) as ViewRow;
    const text = json.stringify(key);
    const times = known.get(text) ?? 0;
    known.set(text, times - 1);
    return id === place?.id && times > 0;
  };
  const at = rows.findIndex((row) => !isKnown(row));
  return at === -1 ? rows.length : at;
}

/** The parameters that return the rows at the place and those after it; undefined if that cannot be exact. */
function rest(
  params: ViewParams,
  place: Place,
  given: number,
  json: SureJson,
): ViewParams | undefined {
  if (params.keys !== undefined || params.sorted === false) return undefined;
  const seen = seenAt(place, json);
  const count = [...seen.values()].reduce((sum, times) => sum + times);
  // The document may have more rows among those that were skipped.
  if (count === given) return params;
  const key = [...seen.keys()].at(-1);
  const startkey = key && json.parse(key);
  if (!key || !isExact(startkey)) return undefined;
  const limit = params.limit && Number(params.limit) - given + count;
  return { ...params, startkey, startkey_docid: place.id, skip: undefined, limit };
}

/** The place of the last row; undefined for reduced rows, which have none. */
function placeAfter(batch: Batch, before: Place | undefined, json: SureJson): Place | undefined {
  const rows = batch.rows as ViewRow[];
  let first = rows.length - 1;
  const id = rows[first]?.id;
  if (id === undefined) return undefined;
  while (first > 0 && rows[first - 1]?.id === id) first -= 1;
  const goesOn = first === 0 && before?.id === id;
  return { id, seen: goesOn ? seenAt(before, json) : undefined, texts: batch.texts.slice(first) };
}

/** Count the rows at the place by key. The last key is that of the last row, or sorts as equal. */
function seenAt(place: Place, json: SureJson): Map<string, number> {
  place.seen ??= new Map();
  const { seen, texts } = place;
  for (const text of texts) {
    const key = json.stringify((json.parse(text) as ViewRow).key);
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  place.texts = [];
  return seen;
}

/** Whether a key survived parsing: `JSON` loses digits of large numbers, and reorders numeric names. */
function isExact(key: unknown): boolean {
  if (typeof key === "number") return !Number.isInteger(key) || Number.isSafeInteger(key);
  if (typeof key !== "object" || key === null) return true;
  const isMoved = !Array.isArray(key) && Object.keys(key).some((name) => /^\d+$/.test(name));
  return !isMoved && Object.values(key).every(isExact);
}
