import type { Pull } from "../shared/batch.js";

/** Where the items of an iterator come from. */
export interface ItemSource {
  /** Whether no more items are to be given, although some may be in memory. */
  aborted(): boolean;
  /** End the source: the consumer stops reading. */
  end(): void | Promise<void>;
}

const end = { done: true, value: undefined } as const;

/**
 * Items that come in arrays, one at a time. An async generator would cost three turns of the microtask queue for
 * each item, where most are in memory already; and its `return` waits for a pending `next`.
 *
 * @param finished - called with an item when the consumer, by asking for the next, has finished with it
 */
export function toAsyncIterator<R>(
  pull: Pull<R[]>,
  source: ItemSource,
  finished: (item: R) => void = () => {},
): AsyncIterableIterator<R> {
  let batch: (R | undefined)[] = [];
  let at = 0;
  let last: R | undefined;
  let isOver = false;

  const take = (): IteratorResult<R> => {
    last = batch[at] as R;
    // An item need not outlive the batch when the consumer has finished with it: JavaScriptCore would keep it.
    batch[at] = undefined;
    at += 1;
    return { done: false, value: last };
  };
  const step = async (): Promise<IteratorResult<R>> => {
    if (at > 0) finished(last as R);
    last = undefined;
    try {
      // The source reports why it was aborted.
      while (!isOver && (at >= batch.length || source.aborted())) {
        batch = [];
        at = 0;
        const more = await pull();
        if (more) batch = more;
        else isOver = true;
      }
    } catch (error) {
      if (!isOver) {
        isOver = true;
        throw error;
      }
    }
    return isOver ? end : take();
  };
  const steps = inOrder(step);

  return {
    next() {
      if (steps.pending > 0 || at === 0 || at >= batch.length || source.aborted()) {
        return steps.run();
      }
      finished(last as R);
      return Promise.resolve(take());
    },
    async return() {
      isOver = true;
      batch = [];
      at = 0;
      await source.end();
      return end;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** Work that is done in the order of its calls, which need not wait for each other. */
function inOrder<R>(work: () => Promise<R>) {
  let last: Promise<unknown>;
  const steps = {
    pending: 0,
    run(): Promise<R> {
      steps.pending += 1;
      const result = steps.pending === 1 ? work() : last.then(work, work);
      last = result.finally(() => {
        steps.pending -= 1;
      });
      return last as Promise<R>;
    },
  };
  return steps;
}
