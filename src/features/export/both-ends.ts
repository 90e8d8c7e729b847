import type { HttpClient } from "../../http/client.js";
import type { OperationOptions } from "../../shared/types.js";
import { Rows } from "../../streams/rows.js";

/** The text of a document. */
export interface DocumentText {
  id: string;
  text: string;
}

interface Step {
  /** The scan that it is of. */
  at: number;
  batch: DocumentText[] | undefined;
}

/**
 * Read documents from the first one and from the last one at the same time, until the two scans meet. CouchDB
 * sends the rows of a scan one by one, but serves two scans in less time than one.
 *
 * @param scan - reads the documents in the order of their ids, ascending or descending
 */
export function fromBothEnds(
  client: HttpClient,
  limits: OperationOptions,
  scan: (descending: boolean) => Rows<DocumentText>,
): Rows<DocumentText> {
  return new Rows<DocumentText>({
    begin: () => client.begin(limits),
    open(operation) {
      const scans = [false, true].map((descending) => {
        const batches = scan(descending).batches();
        operation.onEnd(() => void batches.return?.());
        return batches;
      });
      const steps: (Promise<Step> | undefined)[] = [];
      const lastIds: (string | undefined)[] = [];
      let haveMet = false;
      const next = async () => {
        if (haveMet) return undefined;
        scans.forEach((batches, at) => {
          steps[at] ??= batches.next().then(({ value }) => ({ at, batch: value }));
          // The error is thrown when its turn comes.
          steps[at].catch(() => {});
        });
        const { at, batch = [] } = await (Promise.race(steps) as Promise<Step>);
        steps[at] = undefined;
        const fresh = before(batch, lastIds[1 - at], at === 1);
        haveMet = batch.length === 0 || fresh.length < batch.length;
        lastIds[at] = fresh.at(-1)?.id;
        return fresh.length > 0 ? fresh : undefined;
      };
      return { next, summary: {} };
    },
  });
}

/** The first documents of a batch, up to where the other scan is. */
function before(
  batch: DocumentText[],
  other: string | undefined,
  descending: boolean,
): DocumentText[] {
  const isFresh = ({ id }: DocumentText) =>
    other === undefined || (descending ? isBefore(other, id) : isBefore(id, other));
  const last = batch.at(-1);
  return last && isFresh(last) ? batch : batch.filter(isFresh);
}

/** Whether an id is before another one in `_all_docs`, which sorts by code points. */
function isBefore(one: string, other: string): boolean {
  const points = (id: string) => Array.from(id, (char) => char.codePointAt(0) ?? 0);
  const others = points(other);
  const at = points(one).findIndex((point, at) => point !== others[at]);
  if (at === -1) return one.length < other.length;
  return at < others.length && (points(one)[at] as number) < (others[at] as number);
}
