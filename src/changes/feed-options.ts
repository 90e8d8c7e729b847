import { checkLeast, checkTimeouts, checkType } from "../shared/arguments.js";
import type { OperationOptions, Sequence } from "../shared/types.js";
import type { Checkpoint } from "./checkpoint.js";
import type { FeedState } from "./feed-state.js";

/**
 * The kind of a feed.
 *
 * - `"normal"` (default): the changes so far. It ends.
 * - `"continuous"`: one streaming response that never ends.
 * - `"longpoll"`: the same by repeated requests, for runtimes and proxies that cannot stream.
 */
export type FeedKind = "normal" | "continuous" | "longpoll";

/**
 * Options of every feed.
 *
 * @see https://docs.couchdb.org/en/stable/api/database/changes.html
 */
export interface FeedOptions extends Omit<OperationOptions, "timeout"> {
  /** Whether the feed ends after the changes so far, or continues with future ones. Default `"normal"`. */
  feed?: FeedKind | undefined;
  /** Return changes after this sequence: `0` (default) for all, `"now"` for future ones only. */
  since?: Sequence | undefined;
  /** End the feed after this many events. Default: no limit. */
  limit?: number | undefined;
  /**
   * For live feeds: milliseconds between heartbeats of an idle server. Default 10 000, at most 60 000. The
   * feed reconnects if the connection is silent for two and a half heartbeats, or for at least 12.5 s while a
   * filtered feed catches up.
   */
  heartbeat?: number | undefined;
  /** Milliseconds after which CouchDB ends an idle feed. Heartbeats prevent this. */
  timeout?: number | undefined;
  /** Stores the feed's position, so that another process can resume there. It takes precedence over `since`. */
  checkpoint?: Checkpoint | undefined;
  /** Called with each new state of the feed, and while it catches up with the number of `pending` changes. */
  onState?: ((state: FeedState) => void) | undefined;
}

/** The names of the options. */
export const feedOptions = "feed since limit heartbeat timeout checkpoint onState signal" as const;

const longestHeartbeat = 60_000;

/** @throws TypeError or RangeError if an option is invalid */
export function checkFeedOptions(options: FeedOptions): void {
  const { feed = "normal", heartbeat, limit = 1, checkpoint, onState } = options;
  const kinds = ["normal", "continuous", "longpoll"];
  if (!kinds.includes(feed)) throw new TypeError(`\`feed\` must be ${kinds.join(" or ")}`);
  checkTimeouts({ heartbeat }, longestHeartbeat);
  checkLeast("limit", limit, 1);
  if (checkpoint !== undefined)
    for (const name of ["load", "save"])
      checkType(`checkpoint.${name}`, "function", Object(checkpoint)[name]);
  if (onState !== undefined) checkType("onState", "function", onState);
}
