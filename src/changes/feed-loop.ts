import type { StreamRequest } from "../http/request.js";
import { backoff, waitBefore } from "../http/retry.js";
import { type CouchDBError, UnauthorizedError } from "../shared/errors.js";
import type { Sequence } from "../shared/types.js";
import type { Operation } from "../streams/operation.js";
import { FeedConnection } from "./feed-connection.js";
import { FeedCursor } from "./feed-cursor.js";
import type { FeedKind, FeedState } from "./feed-options.js";
import type { FeedSource } from "./feed-source.js";
import { isRecoverable } from "./recoverable-error.js";

/**
 * The settings and callbacks of a loop.
 *
 * @see https://docs.couchdb.org/en/stable/api/database/changes.html
 */
export interface FeedLoopOptions {
  /** Whether the feed is live, and how. */
  readonly feed: FeedKind;
  /** The number of events to deliver; Infinity for no limit. */
  readonly limit: number;
  /** Milliseconds. Default: none for a normal feed, 10 000 for a live one. */
  readonly heartbeat: number | undefined;
  /** The operation that ends the feed when it is aborted. */
  readonly operation: Operation;
  /** Load the sequence to begin after. */
  load(): Promise<Sequence | undefined>;
  /** Called when the feed has passed a sequence without an event. */
  moveTo(sequence: Sequence): void;
  /** Called with each new state. */
  onState(state: FeedState): void;
}

const defaultHeartbeat = 10_000;
// A connection is dead after this many heartbeats without a byte.
const heartbeatsUntilDead = 2.5;

/**
 * The events of a feed, over as many responses as needed. A live feed reconnects after its last event, as
 * does a normal feed whose response ended early.
 */
export class FeedLoop<E> {
  readonly #source: FeedSource<E>;
  readonly #options: FeedLoopOptions;
  readonly #cursor: FeedCursor;
  readonly #isLive: boolean;
  readonly #heartbeat: number;
  #connection: FeedConnection<E> | undefined;
  #hasPosition = false;
  #isConnected = false;
  #wasConnected = false;
  #isRenewed = false;
  /** Whether the database may have been replaced by another of the same name. */
  #needsCheck = true;
  /** The number of connections in a row that brought nothing. */
  #failures = 0;

  constructor(source: FeedSource<E>, options: FeedLoopOptions) {
    this.#source = source;
    this.#options = options;
    this.#cursor = new FeedCursor(options.limit, (sequence) => options.moveTo(sequence));
    this.#isLive = options.feed !== "normal";
    this.#heartbeat = options.heartbeat ?? defaultHeartbeat;
  }

