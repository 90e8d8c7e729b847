import type { CouchDBError } from "../shared/errors.js";

interface FeedStateFields {
  /** The error of the last save of the checkpoint. The feed continues, and saves again later. */
  checkpointError?: unknown;
  pending?: undefined;
  caughtUp?: undefined;
  attempt?: undefined;
  delay?: undefined;
  reason?: undefined;
}

/** The first request is under way. It is reported once, as the first state. */
export interface FeedConnecting extends FeedStateFields {
  state: "connecting";
}

/** The server sends the changes so far. */
export interface FeedCatchingUp extends Omit<FeedStateFields, "pending"> {
  state: "catchingUp";
  /**
   * The number of changes that the server still has. With a filter, this includes changes that the filter
   * holds back. Undefined until the server has counted them, and always if it does not count: in normal feeds
   * and in `dbUpdates`. Reported again each time that it has fallen by a hundredth.
   */
  pending?: number;
}

/** All changes so far have been delivered, and the server sends new ones as they happen. */
export interface FeedLive extends Omit<FeedStateFields, "caughtUp"> {
  state: "live";
  /**
   * True exactly once in a feed: when the consumer has finished with all changes up to the start of the feed
   * and asks for the next one. Never in a feed that ends before, by `limit` for example.
   */
  caughtUp?: true;
}

/** The connection was lost or refused. The feed reconnects after `delay`. Reported once per failed attempt. */
export interface FeedWaiting extends Omit<FeedStateFields, "attempt" | "delay" | "reason"> {
  state: "waiting";
  /** The number of attempts in a row that failed, counted from 1. The lost connection counts as the first one. */
  attempt: number;
  /** Milliseconds until the next attempt. `retryNow` and a browser's `online` event cut it short. */
  delay: number;
  /** Undefined if the server ended a response normally, but without changes. */
  reason?: CouchDBError;
}

/** The feed has ended. This is the last state. */
export interface FeedClosed extends Omit<FeedStateFields, "reason"> {
  state: "closed";
  /** The error that the feed threw, or the reason of the abort. */
  reason?: unknown;
}

/**
 * The connection status of a feed. A live feed is `"connecting"`, then `"catchingUp"`, then `"live"`. From
 * each of these it may be `"waiting"`, and remains so, attempt by attempt, until the server responds again.
 */
export type FeedState = FeedConnecting | FeedCatchingUp | FeedLive | FeedWaiting | FeedClosed;
