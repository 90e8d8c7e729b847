import { callHook } from "../http/hooks.js";
import { NotFoundError } from "../shared/errors.js";
import { type Inspection, print } from "../shared/inspect.js";
import type { Sequence } from "../shared/types.js";
import { toAsyncIterator } from "../streams/async-iterator.js";
import type { Operation } from "../streams/operation.js";
import { type CheckpointWriter, checkpointWriter } from "./checkpoint.js";
import { FeedLoop } from "./feed-loop.js";
import { checkFeedOptions, type FeedOptions } from "./feed-options.js";
import type { FeedSource } from "./feed-source.js";
import type { FeedState } from "./feed-state.js";

/**
 * Events in order, streamed as you read them. They can be read only once; `break`, `close()` and `signal`
 * close the connection.
 *
 * A live feed (`continuous`, `longpoll`) reconnects after temporary errors: a lost connection, silence for
 * two and a half heartbeats, a restart of the server, 408, 429 and 5xx. It resumes after its last event.
 * Before each attempt it waits exponentially longer, with jitter, up to 30 s, or as long as `Retry-After`
 * says. `retryNow`, the browser's `online` event and a page that becomes visible cut the wait short. The
 * number of attempts without progress is unlimited, unless the session sets `retry.limit`.
 *
 * A live feed first catches up by normal requests: `onState` then receives `pending`, and `caughtUp` once.
 *
 * Each event is delivered at least once, and in order. It is repeated only after a lost connection.
 *
 * ```ts
 * for await (const change of animals.changes({ feed: "continuous", onState: console.log })) {
 *   console.log(change.id);
 * }
 * ```
 */
export class Feed<E> implements AsyncIterable<E> {
  readonly #source: FeedSource<E>;
  readonly #options: FeedOptions;
  readonly #checkpoint: CheckpointWriter | undefined;
  #isBegun = false;
  #isClosed = false;
  #operation: Operation | undefined;
  #loop: FeedLoop<E> | undefined;
  #sequence: Sequence | undefined;
  #state: FeedState = { state: "connecting" };
  #checkpointError: unknown;

  /** @internal */
  constructor(source: FeedSource<E>, options: FeedOptions) {
    checkFeedOptions(options);
    this.#source = source;
    this.#options = options;
    const { since, checkpoint } = options;
    if (since !== "now") this.#sequence = since;
    this.#checkpoint =
      checkpoint &&
      checkpointWriter(checkpoint, (error) => {
        if (error === this.#checkpointError) return;
        this.#checkpointError = error;
        this.#report(this.#state);
      });
  }

  /**
   * The sequence of the last event that you have finished with by asking for the next one: pass it as `since`
   * to resume. At the end of a response, it also moves past changes that a filter held back.
   */
  get sequence(): Sequence | undefined {
    return this.#sequence;
  }

  /** Iterate over the events. They can be read only once. */
  [Symbol.asyncIterator](): AsyncIterableIterator<E> {
    return this.#items(
      (events) => events,
      (event) => this.#finished(event),
    );
  }

  /**
   * Iterate over arrays of events, those that have arrived, to write them in bulk. Asking for the next array
   * means that you have finished with all events of the last one.
   *
   * ```ts
   * for await (const events of feed.batches()) await index(events);
   * ```
   */
  batches(): AsyncIterableIterator<E[]> {
    return this.#items(
      (events) => [events],
      (events) => {
        for (const event of events) this.#finished(event);
      },
    );
  }

  /**
   * End the feed. A pending read sees the end. Resolves when the checkpoint is saved, or saving it has
   * failed.
   *
   * ```ts
   * setTimeout(() => feed.close(), 60_000);
   * ```
   */
  close(): Promise<void> {
    this.#isClosed = true;
    return this.#end();
  }

  /**
   * Reconnect now instead of after the current wait. Does nothing while the feed does not wait.
   *
   * ```ts
   * button.onclick = () => feed.retryNow();
   * ```
   */
  retryNow(): void {
    this.#loop?.retryNow();
  }

  /** The same as `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal */
  [Symbol.for("nodejs.util.inspect.custom")](...how: Inspection): string {
    return print(this, how, {
      state: this.#isBegun ? this.#state.state : "not read",
      sequence: this.#sequence,
    });
  }

  #items<I>(toItems: (events: E[]) => I[], finished: (item: I) => void): AsyncIterableIterator<I> {
    if (this.#isBegun) throw new TypeError("a feed can be read only once");
    this.#isBegun = true;
    const pull = async () => {
      const events = await this.#next();
      return events && toItems(events);
    };
    const source = {
      wasAborted: () => this.#operation?.wasAborted,
      end: () => this.close(),
    };
    return toAsyncIterator(pull, source, finished);
  }

  #finished(event: E): void {
    const sequence = this.#source.sequenceOf(event);
    // Null for most events with `seq_interval`; other servers may leave it out.
    if (sequence !== null && sequence !== undefined) this.#moveTo(sequence);
  }

  #moveTo(sequence: Sequence): void {
    this.#sequence = sequence;
    this.#checkpoint?.note(sequence);
  }

  async #next(): Promise<E[] | undefined> {
    try {
      if (!this.#isClosed) {
        this.#loop ??= this.#begin();
        const events = await this.#loop.next();
        if (events) return events;
      }
    } catch (error) {
      const wasEnded = this.#operation?.wasAborted;
      const saved = this.#end(error);
      const isClosed = this.#isClosed && !this.#options.signal?.aborted;
      // The caller that aborts the feed does not wait for the checkpoint.
      if (isClosed || !wasEnded) await saved;
      if (isClosed) return undefined;
      throw error;
    }
    await this.#end();
    return undefined;
  }

  #begin(): FeedLoop<E> {
    const { feed = "normal", signal, since, limit, heartbeat } = this.#options;
    const operation = this.#source.client.begin({ signal });
    this.#operation = operation;
    // The feed also ends while the consumer is busy.
    operation.onEnd(() => void this.#end(operation.reason));
    this.#report(this.#state);
    return new FeedLoop(this.#source, {
      feed,
      limit: Number(limit ?? Infinity),
      heartbeat: heartbeat && Number(heartbeat),
      operation,
      load: async () => {
        const saved = this.#checkpoint && (await operation.race(this.#checkpoint.load()));
        this.#sequence = saved ?? this.#sequence;
        return saved ?? since;
      },
      moveTo: (sequence) => this.#moveTo(sequence),
      onState: (state) => this.#report(state),
    });
  }

  async #end(reason?: unknown): Promise<void> {
    if (this.#state.state !== "closed")
      this.#report({ state: "closed", ...(reason ? { reason } : {}) });
    // The database is gone, and another one may have its name: this sequence is not valid there.
    if (reason instanceof NotFoundError) this.#checkpoint?.forget();
    this.#operation?.abort();
    await this.#checkpoint?.end();
  }

  #report(state: FeedState): void {
    // A saved checkpoint is reported with the same state again, but `caughtUp` only once.
    this.#state = state.caughtUp ? { state: "live" } : state;
    const checkpointError = this.#checkpointError;
    callHook(this.#options.onState, checkpointError ? { ...state, checkpointError } : state);
  }
}
