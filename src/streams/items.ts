/** What can be known of where batches come from, and done about it. */
export interface Origin {
  /** Whether nothing more is to be given, although some may be at hand. */
  ended(): boolean;
  /** Ends it, for the consumer has had enough. */
  end(): void;
}

/**
 * Batches, one item at a time. Written by hand because an async generator costs three turns of the
 * microtask queue an item, where most items are at hand already; and because its `return` waits
 * for a `next` that is under way.
 *
 * @param finished - called with an item when the consumer, by asking for the next, is done with it
 */
export function items<R>(
  batches: AsyncGenerator<R[], unknown, void>,
  origin: Origin,
  finished: (item: R) => void = () => {},
): AsyncIterableIterator<R> {
  let batch: R[] = [];
  let at = 0;
  let returned = false;
  let underWay: Promise<unknown> | undefined;

  const take = (): IteratorResult<R> => {
    const value = batch[at] as R;
    at += 1;
    return { done: false, value };
  };

  const pull = async (): Promise<IteratorResult<R>> => {
    if (at > 0) finished(batch[at - 1] as R);
    try {
      // Why it has ended, the batches themselves will tell.
      while (at >= batch.length || origin.ended()) {
        batch = [];
        at = 0;
        const step = await batches.next();
        if (step.done || returned) return { done: true, value: undefined };
        batch = step.value;
      }
      return take();
    } catch (error) {
      if (returned) return { done: true, value: undefined };
      throw error;
    }
  };

  return {
    next() {
      if (underWay === undefined && at > 0 && at < batch.length && !origin.ended()) {
        finished(batch[at - 1] as R);
        return Promise.resolve(take());
      }
      // Calls that do not wait for each other are answered in their order.
      const result = underWay === undefined ? pull() : underWay.then(pull, pull);
      underWay = result;
      const settle = () => {
        if (underWay === result) underWay = undefined;
      };
      result.then(settle, settle);
      return result;
    },
    async return() {
      returned = true;
      batch = [];
      at = 0;
      origin.end();
      await batches.return(undefined);
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
