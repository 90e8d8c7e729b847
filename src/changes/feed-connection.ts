import { checkRow } from "../documents/missing.js";
import type { StreamRequest } from "../http/request.js";
import { type Batch, type Source, textToKeep } from "../shared/batch.js";
import type { Sequence } from "../shared/types.js";
import type { Operation } from "../streams/operation.js";
import type { FeedCursor } from "./feed-cursor.js";
import { type FeedSource, SkippedChange } from "./feed-source.js";

/** A response of a feed, from its request to its end. */
export interface FeedConnection<E> {
  readonly operation: Operation;
  /** The sequence that the response begins after. */
  begin: Sequence | undefined;
  /** The number of rows read before this response. */
  readonly readBefore: number;
  requestedAt: number;
  /** Undefined until CouchDB responds. */
  respondedAt?: number;
  events: Source<E[]>;
}

/** Convert the rows of a batch to events, up to the cursor's limit. */
export function toEvents<E>(source: FeedSource<E>, cursor: FeedCursor, request: StreamRequest) {
  return (batch: Batch, events: E[]) => {
    for (const [index, row] of batch.rows.entries()) {
      if (cursor.isComplete) return;
      cursor.read += 1;
      if (row instanceof SkippedChange) {
        cursor.skip(row.sequence, events.length === 0);
        continue;
      }
      checkRow(source.client, request, row);
      const { doc } = row as { doc?: unknown };
      const event = source.toEvent(row, doc ? textToKeep(batch, index) : "");
      cursor.note(source.sequenceOf(event));
      events.push(event);
    }
  };
}
