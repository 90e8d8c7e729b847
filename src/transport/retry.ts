/** What is tried again by itself, and how long that waits. */

import type { FlightSignals } from "./flight.js";

/** How often couchfetch tries again what is safe to send twice. */
export interface RetryOptions {
  /** Repetitions of one request, after its first try. Default 2; 0 turns repeating off. */
  limit?: number;
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
    delay: (attempt: number) => ceiling(attempt),
    backoffLimit: longestDelay,
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

/** Resolves after so many milliseconds, or rejects at once with what ends it. */
export function sleep(milliseconds: number, { signal, owner }: FlightSignals): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    owner?.throwIfAborted();
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      owner?.removeEventListener("abort", end);
      if (signal?.aborted) reject(signal.reason);
      else if (owner?.aborted) reject(owner.reason);
      else resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal?.addEventListener("abort", end);
    owner?.addEventListener("abort", end);
  });
}
