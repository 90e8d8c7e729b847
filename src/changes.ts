import { ServerError } from "./errors.js";
import { ChangedEvent, type ChangeEvent, type ChangeJson, DeletedEvent } from "./events.js";
import type { Selector } from "./find.js";
import { type Batch, mapped, pulling } from "./streams/batch.js";
import type { Flight } from "./streams/flight.js";
import { items } from "./streams/items.js";
import type { Call } from "./transport/call.js";
import { backoff } from "./transport/retry.js";
import type { Scope } from "./transport/transport.js";
import type { JsonObject, OperationOptions, Sequence } from "./types.js";

/**
 * What a feed gives, and how. All but `feed`, `lastEventId`, `params` and `signal` goes to CouchDB as it is.
 *
 * @see https://docs.couchdb.org/en/stable/api/database/changes.html
 */
export interface ChangesOptions extends OperationOptions {
  /**
   * - `"normal"` (default): what has changed, then the end.
   * - `"continuous"`: never ends; one streaming body, parsed as it arrives.
   * - `"longpoll"`: the same by repeated requests, where a runtime or a proxy cannot stream.
   */
  feed?: "normal" | "continuous" | "longpoll" | undefined;
  /** Changes after this one. `0` (default) for all, `"now"` for those to come. */
  since?: Sequence | undefined;
  /** The same as `since`. */
  lastEventId?: Sequence | undefined;
  include_docs?: boolean | undefined;
  /** The end of the feed after so many events. */
  limit?: number | undefined;
  /** Newest first. Only for a normal feed: a live one cannot run backwards. */
  descending?: boolean | undefined;
  /** `"all_docs"` names all leaf revisions of each document, `"main_only"` (default) the winner. */
  style?: "main_only" | "all_docs" | undefined;
  /** A filter function, `design/function`. */
  filter?: string | undefined;
  /** What the filter function finds in `req.query`. */
  params?: Record<string, string | number | boolean> | undefined;
  /** Only these documents. */
  doc_ids?: string[] | undefined;
  /** Only documents that match. */
  selector?: Selector | undefined;
  /** Only documents for which this view, `design/view`, emits something. */
  view?: string | undefined;
  /** Live feeds: milliseconds between signs of life of an idle server. Default 10 000, at most 60 000. */
  heartbeat?: number | undefined;
  /** Milliseconds after which CouchDB would end an idle feed; its heartbeat keeps it from that. */
  timeout?: number | undefined;
  /** Only every so many changes have a sequence, which is cheaper for a server with many shards. */
  seq_interval?: number | undefined;
  conflicts?: boolean | undefined;
  attachments?: boolean | undefined;
  att_encoding_info?: boolean | undefined;
}

const defaultHeartbeat = 10_000;
const longestHeartbeat = 60_000;
// So many heartbeats without a byte mean that nobody is there.
const patience = 2.5;

/**
 * The changes of a database, in their order, read as the consumer asks for them, and only once.
 * `break`, `close()` and `signal` close the connection.
 *
 * ```ts
 * for await (const change of animals.changes({ feed: "continuous", since: "now" })) {
 *   console.log(change.id, change.deleted ? "is gone" : "has changed");
 * }
 * ```
 */
export class ChangesFeed<T extends object = JsonObject> implements AsyncIterable<ChangeEvent<T>> {
  readonly #scope: Scope;
  readonly #options: ChangesOptions;
  #begun = false;
  #closed = false;
  #flight: Flight | undefined;
  #sequence: Sequence | undefined;
  /** Where the next request goes on: after the last event that was handed over. */
  #position: Sequence | undefined;
  #left: number;

