/** What is tried again by itself, and how long that waits. */

/**
 * How often couchfetch tries again what is safe to send twice. Between tries it waits: exponentially
 * longer up to 30 s, or for as long as the server asks by `Retry-After`, up to a minute.
 */
export interface RetryOptions {
  /** Repetitions of one request, after its first try. Default 2; 0 turns repeating off. */
  limit?: number | undefined;
}

const firstDelay = 250;
const longestDelay = 30_000;
const longestRetryAfter = 60_000;

/** ky's settings for one request. Only a read may be sent twice. */
export function retryPolicy(method: string, isRead: boolean, limit: number) {
  return {
    limit: isRead ? limit : 0,
    methods: [method.toLowerCase()],
    // Not 500: CouchDB means it. The others pass.
    statusCodes: [408, 429, 502, 503, 504],
    afterStatusCodes: [429, 503],
    maxRetryAfter: longestRetryAfter,
    delay: ceiling,
    jitter: true,
  };
}

/** Exponential back-off with full jitter, in milliseconds. `attempt` counts from 1. */
export function backoff(attempt: number): number {
  return Math.random() * ceiling(attempt);
}

function ceiling(attempt: number): number {
  return Math.min(longestDelay, firstDelay * 2 ** (attempt - 1));
}
