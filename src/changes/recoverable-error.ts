import {
  CouchDBError,
  IncompleteResponseError,
  InvalidResponseError,
  NetworkError,
  ServerError,
  UnauthorizedError,
} from "../shared/errors.js";

/** The situation of a feed after an error. */
export interface FeedSituation {
  isLive: boolean;
  /** Whether a response that ended early can be resumed without repeating events. */
  canResume: boolean;
  /** Whether CouchDB has ever responded to this feed: then other errors may be temporary. */
  wasConnected: boolean;
  /** Whether CouchDB has responded to the last request. */
  hasResponded: boolean;
  /** Whether the session has renewed its credentials since CouchDB last responded. */
  isRenewed: boolean;
  /** The number of failures in a row, including this one. */
  failures: number;
}

/** Whether a feed can continue after an error. */
export function isRecoverable(error: unknown, feed: FeedSituation): error is CouchDBError {
  if (error instanceof IncompleteResponseError) return feed.canResume;
  if (!feed.isLive || !(error instanceof CouchDBError)) return false;
  if (error instanceof NetworkError || error instanceof ServerError) return true;
  if (error.status === 408 || error.status === 429) return true;
  if (!feed.wasConnected) return false;
  // A proxy's error page is temporary. CouchDB's response may be damaged once, but not each time.
  if (error instanceof InvalidResponseError) return !feed.hasResponded || feed.failures === 1;
  return error instanceof UnauthorizedError && !feed.isRenewed;
}
