import {
  CouchDBError,
  IncompleteResponseError,
  InvalidResponseError,
  NetworkError,
  ServerError,
  UnauthorizedError,
} from "../shared/errors.js";

/** What decides whether a feed can go on after an error. */
export interface FeedSituation {
  isLive: boolean;
  /** Whether a response that ended early can be asked for again without repeating events. */
  canResume: boolean;
  /** Whether CouchDB has ever responded to this feed: what is there now may pass. */
  wasConnected: boolean;
  /** Whether CouchDB has responded to the last request. */
  hasResponded: boolean;
  /** Whether the session renewed its credentials since CouchDB last responded. */
  isRenewed: boolean;
  /** Failures in a row, this one included. */
  failures: number;
}

/** Whether a feed can go on after an error. */
export function isRecoverable(error: unknown, feed: FeedSituation): error is CouchDBError {
  if (error instanceof IncompleteResponseError) return feed.canResume;
  if (!feed.isLive || !(error instanceof CouchDBError)) return false;
  if (error instanceof NetworkError || error instanceof ServerError) return true;
  if (error.status === 408 || error.status === 429) return true;
  if (!feed.wasConnected) return false;
  // A proxy's page passes; a response of CouchDB's may be damaged once, but not each time.
  if (error instanceof InvalidResponseError) return !feed.hasResponded || feed.failures === 1;
  return error instanceof UnauthorizedError && !feed.isRenewed;
}
