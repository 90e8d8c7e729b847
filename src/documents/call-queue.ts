import type { HttpRequest } from "../http/request.js";
import type { OperationOptions } from "../shared/types.js";
import type { DocumentState } from "./document-state.js";

/** Any state: the queue does not need the type of its data. */
type AnyState = Pick<DocumentState, keyof DocumentState>;

/**
 * Run a call on documents after the earlier calls on them, whose responses may arrive in any order. A call
 * that is aborted while it waits leaves the queue.
 *
 * @throws TypeError within a callback of one of the documents, which would wait for itself
 */
export async function enqueue<R>(
  states: readonly AnyState[],
  limits: OperationOptions,
  work: () => Promise<R>,
): Promise<R> {
  if (states.some(({ isInCallback }) => isInCallback))
    throw new TypeError("the document's callback is running");
  const earlier = states.flatMap(({ last }) => last ?? []);
  const call =
    states[0] && earlier.length > 0
      ? states[0].context.client.during(limits, () => Promise.all(earlier)).then(work)
      : work();
  // It never rejects. A call that leaves the queue does not let later ones overtake earlier ones.
  const last = Promise.allSettled([...earlier, call]).then(() => {
    for (const state of states) if (state.last === last) state.last = state.moves = undefined;
  });
  for (const state of states) state.last = last;
  return call;
}

/**
 * Run a call that replaces the data of a document.
 *
 * @param work - gets a function that returns whether the data was changed since the call
 * @throws ConflictError if there are changes that the earlier calls do not save, unless `discardChanges`
 */
export async function enqueueReplacing<R>(
  state: AnyState,
  method: HttpRequest["method"],
  options: OperationOptions & { discardChanges?: boolean | undefined },
  work: (isChanged: () => boolean) => Promise<R>,
): Promise<R> {
  const { discardChanges = false } = options;
  const { data } = state;
  let snapshot: (() => object) | undefined;
  try {
    snapshot = state.snapshot();
  } catch {
    // Changes that are not JSON can be discarded, too.
  }
  return enqueue([state], options, async () => {
    // If an earlier call has replaced the data, there are no changes left.
    if (!discardChanges && state.data === data && !(snapshot && state.isLike(snapshot())))
      throw state.unsavedChanges(method);
    return work(() => Boolean(snapshot && !state.isLike(undefined, snapshot()) && !state.isLike()));
  });
}
