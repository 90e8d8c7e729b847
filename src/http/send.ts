import ky from "ky";
import type { Auth, AuthResponse, AuthServer } from "../auth/auth.js";
import { CouchDBError, type NetworkError } from "../shared/errors.js";
import { credentials, hidesCookies, resends, unrepeatable } from "../shared/runtime.js";
import type { Operation } from "../streams/operation.js";
import { bytesOf, isSmall, readAhead, readInPlace, textOf } from "./body.js";
import { errorFromResponse, isCut, networkError, silenceError } from "./failure.js";
import { toHeaders } from "./headers.js";
import { type Hooks, observed } from "./hooks.js";
import { kyOptions } from "./ky-options.js";
import {
  effectOf,
  type Fetch,
  type HttpRequest,
  type JsonRequest,
  type OpenResponse,
} from "./request.js";
import { mayPass, waitBefore } from "./retry.js";
import { watchdog } from "./watchdog.js";

// A body that is read whole may take as many timeouts, as long as it keeps arriving.
const mostTimeouts = 10;

/** Settings that the requests of a session share. */
export interface Session {
  readonly auth: Auth | undefined;
  /** The server, as the Auth sees it. */
  readonly authServer: AuthServer;
  readonly fetch?: Fetch | undefined;
  readonly hooks?: Hooks | undefined;
  /** With lower-case names. */
  readonly headers: Record<string, string>;
  /** Milliseconds that a server may be silent that only reads or writes. */
  readonly timeout: number;
  /** Milliseconds that a server may be silent that may have to compute its response. */
  readonly silenceTimeout: number;
  /** How often a request is retried that is safe to send twice. */
  readonly retries: number;
  /** How often in a row a live feed reconnects without progress. */
  readonly feedRetries: number;
  /** The URLs of responses that ended early: browsers may have stored them as complete. */
  readonly cutUrls: Set<string>;
}

/** How to read a body as it arrives. */
export interface Streaming {
  /** Whether the chunks are parsed at once, so that their memory can be used again. */
  inPlace: boolean;
  /** The error for a body that is lost. */
  toError(error: NetworkError, status: number): CouchDBError;
}

/** Converts a successful response that was read to its end. Its errors are those of the request. */
type ReadWhole<R> = (response: Response, text: string) => R;

type SentRequest = HttpRequest & Pick<JsonRequest, "expects"> & { url: string };

type Credentials = Record<string, string>;

/**
 * Send a request, and retry it if that is safe and may help. ky supports retries, timeouts and signals, too,
 * but each costs a request more time than the rest of couchfetch.
 *
 * @param reading - a function if the body is read to its end; then a request whose body is lost is retried
 */
export async function send<R>(
  session: Session,
  request: SentRequest,
  operation: Operation,
  reading: ReadWhole<R> | Streaming,
): Promise<R> {
  const effect = effectOf(request);
  const isStream = request.body instanceof ReadableStream;
  const { hooks = {} } = session;
  const { method, url } = request;
  let retries = isStream ? 0 : (request.retries ?? session.retries);
  // A request that was refused again stays refused, and a stream cannot be sent again.
  let isRenewed = isStream;
  for (let attempt = 1; ; attempt += 1) {
    const sent = await credentialsFor(session, request, operation);
    const result = await observed<Result<R>>(hooks, { method, url, attempt }, (added) =>
      exchange(session, request, sent, operation, reading, added),
    );
    const { error } = result;
    const isStale = await notifyAuth(session, request, result, sent, operation).catch((reason) => {
      operation.throwReason();
      // A write that succeeded stays so, whatever the Auth throws.
      if (effect !== "read" && !error) return;
      if (!error) result.close();
      throw reason;
    });
    if (!error) return result.value;
    const renews = isStale && !isRenewed;
    if (renews) {
      isRenewed = true;
      retries += 1;
    } else if (attempt > retries || !mayPass(error, effect !== "write")) throw error;
    await operation.sleep(waitBefore(attempt, error, hooks, renews ? 0 : undefined));
  }
}

type Result<R> =
  | { response: Response; value: R; close(): void; error?: undefined }
  | { response: Response | undefined; error: CouchDBError };

