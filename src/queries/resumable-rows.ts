import type { HttpClient } from "../http/client.js";
import type { StreamRequest } from "../http/request.js";
import { waitBefore } from "../http/retry.js";
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
  /** The text of the scan's first row, if all rows so far are of this document. */
  first: string | undefined;
}

/** The rows that a resumed response begins with, which were delivered or skipped before. */
interface Repeated {
  id: string;
  /** The number of rows that were delivered, by key. */
  known: Map<string, number>;
  /** The first row that was delivered, if those before it may be skipped rows of this document and key. */
  opening: string | undefined;
}

/** A scan of a view. */
export interface Scan {
  params: ViewParams;
  toRequest(params: ViewParams): StreamRequest;
  /** The number of rows that the caller still needs. */
  missing(): number;
}

/**
 * Stream the rows of a view. If the connection is lost, it resumes from the last row that was delivered,
 * until `retry.limit` attempts in a row bring nothing new. It also continues from there if `params.limit`
 * was too low.
 *
 * @throws IncompleteResponseError if the remaining rows cannot be determined exactly
 */
export function resumableRows(client: HttpClient, scan: Scan, operation: Operation): Source<Batch> {
  const { json, session } = client;
  let place: Place | undefined;
  let response: Source<Batch>;
  /** The number of rows that the response still has, unless the view ends before. */
  let left: number;
  let first: Source<Batch> | undefined;
  let repeated: Repeated | undefined;
  let failures = 0;

  const request = (toError?: () => unknown) => {
    const all: { params: ViewParams; repeated?: Repeated } = { params: scan.params };
    const rest = first ? place && restOf(scan, place, json) : all;
    if (!rest) throw toError?.();
    repeated = rest.repeated;
    response = client.rows(scan.toRequest(rest.params), "rows", operation);
    left = Number(rest.params.limit ?? Infinity);
  };
  const incomplete = () => client.incomplete(scan.toRequest(scan.params), 200);

  const next = async (): Promise<Batch | undefined> => {
    for (;;) {
      try {
        const batch = await response.next();
        if (batch) left -= batch.rows.length;
        const from = batch && repeated ? countRepeated(batch, repeated, json) : 0;
        if (from === batch?.rows.length) continue;
        if (repeated?.opening) throw incomplete();
        repeated = undefined;
        if (batch) {
          const fresh = slice(batch, from);
          first ??= response;
          place = placeAfter(fresh, place, json);
          failures = 0;
          return fresh;
        }
      } catch (error) {
        failures += 1;
        if (!(error instanceof IncompleteResponseError) || failures > session.retries) throw error;
        request(() => error);
        await operation.sleep(waitBefore(failures, error, session.hooks));
        continue;
      }
      if (left > 0 || scan.missing() === 0) return undefined;
      request(incomplete);
    }
  };
  request();

  return {
    next,
    get summary() {
      // A feed that continues from these rows must not miss changes since the first of them.
      return (first ?? response).summary;
    },
  };
}

/** Count the rows at the beginning of a batch that were delivered or skipped before. */
function countRepeated({ rows, texts }: Batch, repeated: Repeated, json: SureJson): number {
  const { id, known } = repeated;
  const isNew = (row: unknown, at: number) => {
    const { id: own, key } = Object(row) as ViewRow;
    if (own !== id) return true;
    if (texts[at] === repeated.opening) repeated.opening = undefined;
    if (repeated.opening) return false;
    const name = json.stringify(key);
    const times = known.get(name) ?? 0;
    known.set(name, times - 1);
    return times <= 0;
  };
  const at = rows.findIndex(isNew);
  return at === -1 ? rows.length : at;
}

/** A number of rows as a parameter. */
export const finite = (rows: number) => (rows < Infinity ? rows : undefined);

/** The parameters that return the rows at the place and those after it; undefined if that cannot be exact. */
function restOf(
  { params, missing }: Scan,
  place: Place,
  json: SureJson,
): { params: ViewParams; repeated: Repeated } | undefined {
  const { id, first } = place;
  const known = new Map(seenAt(place, json));
  const key = [...known.keys()].at(-1);
  const startkey = key && json.parse(key);
  if (!key || !isExact(startkey) || params.keys || params.sorted === false) return undefined;
  const count = [...known.values()].reduce((sum, times) => sum + times);
  const skip = first && known.size === 1 && startkey !== id ? Number(params.skip ?? 0) : 0;
  const limit = finite(missing() + count + skip);
  return {
    params: { ...params, startkey, startkey_docid: id, skip: undefined, limit },
    repeated: { id, known, opening: skip > 0 ? first : undefined },
  };
}

/** The place of the last row; undefined for reduced rows, which have none. */
function placeAfter(batch: Batch, before: Place | undefined, json: SureJson): Place | undefined {
  const rows = batch.rows as ViewRow[];
  const { texts } = batch;
  let at = rows.length - 1;
  const id = rows[at]?.id;
  if (id === undefined) return undefined;
  while (at > 0 && rows[at - 1]?.id === id) at -= 1;
  const goesOn = at === 0 && before?.id === id;
  return {
    id,
    seen: goesOn ? seenAt(before, json) : undefined,
    texts: texts.slice(at),
    first: goesOn ? before.first : before || at > 0 ? undefined : texts[0],
  };
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
export function isExact(key: unknown): boolean {
  if (typeof key === "number") return !Number.isInteger(key) || Number.isSafeInteger(key);
  if (typeof key !== "object" || key === null) return true;
  const isMoved = !Array.isArray(key) && Object.keys(key).some((name) => /^\d+$/.test(name));
  return !isMoved && Object.values(key).every(isExact);
}
