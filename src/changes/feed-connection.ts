import type { StreamRequest } from "../http/request.js";
import { type Batch, mapped, type Source, textToKeep } from "../shared/batch.js";
import { ServerError } from "../shared/errors.js";
import type { Sequence } from "../shared/types.js";
import type { Operation } from "../streams/operation.js";
import type { FeedCursor } from "./feed-cursor.js";
import { type FeedSource, SkippedChange } from "./feed-source.js";

/** A response of a feed, from its request to its end. */
export class FeedConnection<E> {
  /** The sequence that the response begins after. */
  begin: Sequence | undefined;
  /** The number of rows read before this response. */
  readonly readBefore: number;
  events: Source<E[]> | undefined;
  requestedAt = 0;
  /** Undefined until CouchDB responds. */
  respondedAt: number | undefined;
  #operation: Operation | undefined;

  constructor({ position, read }: FeedCursor) {
    this.begin = position;
    this.readBefore = read;
  }

  /** @param isLines - whether the response has one row per line, and no end */
  open(
    source: FeedSource<E>,
    cursor: FeedCursor,
    operation: Operation,
    request: StreamRequest,
    isLines: boolean,
  ): void {
    const { client } = source;
    this.begin = cursor.position;
    this.requestedAt = Date.now();
    this.#operation = operation.part();
    const rows = isLines
      ? client.lines(request, this.#operation)
      : client.rows(request, "results", this.#operation);
    const valid = source.validate?.(rows, operation) ?? rows;
    this.events = mapped<E>(valid, toEvents(source, cursor, request));
  }

  close(): void {
    this.#operation?.abort();
    this.#operation?.end();
  }
}

/** Convert the rows of a batch to events, up to the cursor's limit. */
function toEvents<E>(source: FeedSource<E>, cursor: FeedCursor, request: StreamRequest) {
  return (batch: Batch, events: E[]) => {
    for (const [index, row] of batch.rows.entries()) {
      if (cursor.isComplete) return;
      cursor.read += 1;
      if (row instanceof SkippedChange) {
        cursor.skip(row.sequence, events.length === 0);
        continue;
      }
      if (Object(row) !== row) {
        throw source.client.invalid(request, "the server sent a malformed change", 200);
      }
      const { error, reason, doc } = row as { error?: string; reason?: string; doc?: unknown };
      if (error !== undefined) throw source.client.error(ServerError, request, { error, reason });
      const event = source.toEvent(row, doc ? textToKeep(batch, index) : "");
      cursor.pass(source.sequenceOf(event));
      events.push(event);
    }
  };
}
