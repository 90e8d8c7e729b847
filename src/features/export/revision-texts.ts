import type { DatabaseContext } from "../../documents/database-context.js";
import type { Query } from "../../http/query.js";
import type { StreamRequest } from "../../http/request.js";
import type { Pull } from "../../shared/batch.js";
import { IncompleteResponseError, NetworkError, ServerError } from "../../shared/errors.js";
import { hidesCookies } from "../../shared/runtime.js";
import type { BulkGetRow } from "../../shared/types.js";
import type { Operation } from "../../streams/operation.js";
import { AdaptiveRetry } from "../import/adaptive-retry.js";
import type { DocumentText } from "./both-ends.js";

/** The name of a revision. */
export interface Revision {
  id: string;
  rev: string;
}

// The first request is small: its documents arrive soon.
const firstSize = 20;
const largestSize = 1000;

// The server keeps a response in memory until it is complete, as does the client.
const largestResponse = 1_000_000;

// A browser opens six connections to a host.
const mostRequests = hidesCookies ? 1 : 3;

// How often a document is read again that changes while it is read.
const mostChanges = 10;

/**
 * Read the texts of revisions by `_bulk_get`, in the order of the list, with several requests at once, each of
 * about a megabyte.
 *
 * @param list - lists the revisions to read
 * @param current - names the revisions of documents of which one no longer exists
 */
export function revisionTexts(
  context: DatabaseContext,
  list: Pull<Revision[]>,
  query: Query,
  current: (ids: string[]) => Promise<Revision[]>,
  operation: Operation,
): Pull<DocumentText[]> {
  const retry = new AdaptiveRetry(operation, mostRequests, context.client.session);
  const reading: Promise<DocumentText[]>[] = [];
  let listed: Revision[] = [];
  let isListed = false;
  let size = firstSize;

  const read = (revisions: Revision[]) =>
    retry.run(() =>
      readRevisions(context, revisions, query, operation).catch((error) => {
        // A response that was cut off is requested again, as if there had been none.
        if (!(error instanceof IncompleteResponseError)) throw error;
        const { method, url, reason } = error;
        throw new NetworkError({ method, url, reason, cause: error, mayHaveHappened: false });
      }),
    );
  const request = async () => {
    while (listed.length < size && !isListed) {
      const more = await list();
      isListed = !more;
      listed = listed.concat(more ?? []);
    }
    const revisions = listed.splice(0, size);
    if (revisions.length === 0) return;
    const texts = readCurrent(context, revisions, read, (ids) => retry.run(() => current(ids)));
    // The error is thrown when its turn comes.
    texts.catch(() => {});
    reading.push(texts);
  };

  return async () => {
    for (;;) {
      while (reading.length < mostRequests && !(isListed && listed.length === 0)) await request();
      const texts = await reading.shift();
      if (!texts) return undefined;
      if (texts.length === 0) continue;
      const length = texts.reduce((sum, { text }) => sum + text.length, 0);
      const fitting = Math.ceil((largestResponse / length) * texts.length);
      size = Math.min(fitting, 4 * size, largestSize);
      return texts;
    }
  };
}

/** Read revisions, and those that have replaced missing ones in the meantime. */
async function readCurrent(
  { client, path }: DatabaseContext,
  revisions: Revision[],
  read: (revisions: Revision[]) => ReturnType<typeof readRevisions>,
  current: (ids: string[]) => Promise<Revision[]>,
): Promise<DocumentText[]> {
  const found: DocumentText[] = [];
  let wanted = revisions;
  for (let changes = 0; wanted.length > 0; changes += 1) {
    const result = await read(wanted);
    found.push(...result.found);
    const [id] = result.missing;
    if (id !== undefined && changes === mostChanges) {
      const reason = `\`${id}\` is missing`;
      throw client.error(ServerError, { method: "POST", path: `${path}/_bulk_get` }, { reason });
    }
    wanted = id === undefined ? [] : await current(result.missing);
  }
  const ids = revisions.map(({ id }) => id);
  // Those that were read again are not at their place.
  if (found.length !== ids.length || found.some(({ id }, at) => id !== ids[at]))
    found.sort((one, other) => ids.indexOf(one.id) - ids.indexOf(other.id));
  return found;
}

/** Read revisions in one request. */
async function readRevisions(
  { client, path }: DatabaseContext,
  revisions: Revision[],
  query: Query,
  operation: Operation,
): Promise<{ found: DocumentText[]; missing: string[] }> {
  const body = JSON.stringify({ docs: revisions });
  const request: StreamRequest = {
    ...{ method: "POST", path: `${path}/_bulk_get`, query, body, effect: "read", retries: 0 },
  };
  const rows = client.rows(request, "results", operation);
  const found: DocumentText[] = [];
  const missing: string[] = [];
  let count = 0;
  for (let batch = await rows.next(); batch; batch = await rows.next()) {
    for (const [at, row] of (batch.rows as BulkGetRow[]).entries()) {
      const { id, docs = [] } = Object(row) as BulkGetRow;
      const [{ ok, error } = {}] = docs;
      count += 1;
      if (docs.length !== 1 || revisions[count - 1]?.id !== id || !(ok || error))
        throw client.invalid(request, "expected the requested revisions");
      if (ok) {
        const start = `{"id":${JSON.stringify(id)},"docs":[{"ok":`;
        const isAlone = Object.keys({ ...row, ...docs[0] }).length === 3;
        const text = isAlone && textWithin(batch.texts[at] as string, start, "}]}");
        found.push({ id, text: text || client.json.stringify(ok) });
      } else if (error?.error === "not_found") missing.push(id);
      else throw client.error(ServerError, request, { error: error?.error, reason: error?.reason });
    }
  }
  if (count < revisions.length) throw client.invalid(request, "expected the requested revisions");
  return { found, missing };
}

/**
 * The text of a document within the text of its row, if that is as CouchDB writes it. To stringify the document
 * would take longer, and lose digits.
 *
 * @param start - what is before the document
 * @param end - what is after it
 */
export function textWithin(text: string, start: string, end: string): string | undefined {
  const isAsExpected = text.startsWith(start) && text.endsWith(end);
  return isAsExpected ? text.slice(start.length, -end.length) : undefined;
}