/** Send a request once. Rejects only if the operation is aborted. */
async function exchange<R>(
  session: Session,
  request: SentRequest,
  sent: Credentials | undefined,
  operation: Operation,
  reading: ReadWhole<R> | Streaming,
  added: Record<string, string> | undefined,
): Promise<Result<R>> {
  const { method, url, uploadTime = 0 } = request;
  const silenceTimeout = operation.timeout ?? request.silenceTimeout ?? session.timeout;
  const timeout = silenceTimeout + uploadTime;
  const details = { method, url, mayHaveHappened: effectOf(request) !== "read" };
  const controller = new AbortController();
  const init = toInit(session, request, sent, added, controller.signal);
  const connection = operation.part();
  const watch = watchdog(timeout, () => connection.abort(silenceError(details, timeout)));
  watch.listen();
  connection.onEnd(() => {
    watch.end();
    controller.abort();
  });
  const close = () => connection.abort(null);
  const arriving = fetchByKy(session, url, init);
  let whole: Response | undefined;
  let text = "";
  try {
    const response = await connection.race(arriving);
    const { status } = response;
    // A streamed request may ask for it, with a condition.
    const streaming =
      typeof reading === "object" && (response.ok || status === 304) ? reading : undefined;
    if (!streaming && isSmall(response)) {
      watch.listen();
      text = await connection.race(response.text());
      watch.end();
      connection.end();
    } else {
      watch.end();
      const { body } = response;
      const reader = body && (streaming?.inPlace ? readInPlace(body) : readAhead(body));
      const bytes = bytesOf(reader, operation, connection, silenceTimeout, details, (error) =>
        streaming ? streaming.toError(error, status) : error,
      );
      const opened: OpenResponse = { response, bytes, close };
      if (streaming) return { response, value: opened as R, close };
      text = await textOf(bytes, mostTimeouts * silenceTimeout, details);
    }
    whole = response;
    return { response, value: toValue(request, response, text, reading), close };
  } catch (cause) {
    // A custom fetch may ignore the signal, and respond later.
    arriving.then(({ body }) => body?.cancel()).catch(() => {});
    close();
    operation.throwReason();
    if (cause instanceof CouchDBError && !(whole && isCut(whole, text)))
      return { response: whole, error: cause };
    noteCut(session, url);
    return { response: undefined, error: networkError(details, cause) };
  }
}

/** Convert a response that was read to its end. */
function toValue<R>(
  request: SentRequest,
  response: Response,
  text: string,
  reading: ReadWhole<R> | Streaming,
): R {
  // If a node is away, CouchDB sends the rows of a bulk write with status 500.
  const isList = response.status === 500 && request.expects === "length" && text.startsWith("[");
  if ((response.ok || isList) && typeof reading === "function") return reading(response, text);
  throw errorFromResponse(request, response, text);
}

function fetchByKy({ fetch: own }: Session, url: string, init: RequestInit): Promise<Response> {
  const fetch = async () => (own ? own(new Request(url, init)) : globalThis.fetch(url, init));
  return ky(url, { ...kyOptions, fetch });
}

const mostCutUrls = 100;

/** Note that a response has ended early, so that the next request of its URL is not read from a cache. */
export function noteCut({ cutUrls }: Session, url: string): void {
  if (cutUrls.size === mostCutUrls) cutUrls.clear();
  if (hidesCookies) cutUrls.add(url);
}

/** Wait for the Auth, at most as long as for a server that only reads. */
async function waitForAuth<R>(
  session: Session,
  { method, url }: { method: string; url: string },
  mayHaveHappened: boolean,
  operation: Operation,
  work: () => R | Promise<R>,
): Promise<R> {
  const { timeout = session.timeout } = operation;
  const attempt = { method, url, mayHaveHappened };
  const part = operation.part();
  const watch = watchdog(timeout, () => part.abort(silenceError(attempt, timeout, "credentials")));
  watch.listen();
  try {
    return await part.race(work());
  } finally {
    watch.end();
    part.end();
  }
}

/** The headers that authenticate a request. */
export async function credentialsFor(
  session: Session,
  request: { method: string; url: string },
  operation: Operation,
) {
  const { auth, authServer } = session;
  return auth && waitForAuth(session, request, false, operation, () => auth.headers(authServer));
}

/** Report a response to the Auth. Returns true if the request may succeed with new credentials. */
async function notifyAuth(
  session: Session,
  request: HttpRequest & { url: string },
  { response, error }: Pick<Result<unknown>, "response" | "error">,
  sent: Credentials = {},
  operation: Operation,
): Promise<boolean> {
  const { auth, authServer } = session;
  if (!auth?.onResponse || !response) return false;
  const { status, headers } = response;
  const seen: AuthResponse = { status, headers, sent, reason: error?.reason };
  const mayHaveHappened = effectOf(request) !== "read" && status >= 500;
  const report = () => auth.onResponse?.(seen, authServer) ?? false;
  return waitForAuth(session, request, mayHaveHappened, operation, report);
}

/** These options go to fetch directly: ky would copy them into a Request, which costs each request time. */
function toInit(
  { headers, cutUrls }: Session,
  request: SentRequest,
  sent: Credentials | undefined,
  added: Record<string, string> | undefined,
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
      ...toHeaders(added),
      accept: "application/json",
      ...(body !== undefined && { "content-type": "application/json" }),
      ...signed,
    },
    body,
    ...(hidesCookies && cookie !== undefined ? { credentials: "include" } : credentials),
    redirect: "manual",
    ...(cutUrls.delete(request.url) && { cache: "reload" }),
    ...(typeof body === "object" && { ...unrepeatable, duplex: "half" }),
    signal,
  } as RequestInit;
}

/** Convert a body to a stream. Bun recognizes a Blob behind the Blob's own stream. */
function toStream(body: HttpRequest["body"]) {
  if (body === undefined || body instanceof ReadableStream) return body;
  return new Blob([body]).stream().pipeThrough(new TransformStream());
}
