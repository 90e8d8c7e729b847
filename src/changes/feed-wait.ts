import type { Operation } from "../streams/operation.js";

type Listener = (event: { type: string }) => void;
type Method = "addEventListener" | "removeEventListener";

/** A target of events, or what a runtime without events has in its place. */
type Target = Partial<Record<Method, (type: string, listener: Listener) => void>>;

/**
 * Wait before the next attempt. The browser's `online` event and a page that becomes visible cut the wait
 * short.
 *
 * @param onBegin - receives a function that also does so
 * @returns whether the wait was cut short
 */
export async function waitForRetry(
  operation: Operation,
  delay: number,
  onBegin: (wake: () => void) => void,
): Promise<boolean> {
  const scope = globalThis as Target & { document?: Target & { visibilityState?: string } };
  const { document } = scope;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wake = () => {};
  const wait = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, delay, false);
    wake = () => resolve(true);
  });
  const onEvent: Listener = ({ type }) => {
    if (type === "online" || document?.visibilityState === "visible") wake();
  };
  const forEvents = (method: Method) => {
    scope[method]?.("online", onEvent);
    document?.[method]?.("visibilitychange", onEvent);
  };
  forEvents("addEventListener");
  onBegin(wake);
  return operation.race(wait).finally(() => {
    clearTimeout(timer);
    forEvents("removeEventListener");
  });
}
