/**
 * Batches, one item at a time. Written by hand because an async generator costs three turns of the
 * microtask queue an item, where most items are at hand already.
 *
 * @param finished - called with an item when the consumer, by asking for the next, is done with it
 */
export function items<R>(
  batches: AsyncGenerator<R[], unknown, void>,
  finished: (item: R) => void = () => {},
): AsyncIterableIterator<R> {
  let batch: R[] = [];
  let at = 0;
  let underWay: Promise<unknown> | undefined;

  const take = (): IteratorResult<R> => {
    const value = batch[at] as R;
    at += 1;
    return { done: false, value };
  };

  const pull = async (): Promise<IteratorResult<R>> => {
    if (at > 0 && at <= batch.length) finished(batch[at - 1] as R);
    while (at >= batch.length) {
      const step = await batches.next();
      if (step.done) {
        batch = [];
        return { done: true, value: undefined };
      }
      batch = step.value;
      at = 0;
    }
    return take();
  };

  return {
    next() {
      if (underWay === undefined && at > 0 && at < batch.length) {
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
      batch = [];
      await batches.return(undefined);
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
