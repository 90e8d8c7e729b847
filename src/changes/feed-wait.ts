/** A target of events, or what a runtime without events has in its place. */
interface Target {
  addEventListener?(type: string, listener: () => void, options: { signal: AbortSignal }): void;
}

/**
 * Call a function when a browser may be connected again: at its `online` event, and when its page becomes
 * visible. Returns a function that cancels this.
 */
export function whenBack(call: () => void): () => void {
  const scope = globalThis as Target & { document?: Target & { visibilityState?: string } };
  const { document } = scope;
  const controller = new AbortController();
  const { signal } = controller;
  const whenVisible = () => {
    if (document?.visibilityState === "visible") call();
  };
  scope.addEventListener?.("online", call, { signal });
  document?.addEventListener?.("visibilitychange", whenVisible, { signal });
  return () => controller.abort();
}