  /** Read the next events; undefined at the end. The consumer has then finished with all events before. */
  async next(): Promise<E[] | undefined> {
    const { operation } = this.#options;
    this.#cursor.settle();
    for (;;) {
      operation.throwIfAborted();
      if (this.#isOver) return undefined;
      try {
        const connection = this.#connection ?? (await this.#connect());
        const events = await connection.events?.next();
        operation.throwIfAborted();
        if (events) {
          if (!this.#isConnected) this.#responded(connection);
          return events;
        }
        await this.#end(connection);
        if (!this.#isLive) return undefined;
      } catch (error) {
        operation.throwIfAborted();
        await this.#recover(error);
      }
    }
  }

  /** A live feed need not wait for anything after its last event. */
  get #isOver(): boolean {
    const needsNoEnd = this.#isLive || !this.#connection || this.#source.skips;
    return this.#cursor.isComplete && (needsNoEnd ?? false);
  }

  async #connect(): Promise<FeedConnection<E>> {
    const { feed, operation, load, onState } = this.#options;
    const cursor = this.#cursor;
    const connection = new FeedConnection<E>(cursor);
    this.#connection = connection;
    if (!this.#isConnected) onState({ state: "connecting" });
    if (!this.#hasPosition) cursor.position = await load();
    this.#hasPosition = true;
    if (this.#isLive && this.#needsCheck) {
      await this.#source.check?.(operation, this.#silenceTimeout);
    }
    // A live feed from `now` on begins with a response that ends. If the connection is lost later, the feed
    // can resume from its `last_seq`.
    const kind = cursor.position === "now" ? "normal" : feed;
    const request = this.#request(kind, connection);
    connection.open(this.#source, cursor, operation, request, kind === "continuous");
    return connection;
  }

  #request(kind: FeedKind, connection: FeedConnection<E>): StreamRequest {
    const isNormal = kind === "normal";
    const request = this.#source.toRequest({
      feed: isNormal ? undefined : kind,
      heartbeat: isNormal ? this.#options.heartbeat : this.#heartbeat,
      since: this.#cursor.position,
      // The number of rows to be skipped is unknown.
      limit: this.#source.skips ? undefined : this.#cursor.remaining,
    });
    return {
      ...request,
      ...(this.#isLive ? { silenceTimeout: this.#silenceTimeout, retries: 0 } : {}),
      ...(kind === this.#options.feed ? { onResponse: () => this.#responded(connection) } : {}),
    };
  }

  get #silenceTimeout(): number {
    return this.#heartbeat * heartbeatsUntilDead;
  }

  #responded(connection: FeedConnection<E>): void {
    if (!this.#isConnected) this.#options.onState({ state: "live" });
    this.#isConnected = true;
    this.#wasConnected = true;
    this.#isRenewed = false;
    connection.respondedAt = Date.now();
  }

  /** Handle a response that ended normally. */
  async #end(connection: FeedConnection<E>): Promise<void> {
    const { feed } = this.#options;
    this.#close();
    this.#cursor.end(connection.events?.summary.last_seq);
    if (!this.#isLive) return;
    const isEmpty = this.#cursor.read === connection.readBefore;
    const wasFromNow = connection.begin === "now";
    // CouchDB does not distinguish databases that were created within the same second.
    const isOld = Date.now() - (connection.respondedAt ?? Infinity) >= 1_000;
    this.#needsCheck = !wasFromNow && (feed === "continuous" || isEmpty || isOld);
    this.#isConnected = this.#isConnected && feed === "longpoll";
    this.#wasConnected = true;
    this.#count(connection, isEmpty && !wasFromNow);
    // A server that ends its responses at once must not be flooded.
    if (this.#failures > 0) await this.#pause(backoff(this.#failures));
  }

  /** Wait before the next connection, or throw an error that is not temporary. */
  async #recover(error: unknown): Promise<void> {
    const connection = this.#connection;
    const { client, canResume } = this.#source;
    const { feedRetries, retries } = client.session;
    const limit = this.#isLive ? feedRetries : retries;
    this.#close();
    this.#count(connection, true);
    const situation = {
      isLive: this.#isLive,
      canResume: canResume || this.#cursor.given === 0,
      wasConnected: this.#wasConnected,
      hasResponded: connection?.respondedAt !== undefined,
      // Another kind of `auth` was already asked to renew them.
      isRenewed: this.#isRenewed || client.session.auth?.onResponse !== undefined,
      failures: this.#failures,
    };
    if (!isRecoverable(error, situation) || this.#failures > limit) throw error;
    if (error instanceof UnauthorizedError) this.#isRenewed = true;
    this.#needsCheck = true;
    await this.#pause(waitBefore(this.#failures, error, client.session.hooks), error);
  }

  #close(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }

  /** Count the connections in a row that neither made progress nor lasted. */
  #count(connection: FeedConnection<E> | undefined, isFailure: boolean): void {
    const { json } = this.#source.client;
    // A custom JSON parser may create a new object for each number.
    const hasMoved = json.stringify(this.#cursor.position) !== json.stringify(connection?.begin);
    const hasHeld =
      connection?.respondedAt && Date.now() - connection.requestedAt >= this.#heartbeat;
    if (hasHeld || hasMoved) this.#failures = 0;
    if (isFailure) this.#failures += 1;
  }

  async #pause(delay: number, reason?: CouchDBError): Promise<void> {
    const { operation, onState } = this.#options;
    this.#isConnected = false;
    onState({ state: "waiting", delay, ...(reason && { reason }) });
    await operation.sleep(delay);
  }
}
