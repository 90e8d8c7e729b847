import type { Pull } from "../shared/batch.js";
import { otherTasks } from "../shared/long-task.js";

/** The source of an iterator's items. */
export interface ItemSource {
  /** Whether to stop, even if items are still in memory: pulling then throws the reason. */
  wasAborted(): boolean | undefined;
  /** Called when the consumer stops reading. */
  end(): void | Promise<void>;
}

// Asking the clock for each row would be noticeable.
const rowsPerCheck = 4;

/** What an iterator returns after its last item. */
export const end = { done: true, value: undefined } as const;

/**
 * Iterate over items that arrive in arrays. An async generator would cost three microtasks for each item,
 * although most are in memory already, and its `return` waits for a pending `next`.
 *
 * @param finished - called with an item when the consumer has finished with it and asks for the next one
 */
export function toAsyncIterator<R>(
  pull: Pull<R[]>,
  source: ItemSource,
  finished?: (item: R) => void,
): AsyncIterableIterator<R> {
  /** The items to come, the next one at the end: once removed, they are not kept alive. */
  let batch: R[] = [];
  let last: R | undefined;
  let isOver = false;
  let unsettledCalls = 0;
  let latest: Promise<IteratorResult<R>>;

  const take = (): IteratorResult<R> => {
    last = batch.pop() as R;
    return { done: false, value: last };
  };
  const step = async (): Promise<IteratorResult<R>> => {
    if (last !== undefined) finished?.(last);
    last = undefined;
    try {
      if (batch.length > 0) await otherTasks();
      while (!isOver && (batch.length === 0 || source.wasAborted())) {
        batch = [];
        const more = await pull();
        isOver ||= !more;
        if (more && !isOver) batch = more.reverse();
      }
      return isOver ? end : take();
    } catch (error) {
      if (isOver) return end;
      isOver = true;
      throw error;
    } finally {
      unsettledCalls -= 1;
    }
  };

  return {
    next() {
      const isReady = unsettledCalls === 0 && batch.length > 0 && !source.wasAborted();
      if (isReady && (batch.length % rowsPerCheck > 0 || !otherTasks())) {
        finished?.(last as R);
        return Promise.resolve(take());
      }
      unsettledCalls += 1;
      latest = unsettledCalls > 1 ? latest.then(step, step) : step();
      return latest;
    },
    async return() {
      isOver = true;
      batch = [];
      last = undefined;
      await source.end();
      return end;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
