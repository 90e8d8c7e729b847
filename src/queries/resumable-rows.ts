import type { HttpClient } from "../http/client.js";
import type { StreamRequest } from "../http/request.js";
import { backoff } from "../http/retry.js";
import { type Batch, type Source, slice } from "../shared/batch.js";
import { IncompleteResponseError } from "../shared/errors.js";
import type { ViewRow } from "../shared/row-types.js";
import type { SureJson } from "../shared/sure-json.js";
import type { Operation } from "../streams/operation.js";
import type { ViewParams } from "./view-params.js";

/** Where a scan stands: at a row of a document, which may have several there. */
interface Place {
  id: string;
  /**
   * How many rows with which key came before, all of this document: with keys that sort as the same,
   * they come again together, whether the keys are the same ("é" is written in two ways) or not.
   */
  seen: Map<string, number> | undefined;
  /** The same rows of the last batch: as text, for the rows themselves are the consumer's by now. */
  texts: string[];
}

/**
 * The rows of a view. When the connection is lost on the way, they are asked for again from the last
 * one that was handed over, as long as `retry.limit` tries on end do not bring another.
 *
 * @throws IncompleteResponseError where it cannot be told exactly which are left
 */
export function resumableRows(
  client: HttpClient,
  params: ViewParams,
  toRequest: (params: ViewParams) => StreamRequest,
  operation: Operation,
): Source<Batch> {
  const { json, session } = client;
  const limit = Number(params.limit ?? Infinity);
  let given = 0;
  let place: Place | undefined;
  let response: Source<Batch> = client.rows(toRequest(params), "rows", operation);
  let first: Source<Batch> | undefined;
  let known: Place["seen"];
  let failures = 0;

  /** A batch without the rows that were handed over before the connection was lost. */
  const fresh = (batch: Batch): Batch => {
    let from = 0;
    while (known && from < batch.rows.length) {
      const { id, key } = Object(batch.rows[from]) as ViewRow;
      const text = json.stringify(key);
      const times = known.get(text) ?? 0;
      if (id !== place?.id || times === 0) {
        known = undefined;
      } else {
        known.set(text, times - 1);
        from += 1;
      }
    }
    return slice(batch, from, from + limit - given);
  };

  const next = async (): Promise<Batch | undefined> => {
    for (;;) {
      try {
        const batch = await response.next();
        if (batch === undefined) return undefined;
        const some = fresh(batch);
        if (some.rows.length === 0) continue;
        given += some.rows.length;
        place = placeAfter(some, place, json);
        first ??= response;
        failures = 0;
        return some;
      } catch (error) {
        failures += 1;
        if (!(error instanceof IncompleteResponseError) || failures > session.retries) throw error;
        const asked = first ? place && rest(params, place, given, json) : params;
        if (!asked) throw error;
        await operation.sleep(backoff(failures));
        response = client.rows(toRequest(asked), "rows", operation);
        known = place && new Map(seenAt(place, json));
      }
    }
  };

  return {
    next,
    get summary() {
      // Whoever follows the changes since these rows must not miss those since the first of them.
      return (first ?? response).summary;
    },
  };
}

/** What to ask for to get the rows at the place again, and those after it; undefined if that is not exact. */
function rest(
  params: ViewParams,
  place: Place,
  given: number,
  json: SureJson,
): ViewParams | undefined {
  if (params.keys !== undefined || params.sorted === false) return undefined;
  const seen = seenAt(place, json);
  const count = [...seen.values()].reduce((sum, times) => sum + times);
  // Some of the document's rows may be among those that were skipped.
  if (count === given) return params;
  const key = [...seen.keys()].at(-1);
  const startkey = key && json.parse(key);
  if (!key || !isExact(startkey)) return undefined;
  const limit = params.limit && Number(params.limit) - given + count;
  return { ...params, startkey, startkey_docid: place.id, skip: undefined, limit };
}

/** The place of the last row, if it has one: reduced rows have not. */
function placeAfter(batch: Batch, before: Place | undefined, json: SureJson): Place | undefined {
  const rows = batch.rows as ViewRow[];
  let first = rows.length - 1;
  const id = rows[first]?.id;
  if (id === undefined) return undefined;
  while (first > 0 && rows[first - 1]?.id === id) first -= 1;
  const goesOn = first === 0 && before?.id === id;
  return { id, seen: goesOn ? seenAt(before, json) : undefined, texts: batch.texts.slice(first) };
}

/** All rows at the place by their keys: last the one of the last row, or one that sorts as it does. */
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

/** Whether a key is what the server had: of large numbers `JSON` keeps less, and it sorts some names. */
function isExact(key: unknown): boolean {
  if (typeof key === "number") return !Number.isInteger(key) || Number.isSafeInteger(key);
  if (typeof key !== "object" || key === null) return true;
  const isMoved = !Array.isArray(key) && Object.keys(key).some((name) => /^\d+$/.test(name));
  return !isMoved && Object.values(key).every(isExact);
}
