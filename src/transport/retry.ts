import { HTTPError, TimeoutError } from "ky";

/** What is tried again by itself, and how long that waits. */

/**
 * How often couchfetch tries again what is safe to send twice. Between tries it waits: exponentially
 * longer up to 30 s, or for as long as the server asks by `Retry-After`, up to a minute.
 */
export interface RetryOptions {
  /**
   * Repetitions of one request, after its first try, and tries on end that a scan whose connection was
   * lost goes on with, though they bring no row. Default 2; 0 turns repeating off.
   */
  limit?: number | undefined;
}

const firstDelay = 250;
const longestDelay = 30_000;
const longestRetryAfter = 60_000;

// Not 500: CouchDB means it. These pass.
const passing = new Set([408, 429, 502, 503, 504]);

/**
 * How long to wait, in milliseconds, before a read that failed is tried again; undefined if it would
 * fail again, or has used up the time that it had. `attempt` counts from 1.
 *
 * @param thrown - by ky
 */
export function waitBefore(attempt: number, thrown: unknown): number | undefined {
  if (thrown instanceof TimeoutError) return undefined;
  if (!(thrown instanceof HTTPError)) return backoff(attempt);
  const { status, headers } = thrown.response;
  if (!passing.has(status)) return undefined;
  const asked = headers.get("retry-after") ?? "";
  // Seconds, or a date.
  const wait = /^\d+$/.test(asked) ? Number(asked) * 1000 : Date.parse(asked) - Date.now();
  return wait >= 0 ? Math.min(wait, longestRetryAfter) : backoff(attempt);
}

/** Exponential back-off with full jitter, in milliseconds. `attempt` counts from 1. */
export function backoff(attempt: number): number {
  return Math.random() * Math.min(longestDelay, firstDelay * 2 ** (attempt - 1));
}
