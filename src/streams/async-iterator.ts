import type { Pull } from "../shared/batch.js";

/** What can be known of where items come from, and done about it. */
export interface ItemSource {
  /** Whether nothing more is to be given, although some may be at hand. */
  ended(): boolean;
  /** Ends it, for the consumer has had enough. */
  end(): void | Promise<void>;
}

/**
 * What comes in arrays, one item at a time. Written by hand because an async generator costs three turns
 * of the microtask queue an item, where most items are at hand already; and because its `return`
 * waits for a `next` that is under way.
 *
 * @param finished - called with an item when the consumer, by asking for the next, is done with it
 */
export function toAsyncIterator<R>(
  pull: Pull<R[]>,
  origin: ItemSource,
  finished: (item: R) => void = () => {},
): AsyncIterableIterator<R> {
  let batch: (R | undefined)[] = [];
  let at = 0;
  let last: R | undefined;
  let over = false;
  let asked = 0;
  let underWay: Promise<unknown>;

  const take = (): IteratorResult<R> => {
    last = batch[at] as R;
    // What the consumer is done with need not outlive the batch: keeping it costs JavaScriptCore time.
    batch[at] = undefined;
    at += 1;
    return { done: false, value: last };
  };

  const step = async (): Promise<IteratorResult<R>> => {
    if (at > 0) finished(last as R);
    // It need not outlive the reading of the next.
    last = undefined;
    try {
      // Why it has ended, the source itself will tell.
      while (!over && (at >= batch.length || origin.ended())) {
        batch = [];
        at = 0;
        const more = await pull();
        if (more) batch = more;
        else over = true;
      }
      if (!over) return take();
    } catch (error) {
      if (!over) {
        over = true;
        throw error;
      }
    } finally {
      asked -= 1;
    }
    return { done: true, value: undefined };
  };

  return {
    next() {
      if (asked === 0 && at > 0 && at < batch.length && !origin.ended()) {
        finished(last as R);
        return Promise.resolve(take());
      }
      asked += 1;
      // Calls that do not wait for each other are answered in their order.
      const result = asked === 1 ? step() : underWay.then(step, step);
      underWay = result;
      return result;
    },
    async return() {
      over = true;
      batch = [];
      at = 0;
      await origin.end();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
