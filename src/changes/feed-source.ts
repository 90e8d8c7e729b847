import type { HttpClient } from "../http/client.js";
import type { StreamRequest } from "../http/request.js";
import type { Batch, Source } from "../shared/batch.js";
import type { Sequence } from "../shared/types.js";
import type { Operation } from "../streams/operation.js";
import type { FeedKind } from "./feed-options.js";

/** The source of a feed, and how its rows become events. */
export interface FeedSource<E> {
  readonly client: HttpClient;
  /** Whether a response that ended early can be resumed after its last event. */
  readonly canResume: boolean;
  toRequest(query: {
    feed: FeedKind | undefined;
    heartbeat: number | undefined;
    since: Sequence | undefined;
    limit: number | undefined;
  }): StreamRequest;
  toEvent(row: unknown, text: string): E;
  /** Validate the documents of rows; skipped rows become a SkippedChange. */
  validate?(rows: Source<Batch>, operation: Operation): Source<Batch>;
  /** Whether rows may be skipped. */
  readonly skips?: boolean;
  sequenceOf(event: E): Sequence | null;
  /**
   * Check that the source has not been replaced.
   *
   * @param silenceTimeout - milliseconds
   * @throws NotFoundError if it has
   */
  check?(operation: Operation, silenceTimeout: number): Promise<void>;
}

/** A skipped change. The feed moves on past it. */
export class SkippedChange {
  readonly sequence: Sequence | null;

  constructor({ seq }: { seq: Sequence | null }) {
    this.sequence = seq;
  }
}