  /** @internal */
  constructor(scope: Scope, options: ChangesOptions) {
    check(options);
    this.#scope = scope;
    this.#options = options;
    this.#position = options.since ?? options.lastEventId;
    this.#left = Number(options.limit ?? Number.POSITIVE_INFINITY);
    if (this.#position !== "now") this.#sequence = this.#position;
  }

  /**
   * The sequence of the last event that the consumer has finished with, by asking for the next. A
   * clean end, and each long poll, moves it on past changes that a filter held back.
   */
  get sequence(): Sequence | undefined {
    return this.#sequence;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<ChangeEvent<T>> {
    if (this.#begun) throw new TypeError("This feed is being read already: it comes only once");
    this.#begun = true;
    const origin = { ended: () => this.#flight?.ended ?? false, end: () => this.close() };
    return items(pulling(this.#batches()), origin, (event) => {
      this.#sequence = event.sequence ?? this.#sequence;
    });
  }

  /** Ends the feed; whoever waits for its next event sees the end. */
  close(): void {
    this.#closed = true;
    this.#flight?.abort();
    this.#flight?.land();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  async *#batches(): AsyncGenerator<ChangeEvent<T>[], void, void> {
    const { feed = "normal", signal } = this.#options;
    try {
      if (this.#closed) return;
      const { transport } = this.#scope;
      const flight = transport.takeOff(signal);
      this.#flight = flight;
      for (let idle = 0; this.#left > 0; ) {
        const before = this.#position;
        const call = this.#call();
        const answer =
          feed === "continuous"
            ? transport.lines(call, flight)
            : transport.rows(call, "results", flight);
        const { next } = mapped<ChangeEvent<T>>(answer, (batch, events) =>
          this.#read(batch, events),
        );
        for (let events = await next(); events; events = await next()) {
          yield events;
          flight.throwIfEnded();
        }
        this.#position = answer.summary.last_seq ?? this.#position;
        this.#sequence = this.#position;
        if (feed === "normal") return;
        // A server that ends live feeds at once, again and again, is not to be hammered. Of a number,
        // the user's parser may make another object each time.
        idle = `${this.#position}` === `${before}` ? idle + 1 : 0;
        if (idle > 0 && this.#left > 0) await flight.sleep(backoff(idle));
      }
    } catch (error) {
      if (!this.#closed || signal?.aborted) throw error;
    } finally {
      this.#flight?.abort();
      this.#flight?.land();
    }
  }

  #read({ rows, texts }: Batch, events: ChangeEvent<T>[]): void {
    const { transport, path } = this.#scope;
    for (const [index, row] of rows.entries()) {
      const json = row as ChangeJson<T> & { error?: string; reason?: string };
      if (json.error !== undefined) {
        const { error, reason } = json;
        const call = { method: "GET", path: `${path}/_changes` } as const;
        throw transport.error(ServerError, call, { error, reason });
      }
      // With `seq_interval` most are null.
      this.#position = json.seq ?? this.#position;
      this.#left -= 1;
      const text = texts[index] as string;
      const original = () => (transport.json.parse(text) as ChangeJson).doc;
      const event = json.deleted
        ? new DeletedEvent<T>(json)
        : new ChangedEvent<T>(this.#scope, json, original);
      events.push(event);
    }
  }

  #call(): Call {
    const { transport, path } = this.#scope;
    const { lastEventId: _, signal: __, params, doc_ids, selector, view, ...rest } = this.#options;
    const { feed = "normal", heartbeat = defaultHeartbeat } = rest;
    const query = {
      ...params,
      ...rest,
      feed: feed === "normal" ? undefined : feed,
      heartbeat: feed === "normal" ? rest.heartbeat : heartbeat,
      since: this.#position,
      limit: Number.isFinite(this.#left) ? this.#left : undefined,
      filter: doc_ids ? "_doc_ids" : selector ? "_selector" : view ? "_view" : rest.filter,
      view,
    };
    const call = {
      path: `${path}/_changes`,
      query,
      timeout:
        feed === "normal" ? transport.timeout : Math.max(transport.timeout, heartbeat * patience),
    };
    if (!doc_ids && !selector) return { ...call, method: "GET" };
    const body = transport.json.stringify({ doc_ids, selector });
    return { ...call, method: "POST", body, reads: true };
  }
}

function check(options: ChangesOptions): void {
  const { feed = "normal", heartbeat = defaultHeartbeat, limit = 1 } = options;
  if (!["normal", "continuous", "longpoll"].includes(feed)) {
    throw new TypeError(
      `feed is "normal", "continuous" or "longpoll", not ${JSON.stringify(feed)}`,
    );
  }
  if (feed !== "normal" && options.descending) {
    throw new TypeError("A live feed cannot be descending");
  }
  if (!(heartbeat > 0 && heartbeat <= longestHeartbeat)) {
    throw new RangeError("heartbeat is in milliseconds, more than 0 and at most 60000");
  }
  if (!(limit >= 1)) throw new RangeError("limit is at least 1");
  if (options.since !== undefined && options.lastEventId !== undefined) {
    throw new TypeError("since and lastEventId are the same: give one of them");
  }
  const filters = [options.filter, options.doc_ids, options.selector, options.view];
  if (filters.filter((filter) => filter !== undefined).length > 1) {
    throw new TypeError("Give one of filter, doc_ids, selector and view");
  }
}
