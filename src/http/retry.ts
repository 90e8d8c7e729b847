import { type CouchDBError, NetworkError, TimeoutError } from "../shared/errors.js";
import { callHook, type Hooks } from "./hooks.js";

/** Retries: what is retried, and after what delay. */

/**
 * Retries of requests that are safe to repeat. Before a retry, couchfetch waits exponentially longer, up to
 * 30 s, or as long as the server's `Retry-After` says, up to a minute.
 */
export interface RetryOptions {
  /**
   * The number of retries of a request, and of attempts in a row to resume a scan or feed without progress.
   * Default 2, unlimited for live feeds; 0 disables retries.
   */
  limit?: number | undefined;
}

const firstDelay = 250;
const longestDelay = 30_000;

// Temporary statuses. 500 is not among them: it is a definite error of CouchDB.
const passing = [408, 429, 502, 503, 504];

/**
 * Whether a retry may succeed. A timeout is not retried: it has used up its time.
 *
 * @param isSafe - whether the request may be performed twice; if not, it is retried only if it was not
 * performed
 */
export function mayPass(error: CouchDBError, isSafe = true): boolean {
  if (error instanceof NetworkError) {
    return !(error instanceof TimeoutError) && (isSafe || !error.mayHaveHappened);
  }
  if (!isSafe) return error.status === 429;
  // CouchDB's error, with status 412, if too few of its nodes are available.
  return passing.includes(error.status as number) || error.error === "nodedown";
}

/**
 * Milliseconds to wait before the next attempt, which are reported to the hooks.
 *
 * @param attempt - the attempts in a row that have failed
 * @param wait - default: the server's `Retry-After`, unless that is 0, which would flood it; or else `backoff`
 */
export function waitBefore(
  attempt: number,
  error: CouchDBError,
  hooks: Hooks = {},
  wait = error.retryAfter || backoff(attempt),
): number {
  const { method, url, message: reason } = error;
  callHook(hooks.retry, { method, url, attempt, reason, milliseconds: wait });
  return wait;
}

/** Exponential backoff with full jitter, in milliseconds. `attempt` counts from 1. */
export function backoff(attempt: number): number {
  return Math.random() * Math.min(longestDelay, firstDelay * 2 ** (attempt - 1));
}
