import type { Pull } from "../shared/batch.js";
import { NotFoundError } from "../shared/errors.js";
import type { Sequence } from "../shared/types.js";
import { toAsyncIterator } from "../streams/async-iterator.js";
import type { Operation } from "../streams/operation.js";
import { type CheckpointWriter, checkpointWriter } from "./checkpoint.js";
import { FeedLoop } from "./feed-loop.js";
import { checkFeedOptions, type FeedOptions, type FeedState } from "./feed-options.js";
import type { FeedSource } from "./feed-source.js";

/**
 * Events in their order, read as the consumer asks for them, and only once. `break`, `close()` and
 * `signal` close the connection.
 *
 * A live feed (`continuous`, `longpoll`) goes on after whatever may pass: a connection that is lost, or
 * silent for two and a half heartbeats, a server that is restarted, 408, 429 and 5xx. It asks again from
 * its last event, and waits exponentially longer from try to try, by chance and up to 30 s, or for as
 * long as the server asks: for ever, or as often on end as the session's `retry.limit` says. Each event comes at
 * least once, and in order; it comes again only after such a break.
 */
export class Feed<E> implements AsyncIterable<E> {
  readonly #source: FeedSource<E>;
  readonly #options: FeedOptions;
  readonly #checkpoint: CheckpointWriter | undefined;
  #isBegun = false;
  #isClosed = false;
  #operation: Operation | undefined;
  #pull: Pull<E[]> | undefined;
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
      checkpoint && checkpointWriter(checkpoint, (error) => this.#reportSave(error));
  }

  /**
   * The sequence of the last event that the consumer has finished with, by asking for the next: the
   * `since` that goes on from here. A clean end, and each long poll, moves it on past changes that a
   * filter held back.
   */
  get sequence(): Sequence | undefined {
    return this.#sequence;
  }

  /** One at a time, as they are asked for; only once. */
  [Symbol.asyncIterator](): AsyncIterableIterator<E> {
    return this.#items(
      (events) => events,
      (event) => this.#finished(event),
    );
  }

  /**
   * The events in arrays, one for each piece that the network brought: for those who write in bulk. By
   * asking for the next, the consumer has finished with all events of an array.
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
   * Ends the feed; whoever waits for its next event sees the end. Resolves when the checkpoint is saved,
   * or could not be.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#end();
  }

  /** The same as `close`, at the end of an `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #items<I>(toItems: (events: E[]) => I[], finished: (item: I) => void): AsyncIterableIterator<I> {
    if (this.#isBegun) throw new TypeError("a feed can be read only once");
    this.#isBegun = true;
    const pull = async () => {
      const events = await this.#next();
      return events && toItems(events);
    };
    const source = { aborted: () => this.#operation?.aborted ?? false, end: () => this.close() };
    return toAsyncIterator(pull, source, finished);
  }

  #finished(event: E): void {
    const sequence = this.#source.sequenceOf(event);
    // With `seq_interval` most are null; another server may leave them out.
    if (sequence !== null && sequence !== undefined) this.#moveTo(sequence);
  }

  #moveTo(sequence: Sequence): void {
    this.#sequence = sequence;
    this.#checkpoint?.note(sequence);
  }

  async #next(): Promise<E[] | undefined> {
    try {
      if (!this.#isClosed) {
        this.#pull ??= this.#begin();
        const events = await this.#pull();
        if (events) return events;
      }
    } catch (error) {
      const wasEnded = this.#operation?.aborted;
      const saved = this.#end(error);
      const isClosed = this.#isClosed && !this.#options.signal?.aborted;
      // Who has aborted it does not wait for the checkpoint.
      if (isClosed || !wasEnded) await saved;
      if (isClosed) return undefined;
      throw error;
    }
    await this.#end();
    return undefined;
  }

  #begin(): Pull<E[]> {
    const { feed = "normal", signal, since, limit, heartbeat } = this.#options;
    const operation = this.#source.client.begin(signal);
    this.#operation = operation;
    // Also while the consumer does something else.
    operation.onEnd(() => void this.#end(operation.reason));
    const loop = new FeedLoop(this.#source, {
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
    return () => loop.next();
  }

  #end(reason?: unknown): Promise<void> {
    if (this.#state.state !== "closed")
      this.#report({ state: "closed", ...(reason ? { reason } : {}) });
    // Of a database that is gone: another one may have its name by now.
    if (reason instanceof NotFoundError) this.#checkpoint?.forget();
    this.#operation?.abort();
    this.#operation?.end();
    return this.#checkpoint?.end() ?? Promise.resolve();
  }

  #reportSave(error: unknown): void {
    if (error === this.#checkpointError) return;
    this.#checkpointError = error;
    this.#report(this.#state);
  }

  #report(state: FeedState): void {
    this.#state = state;
    const checkpointError = this.#checkpointError;
    try {
      this.#options.onState?.(checkpointError ? { ...state, checkpointError } : state);
    } catch (error) {
      // As an event's listener's would be: no concern of the feed, but not lost.
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
