import type { Pull } from "../shared/batch.js";

/** The source of an iterator's items. */
export interface ItemSource {
  /** Whether to stop, even if items are still in memory. */
  aborted(): boolean;
  /** Called when the consumer stops reading. */
  end(): void | Promise<void>;
}

const end = { done: true, value: undefined } as const;

/**
 * Iterate over items that arrive in arrays. An async generator would cost three microtasks for each item,
 * although most are in memory already, and its `return` waits for a pending `next`.
 *
 * @param finished - called with an item when the consumer has finished with it and asks for the next one
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
    // Otherwise JavaScriptCore would keep the item alive as long as the batch.
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

/** Run calls one after the other, even if the caller does not wait for each. */
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
