import ky from "ky";
import type { Auth, AuthResponse, AuthServer } from "../auth/auth.js";
import { type CouchDBError, TimeoutError } from "../shared/errors.js";
import { credentials, hidesCookies, resends, unrepeatable } from "../shared/runtime.js";
import type { Operation } from "../streams/operation.js";
import { errorFromResponse, networkError } from "./failure.js";
import { toHeaders } from "./headers.js";
import { effectOf, type Fetch, type HttpRequest } from "./request.js";
import { mayPass, waitBefore } from "./retry.js";

/** Settings that the requests of a session share. */
export interface Session {
  readonly auth: Auth | undefined;
  /** The server, as the Auth sees it. */
  readonly server: AuthServer;
  readonly fetch: Fetch | undefined;
  /** With lower-case names. */
  readonly headers: Record<string, string>;
  /** Milliseconds to the headers, and to the end of a body that is read whole. */
  readonly timeout: number;
  /** How often a request is retried that is safe to send twice. */
  readonly retries: number;
  /** How often in a row a live feed reconnects without progress. */
  readonly feedRetries: number;
}

/** A response whose headers have arrived. */
export interface Exchange {
  response: Response;
  /** The body, if it was read whole. */
  text: string;
  /** Aborts when the connection is closed, or the operation ends. */
  signal: AbortSignal;
  /** Close the connection. */
  close(): void;
}

type Credentials = Record<string, string>;

/**
 * Send a request, and retry it if that is safe and may help. ky supports retries and signals, too, but each
 * costs a request more time than the rest of couchfetch.
 *
 * @param isWhole - whether to read the body; then a request whose body is lost is retried
 */
export async function send(
  session: Session,
  request: HttpRequest & { url: string },
  operation: Operation,
  isWhole: boolean,
): Promise<Exchange> {
  const connection = new AbortController();
  const { signal } = connection;
  const release = operation.onEnd(() => connection.abort());
  const close = () => {
    release();
    connection.abort();
  };
  const effect = effectOf(request);
  const isRead = effect === "read";
  const isStream = request.body instanceof ReadableStream;
  const retries = isStream ? 0 : (request.retries ?? session.retries);
  let isRenewed = false;
  try {
    for (let attempt = 1; ; ) {
      const sent = await credentialsFor(session, operation);
      const result = await exchange(session, request, sent, { operation, signal, isWhole });
      const { response, text, error } = result;
      const isStale = await notifyAuth(session, result, sent, operation).catch((reason) => {
        operation.throwIfAborted();
        // A write that succeeded stays so, whatever the Auth throws.
        if (isRead || error) throw reason;
      });
      if (!error) {
        if (isWhole) release();
        return { response, text, signal, close };
      }
      // Only once: a request that is refused again stays refused.
      if (isStale && !isRenewed && !isStream) {
        isRenewed = true;
        continue;
      }
      if (attempt > retries || !mayPass(error, effect !== "write")) throw error;
      await operation.sleep(waitBefore(attempt, error));
      attempt += 1;
    }
  } catch (error) {
    close();
    throw error;
  }
}

type Result =
  | { response: Response; text: string; error?: undefined }
  | { response: Response | undefined; text: string; error: CouchDBError };

/** Send a request once. Rejects only if the operation is aborted. */
async function exchange(
  session: Session,
  request: HttpRequest & { url: string },
  sent: Credentials | undefined,
  how: { operation: Operation; signal: AbortSignal; isWhole: boolean },
): Promise<Result> {
  const { method, url, timeout = session.timeout } = request;
  const target = { method, url };
  const { operation } = how;
  const init = toInit(session, request, sent, how.signal);
  let text = "";
  let lost: { cause: unknown } | undefined;
  let isOver = false;
  // Reading the body here makes ky's timeout cover it.
  const fetch = async () => {
    try {
      const response = await (session.fetch
        ? session.fetch(new Request(url, init))
        : globalThis.fetch(url, init));
      if (!isOver && (how.isWhole || !response.ok)) text = await response.text();
      return response;
    } catch (cause) {
      lost = { cause };
      throw cause;
    }
  };
  const arriving = ky(url, { timeout, retry: 0, throwHttpErrors: false, fetch });
  try {
    const response = await operation.race(arriving);
    if (response.ok) return { response, text };
    return { response, text, error: errorFromResponse(target, response, text) };
  } catch {
    isOver = true;
    // A custom fetch may ignore the signal, and respond later.
    arriving.then(({ body }) => body?.cancel()).catch(() => {});
    operation.throwIfAborted();
    const details = { ...target, mayHaveHappened: effectOf(request) !== "read" };
    const error = lost
      ? networkError(details, lost.cause)
      : new TimeoutError({ ...details, reason: `no response within ${timeout} ms` });
    return { response: undefined, text, error };
  }
}

/** The headers that authenticate a request. */
async function credentialsFor({ auth, server }: Session, operation: Operation) {
  return auth && operation.race(Promise.resolve(auth.headers(server)));
}

/** Report a response to the Auth. Returns true if the request may succeed with new credentials. */
async function notifyAuth(
  { auth, server }: Session,
  { response, error }: Result,
  sent: Credentials = {},
  operation: Operation,
): Promise<boolean> {
  if (!auth?.onResponse || !response) return false;
  const { status, headers } = response;
  const seen: AuthResponse = { status, headers, sent, reason: error?.reason };
  return operation.race(Promise.resolve(auth.onResponse(seen, server)));
}

/** These options go to fetch directly: ky would copy them into a Request, which costs each request time. */
function toInit(
  { headers }: Session,
  request: HttpRequest,
  sent: Credentials | undefined,
  signal: AbortSignal,
): RequestInit {
  const { method } = request;
  // A runtime that resends requests cannot resend a stream.
  const isOnce = effectOf(request) === "write" && resends;
  const body = isOnce ? toStream(request.body) : request.body;
  const { cookie, ...signed } = { ...toHeaders(request.headers), ...toHeaders(sent) };
  // An empty cookie is not sent, but makes a browser send its own.
  if (cookie) signed.cookie = cookie;
  return {
    method,
    headers: {
      ...headers,
      accept: "application/json",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...signed,
    },
    body,
    ...(hidesCookies && cookie !== undefined ? { credentials: "include" } : credentials),
    redirect: "manual",
    ...(typeof body === "object" ? { ...unrepeatable, duplex: "half" } : {}),
    signal,
  } as RequestInit;
}

/** Convert a body to a stream. Bun recognizes a Blob behind the Blob's own stream. */
function toStream(body: HttpRequest["body"]) {
  if (body === undefined || body instanceof ReadableStream) return body;
  return new Blob([body]).stream().pipeThrough(new TransformStream());
}
