import { checkNames, checkType } from "../shared/arguments.js";
import type { CouchDBError } from "../shared/errors.js";

/** A request that is sent: each attempt is one. */
export interface RequestEvent {
  method: string;
  /** Without credentials. */
  url: string;
  /** From 1. */
  attempt: number;
}

/** The outcome of a request: the same object as the RequestEvent, with more members. */
export interface ResponseEvent extends RequestEvent {
  /** The HTTP status; undefined if there was no response, or it was lost. */
  status: number | undefined;
  /** The time since the request: to the headers if the body is streamed, else to the end of the body. */
  milliseconds: number;
  /** The message of the error, or `"aborted"`; undefined if the request succeeded. */
  reason: string | undefined;
}

/** A request, scan, import or live feed that waits for its next attempt. */
export interface RetryEvent {
  method: string;
  /** Without credentials. */
  url: string;
  /** The number of attempts in a row that have failed. */
  attempt: number;
  /** The wait before the next attempt; 0 with renewed credentials. */
  milliseconds: number;
  /** The message of the last attempt's error. */
  reason: string;
}

// biome-ignore lint/suspicious/noConfusingVoidType: a hook that returns nothing is the usual one
type Returned = Record<string, string> | void;

/**
 * Functions that observe the requests of a session, for logging and tracing. They are synchronous, and get
 * neither credentials nor bodies. An error that one throws is reported as uncaught; the request continues.
 *
 * ```ts
 * const hooks: Hooks = { response: ({ method, url, status }) => console.log(method, url, status) };
 * ```
 */
export interface Hooks {
  /**
   * Called before each request. It may return headers to add, such as `traceparent`. They override `headers` of
   * the session, but not those of the call, of couchfetch or of `auth`.
   */
  request?: ((event: RequestEvent) => Returned) | undefined;
  /** Called once for each request: when its response has arrived, or it has failed or was aborted. */
  response?: ((event: ResponseEvent) => void) | undefined;
  /** Called before the wait for the next attempt. */
  retry?: ((event: RetryEvent) => void) | undefined;
}

/** @throws TypeError if a hook is unknown, or not a function */
export function checkHooks(hooks: Hooks): void {
  checkNames("hooks", hooks, "request response retry");
  for (const [name, hook] of Object.entries(hooks))
    if (hook !== undefined) checkType(`hooks.${name}`, "function", hook);
}

/** Call a hook or listener. Its error must not change the request or feed, but must not be lost. */
export function callHook<E extends object>(
  hook: ((event: E) => Returned) | undefined,
  event: E,
): Record<string, string> | undefined {
  try {
    return hook?.(event) as Record<string, string> | undefined;
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
    return undefined;
  }
}

/** Send a request between the hooks `request` and `response`. */
export async function observed<
  R extends { response: Response | undefined; error?: CouchDBError | undefined },
>(
  { request, response }: Hooks,
  event: RequestEvent,
  send: (headers: Record<string, string> | undefined) => Promise<R>,
): Promise<R> {
  const begin = Date.now();
  let result: R | undefined;
  try {
    result = await send(callHook(request, event));
    return result;
  } finally {
    const status = result?.response?.status;
    const reason = result ? result.error?.message : "aborted";
    callHook(response, Object.assign(event, { status, reason, milliseconds: Date.now() - begin }));
  }
}
