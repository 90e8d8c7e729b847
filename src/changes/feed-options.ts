import { checkType } from "../shared/arguments.js";
import type { CouchDBError } from "../shared/errors.js";
import type { OperationOptions, Sequence } from "../shared/types.js";
import type { Checkpoint } from "./checkpoint.js";

/**
 * - `"normal"` (default): what has changed, then the end.
 * - `"continuous"`: never ends; one streaming body, parsed as it arrives.
 * - `"longpoll"`: the same by repeated requests, where a runtime or a proxy cannot stream.
 */
export type FeedKind = "normal" | "continuous" | "longpoll";

/**
 * How a feed does, for a page's light or a service's log.
 *
 * - `"connecting"`: it asks the server.
 * - `"live"`: the server answers; while nothing happens, by its heartbeats.
 * - `"waiting"`: the connection was lost, or refused, for this `reason`; the next try comes after `delay`
 *   milliseconds. Without a reason, the server ended the feed in order, but without giving anything.
 * - `"closed"`: the last state, with the `reason` that was thrown, if it was.
 */
export type FeedState = (
  | { state: "connecting" | "live"; delay?: undefined; reason?: undefined }
  | { state: "waiting"; delay: number; reason?: CouchDBError }
  | { state: "closed"; delay?: undefined; reason?: unknown }
) & {
  /** What the last save of the checkpoint failed with: the feed goes on, and saves again later. */
  checkpointError?: unknown;
};

/**
 * What every feed takes.
 *
 * @see https://docs.couchdb.org/en/stable/api/database/changes.html
 */
export interface FeedOptions extends OperationOptions {
  /** Whether the feed ends with what has changed, or stays for what is to come. Default `"normal"`. */
  feed?: FeedKind | undefined;
  /** What comes after this one. `0` (default) for all, `"now"` for what is to come. */
  since?: Sequence | undefined;
  /** The end of the feed after so many events. */
  limit?: number | undefined;
  /**
   * Live feeds: milliseconds between signs of life of an idle server. Default 10 000, at most 60 000. A
   * connection that is silent for two and a half times as long is dead: it is made again.
   */
  heartbeat?: number | undefined;
  /** Milliseconds after which CouchDB would end an idle feed; its heartbeat keeps it from that. */
  timeout?: number | undefined;
  /** Where the feed's place is kept, to go on from there in another process: it wins over `since`. */
  checkpoint?: Checkpoint | undefined;
  /** Called with each new state of the feed. */
  onState?: ((state: FeedState) => void) | undefined;
}

const longestHeartbeat = 60_000;

/** Throws for what cannot be. */
export function checkFeedOptions(options: FeedOptions): void {
  const { feed = "normal", heartbeat = longestHeartbeat, limit = 1, checkpoint } = options;
  if (!["normal", "continuous", "longpoll"].includes(feed))
    throw new TypeError('`feed` must be "normal", "continuous" or "longpoll"');
  if (!(heartbeat > 0 && heartbeat <= longestHeartbeat)) {
    throw new RangeError("`heartbeat` must be more than 0 and at most 60000 ms");
  }
  if (!(limit >= 1)) throw new RangeError("`limit` must be at least 1");
  const { load, save } = Object(checkpoint);
  if (checkpoint !== undefined && (typeof load !== "function" || typeof save !== "function"))
    throw new TypeError("`checkpoint` must have the functions load and save");
  if (options.onState !== undefined) checkType("onState", "function", options.onState);
}
