import { type CouchDBError, NetworkError, TimeoutError } from "../shared/errors.js";

/** What is tried again by itself, and how long that waits. */

/**
 * How often couchfetch tries again what is safe to send twice. Between tries it waits: exponentially
 * longer up to 30 s, or for as long as the server asks by `Retry-After`, up to a minute.
 */
export interface RetryOptions {
  /**
   * Repetitions of one request, after its first try, and tries on end that a scan, or a feed, whose
   * connection was lost goes on with, though they bring nothing new. Default 2, and for live feeds no
   * limit; 0 turns repeating off.
   */
  limit?: number | undefined;
}

const firstDelay = 250;
const longestDelay = 30_000;

// Not 500: CouchDB means it. These pass.
const passing = new Set([408, 429, 502, 503, 504]);

/**
 * Whether what failed may succeed if it is tried again, and has not used up the time that it had.
 *
 * @param isSafe - whether it may be done twice. If not, only what has not been done is tried again
 */
export function mayPass(error: CouchDBError, isSafe = true): boolean {
  if (error instanceof NetworkError) {
    return !(error instanceof TimeoutError) && (isSafe || !error.mayHaveHappened);
  }
  if (!isSafe) return error.status === 429;
  // What CouchDB says, with 412, when too few of its nodes are there.
  return passing.has(error.status as number) || error.error === "nodedown";
}

/** Milliseconds to wait before the next try: as the server asks, or else by `backoff`. */
export function waitBefore(attempt: number, { retryAfter }: CouchDBError): number {
  // A server that asks for no wait at all would be hammered.
  return retryAfter || backoff(attempt);
}

/** Exponential back-off with full jitter, in milliseconds. `attempt` counts from 1. */
export function backoff(attempt: number): number {
  return Math.random() * Math.min(longestDelay, firstDelay * 2 ** (attempt - 1));
}
