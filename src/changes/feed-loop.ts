import type { StreamRequest } from "../http/request.js";
import { backoff, waitBefore } from "../http/retry.js";
import { mapped } from "../shared/batch.js";
import { type CouchDBError, UnauthorizedError } from "../shared/errors.js";
import type { Sequence } from "../shared/types.js";
import type { Operation } from "../streams/operation.js";
import { type FeedConnection, toEvents } from "./feed-connection.js";
import { FeedCursor } from "./feed-cursor.js";
import type { FeedKind } from "./feed-options.js";
import type { FeedSource } from "./feed-source.js";
import type { FeedState } from "./feed-state.js";
import { whenBack } from "./feed-wait.js";
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
  readonly moveTo: (sequence: Sequence) => void;
  /** Called with each new state. */
  onState(state: FeedState): void;
}

const defaultHeartbeat = 10_000;
// A connection is dead after this many heartbeats without a byte.
const heartbeatsUntilDead = 2.5;
// While CouchDB filters for a normal feed, it sends a byte every 5 s, whatever the heartbeat.
const filterSilence = 12_500;
// A live feed first requests this many changes: the response says how many more there are.
const firstPage = 100;

/**
 * The events of a feed, over as many responses as needed. A live feed catches up by normal requests, and
 * follows the changes from there. It reconnects after its last event, as does a normal feed whose response
 * ended early.
 */
export class FeedLoop<E> {
  readonly #source: FeedSource<E>;
  readonly #options: FeedLoopOptions;
  readonly #cursor: FeedCursor;
  readonly #isLive: boolean;
  readonly #heartbeat: number;
  #connection: FeedConnection<E> | undefined;
  #hasPosition = false;
  /** Whether normal requests are sent. */
  #isCatchingUp = true;
  /**
   * The number of changes that were read or are to come: NaN until the server may have counted them, Infinity
   * if it has not.
   */
  #total = Number.NaN;
  /** The number of changes to come that was reported last. */
  #reported = 0;
  #isConnected = false;
  #wasConnected = false;
  #isRenewed = false;
  /** Whether the database may have been replaced by another of the same name. */
  #needsCheck = true;
  /** The number of connections in a row that brought nothing. */
  #failures = 0;
  /** How many of these the backoff ignores, because a wait was cut short after them. */
  #ignored = 0;
  /** Ends the wait before the next attempt. */
  retryNow = () => {};

  constructor(source: FeedSource<E>, options: FeedLoopOptions) {
    this.#source = source;
    this.#options = options;
    this.#cursor = new FeedCursor(options.limit, options.moveTo);
    this.#isLive = options.feed !== "normal";
    this.#heartbeat = options.heartbeat ?? defaultHeartbeat;
  }

