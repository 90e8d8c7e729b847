type Listener = (event: { type: string }) => void;
type Method = "addEventListener" | "removeEventListener";

/** A target of events, or what a runtime without events has in its place. */
type Target = Partial<Record<Method, (type: string, listener: Listener) => void>>;

/**
 * Call a function when a browser may be connected again: at its `online` event, and when its page becomes
 * visible. Returns a function that cancels this.
 */
export function whenBack(call: () => void): () => void {
  const scope = globalThis as Target & { document?: Target & { visibilityState?: string } };
  const { document } = scope;
  const onEvent: Listener = ({ type }) => {
    if (type === "online" || document?.visibilityState === "visible") call();
  };
  const forEvents = (method: Method) => {
    scope[method]?.("online", onEvent);
    document?.[method]?.("visibilitychange", onEvent);
  };
  forEvents("addEventListener");
  return () => forEvents("removeEventListener");
}
