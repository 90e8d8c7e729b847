import type { SortField } from "../../queries/find.js";
import type { QueryField, Selector } from "../../queries/selector.js";
import type { DocumentData, JsonObject } from "../../shared/types.js";

/** A value that is not to be changed, at any depth. */
export type DeepReadonly<V> = V extends (...args: never) => unknown
  ? V
  : V extends object
    ? { readonly [K in keyof V]: DeepReadonly<V[K]> }
    : V;

/** A document as a live query shows it. While it does not change, each snapshot has the same object. */
export interface LiveDocument<D extends object = DocumentData> {
  readonly id: string;
  readonly rev: string;
  /** The document's JSON, or the `fields` of it. Read-only: to change it, use `db.get(id)`. */
  readonly data: DeepReadonly<D>;
}

/** The result of a live query at one moment. It is never changed: after a change there is a new one. */
export interface Snapshot<D extends object = DocumentData> {
  readonly docs: readonly LiveDocument<D>[];
  /**
   * - `"loading"`: the read is under way; `docs` may be those of an earlier subscription
   * - `"live"`: `docs` is what the database holds, and follows it
   * - `"reconnecting"`: the connection was lost; `docs` is what the database held then
   * - `"closed"`: `error` has ended the query. A new subscription starts it again
   */
  readonly status: "loading" | "live" | "reconnecting" | "closed";
  /** The error of the lost connection, or the one that ended the query. */
  readonly error?: unknown;
}

/** Which documents a live query shows, and how. */
export interface LiveOptions<T extends object = JsonObject> {
  /** Documents whose id begins with this. */
  prefix?: string | undefined;
  /** These documents, in this order. */
  ids?: readonly string[] | undefined;
  /**
   * Documents that match this Mango selector. It needs no index, but the first read scans the database without
   * one. Not with `$text`, nor with syntax in `$regex` that only the server supports.
   */
  selector?: Selector<T> | undefined;
  /** Sort by these fields, here and without an index. Documents without a field come first. Default: by id. */
  sort?: readonly SortField<T>[] | undefined;
  /** Show only this many documents, the first in order. All that match are in memory. Default: no limit. */
  limit?: number | undefined;
  /** Show only these members of each document. Default: all. */
  fields?: readonly QueryField<T>[] | undefined;
  /** Show what has arrived while the first read is under way. Default false. */
  partial?: boolean | undefined;
  /**
   * Share one connection among all tabs of a browser that are signed in as the same user. One tab holds it; another
   * takes over when that one closes, crashes or is frozen. Without Web Locks it has no effect. Default false.
   */
  tabs?: boolean | undefined;
}

/** A query whose result follows the database while anyone subscribes. */
export interface LiveQuery<D extends object = DocumentData> extends AsyncIterable<Snapshot<D>> {
  /** The latest snapshot. It does not move without a subscription. */
  readonly current: Snapshot<D>;
  /** The first complete snapshot. Rejects with the error that ends the query. Starts the query. */
  readonly ready: Promise<Snapshot<D>>;
  /**
   * Call a function with the current snapshot, now, and with each new one: at most one per frame. It can be
   * passed on without its object, such as to React's `useSyncExternalStore`.
   *
   * @returns a function that ends the subscription
   */
  readonly subscribe: (listener: (latest: Snapshot<D>) => void) => () => void;
}