  /** Read the next events; undefined at the end. The consumer has then finished with all events before. */
  async next(): Promise<E[] | undefined> {
    const { operation } = this.#options;
    this.#cursor.settle();
    for (;;) {
      operation.throwReason();
      // A live feed need not wait for anything after its last event.
      const needsNoEnd = this.#isLive || !this.#connection || this.#source.skips;
      if (this.#cursor.isComplete && needsNoEnd) return undefined;
      try {
        const connection = this.#connection ?? (await this.#connect());
        const events = await connection.events.next();
        operation.throwReason();
        if (events) {
          if (!this.#isConnected) this.#responded(connection);
          const hasFallen = this.#pending < this.#reported * 0.99;
          if (this.#isCatchingUp && hasFallen) this.#report();
          return events;
        }
        await this.#end(connection);
        if (!this.#isLive) return undefined;
      } catch (error) {
        operation.throwReason();
        await this.#recover(error);
      }
    }
  }

  async #connect(): Promise<FeedConnection<E>> {
    const { feed, operation, load } = this.#options;
    const source = this.#source;
    const cursor = this.#cursor;
    const part = operation.part();
    const { position: begin, read: readBefore } = cursor;
    // The events follow, unless this fails.
    const connection = { operation: part, begin, readBefore } as FeedConnection<E>;
    this.#connection = connection;
    if (!this.#hasPosition) cursor.position = connection.begin = await load();
    this.#hasPosition = true;
    if (this.#isLive && this.#needsCheck) await source.check?.(operation, this.#silenceTimeout);
    connection.requestedAt = Date.now();
    const request = this.#request(connection);
    // One row per line, and no end.
    const isLines = feed === "continuous" && !this.#isCatchingUp;
    const rows = source.client.rows(request, isLines ? undefined : "results", part);
    // An error of the schema itself ends the feed, not only this connection.
    const valid = source.validate?.(rows, operation) ?? rows;
    connection.events = mapped(valid, toEvents(source, cursor, request));
    return connection;
  }

  #request(connection: FeedConnection<E>): StreamRequest {
    const { feed, heartbeat, limit: most } = this.#options;
    const { position, delivered } = this.#cursor;
    const limit = Math.min(
      // The number of rows to be skipped is unknown.
      this.#source.skips ? Infinity : most - delivered,
      this.#isLive && this.#isCatchingUp && !this.#total ? firstPage : Infinity,
    );
    const request = this.#source.toRequest({
      feed: this.#isCatchingUp ? undefined : feed,
      heartbeat: this.#isLive ? this.#heartbeat : heartbeat,
      since: position,
      limit: limit < Infinity ? limit : undefined,
    });
    const isFiltering = this.#isCatchingUp && request.silenceTimeout;
    const silenceTimeout = Math.max(this.#silenceTimeout, isFiltering ? filterSilence : 0);
    return {
      ...request,
      ...(this.#isLive && { silenceTimeout, retries: 0 }),
      onResponse: () => this.#responded(connection),
    };
  }

  get #silenceTimeout(): number {
    return this.#heartbeat * heartbeatsUntilDead;
  }

  /** The number of changes that the server still has. */
  get #pending(): number {
    return Math.max(this.#total - this.#cursor.read, 0);
  }

  /** Report that the server responds. */
  #report(caughtUp = false): void {
    const { onState } = this.#options;
    const pending = this.#pending;
    this.#reported = pending;
    this.#isConnected = true;
    if (!this.#isCatchingUp) onState({ state: "live", ...(caughtUp && { caughtUp }) });
    else onState({ state: "catchingUp", ...(pending < Infinity && { pending }) });
  }

  #responded(connection: FeedConnection<E>): void {
    if (!this.#isConnected) this.#report();
    this.#wasConnected = true;
    this.#isRenewed = false;
    connection.respondedAt = Date.now();
  }

  /** Handle a response that ended normally. */
  async #end(connection: FeedConnection<E>): Promise<void> {
    const { last_seq, pending = Infinity } = connection.events.summary;
    this.#close();
    this.#cursor.end(last_seq);
    if (!this.#isLive) return;
    const rows = this.#cursor.read - connection.readBefore;
    // CouchDB does not distinguish databases that were created within the same second.
    this.#needsCheck = Date.now() - (connection.respondedAt ?? Infinity) >= 1_000;
    if (this.#isCatchingUp) {
      const isPage = !this.#total && rows >= firstPage;
      this.#isCatchingUp = isPage && Number(pending) > 0;
      this.#total = this.#cursor.read + Number(pending);
      this.#failures = this.#ignored = 0;
      this.#report(!this.#isCatchingUp);
      return;
    }
    this.#needsCheck ||= this.#options.feed === "continuous" || rows === 0;
    this.#count(connection, rows === 0);
    // A server that ends its responses at once must not be flooded.
    if (this.#failures > 0) await this.#pause(backoff(this.#failures - this.#ignored));
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
      canResume: canResume || this.#cursor.delivered === 0,
      wasConnected: this.#wasConnected,
      hasResponded: connection?.respondedAt !== undefined,
      // Another kind of `auth` was already asked to renew them.
      isRenewed: this.#isRenewed || client.session.auth?.onResponse !== undefined,
      failures: this.#failures,
    };
    if (!isRecoverable(error, situation) || this.#failures > limit) throw error;
    if (error instanceof UnauthorizedError) this.#isRenewed = true;
    this.#needsCheck = true;
    this.#total = Number.NaN;
    await this.#pause(
      waitBefore(this.#failures - this.#ignored, error, client.session.hooks),
      error,
    );
  }

  #close(): void {
    this.#connection?.operation.abort();
    this.#connection = undefined;
  }

  /** Count the connections in a row that neither made progress nor lasted. */
  #count(connection: FeedConnection<E> | undefined, isFailure: boolean): void {
    const { json } = this.#source.client;
    // A custom JSON parser may create a new object for each number.
    const hasMoved = json.stringify(this.#cursor.position) !== json.stringify(connection?.begin);
    const hasHeld =
      connection?.respondedAt && Date.now() - connection.requestedAt >= this.#heartbeat;
    if (hasHeld || hasMoved) this.#failures = this.#ignored = 0;
    if (isFailure) this.#failures += 1;
  }

  async #pause(delay: number, reason?: CouchDBError): Promise<void> {
    const { operation, onState } = this.#options;
    const attempt = this.#failures;
    this.#isConnected = false;
    const wait = operation.part();
    this.retryNow = () => wait.abort();
    const stopListening = whenBack(this.retryNow);
    onState({ state: "waiting", attempt, delay, ...(reason && { reason }) });
    try {
      await wait.sleep(delay);
    } catch {
      operation.throwReason();
      this.#ignored = attempt;
    } finally {
      stopListening();
      wait.end();
    }
  }
}
